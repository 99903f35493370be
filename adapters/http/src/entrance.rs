//! Every request's way through the hub: method, caller, endpoint, and the headers that all answers have.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::error_answer::error_answer;
use crate::exchange::Exchange;
use crate::observer::AnsweredRequest;
use crate::rate_headers::Limited;
use crate::refusal::Refusal;
use crate::request_id::RequestId;
use crate::routes::{Anyone, Call, Endpoint, Public, Route, User};
use crate::service::Service;
use crate::surface::Surface;
use crate::{authentication, calls, catalogue, discovery, models, probes, response_headers, status, user};

/// A longer path is no path of ours.
const MAX_PATH: usize = 8 * 1024;

/// Answers a request to a path whose routes are `methods`; a path without any is unknown.
pub(crate) async fn enter(
    service: Arc<Service>,
    methods: &'static [Route],
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let route = methods.first().map_or("unknown", |route| route.path);
    let request_id = RequestId::of(request.headers());
    // A path that is none of ours has a family too.
    let path = if methods.is_empty() { request.uri().path() } else { route };
    let surface = Surface::of(path, request.headers());
    let exchange = Exchange { service, request, request_id, route, surface };
    let mut watch = Watch::start(&exchange);
    let mut response = match answer(&exchange, methods, payload).await {
        Ok(response) => response,
        Err(refusal) => error_answer(refusal, &exchange),
    };
    response_headers::stamp(&mut response, &exchange);
    watch.status = response.status().as_u16();
    response
}

async fn answer(
    exchange: &Exchange,
    methods: &'static [Route],
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let uri = exchange.request.uri();
    let path = uri.path();
    // The router decodes `%61` before it compares; a path of ours is only ever written in one way.
    if methods.is_empty() || path.len() > MAX_PATH || (path.contains('%') && !exchange.route.contains('{')) {
        return Err(Refusal::UnknownPath);
    }
    let method = exchange.request.method();
    if *method == Method::OPTIONS {
        return Ok(response_headers::preflight(methods));
    }
    let Some(route) = methods.iter().find(|route| route.method == *method) else {
        return Err(Refusal::MethodNotAllowed { allow: response_headers::allow(methods) });
    };
    let verifier = &*exchange.service.state.verifier;
    match route.endpoint {
        Endpoint::Public(endpoint) => match endpoint {
            Public::Alive => Ok(probes::alive()),
            Public::Ready => Ok(probes::ready(exchange)),
            Public::Metrics => Ok(probes::metrics(exchange).await),
            Public::Discovery => Ok(discovery::document(exchange)),
            Public::Catalogue => catalogue::models(exchange),
        },
        Endpoint::Anyone(Anyone::Status) => {
            let caller =
                authentication::maybe_caller(exchange.headers(), uri, exchange.surface, verifier).await;
            Ok(status::status(exchange, caller).await)
        }
        Endpoint::Call(endpoint) => {
            // While the database is away nobody is told that a key is not valid.
            exchange.service.state.readiness.check()?;
            let caller = authentication::caller(exchange.headers(), uri, exchange.surface, verifier).await?;
            let limited = Limited::of(&caller, &exchange.service);
            let answered = match endpoint {
                Call::ChatCompletions => calls::chat_completions(exchange, caller, payload).await,
                Call::AigneChat => calls::aigne_chat(exchange, caller, payload).await,
                Call::Responses => calls::responses(exchange, caller, payload).await,
                Call::Embeddings => calls::embeddings(exchange, caller, payload).await,
                Call::Images => calls::images(exchange, caller, payload).await,
                Call::ImageEdits => calls::image_edits(exchange, caller, payload).await,
                Call::AigneImages => calls::aigne_images(exchange, caller, payload).await,
                Call::Video => Err(calls::video()),
                Call::Speech => calls::speech(exchange, caller, payload).await,
                Call::Transcription => calls::transcription(exchange, caller, payload, false).await,
                Call::Translation => calls::transcription(exchange, caller, payload, true).await,
                Call::Messages => calls::messages(exchange, caller, payload).await,
                Call::CountTokens => calls::count_tokens(exchange, &caller, payload).await,
                Call::Generate => calls::generate(exchange, caller, payload).await,
                Call::Quote => calls::quote(exchange, &caller, payload).await,
            };
            let Some(limited) = limited else { return answered };
            let mut response = answered.unwrap_or_else(|refusal| error_answer(refusal, exchange));
            limited.stamp(response.headers_mut(), exchange.surface, &exchange.service);
            Ok(response)
        }
        Endpoint::User(endpoint) => {
            let caller = authentication::caller(exchange.headers(), uri, exchange.surface, verifier).await?;
            match endpoint {
                User::Models => models::list(exchange),
                User::Model => models::one(exchange),
                User::CreditBalance => user::credit_balance(exchange, &caller).await,
                User::Info => user::info(exchange, &caller).await,
                User::ModelCalls => user::model_calls(exchange, &caller).await,
                User::ModelCall => user::model_call(exchange, &caller).await,
                User::UsageStats => user::usage_stats(exchange, &caller).await,
            }
        }
    }
}

/// Tells the observer how a request ended, also when its client left before the answer began.
struct Watch {
    service: Arc<Service>,
    route: &'static str,
    method: &'static str,
    start: Instant,
    status: u16,
}

/// What servers commonly log for a client that did not wait.
const CLIENT_CLOSED_REQUEST: u16 = 499;

impl Watch {
    fn start(exchange: &Exchange) -> Self {
        Self {
            service: Arc::clone(&exchange.service),
            route: exchange.route,
            method: method_label(exchange.request.method()),
            start: Instant::now(),
            status: CLIENT_CLOSED_REQUEST,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Self { route, method, status, .. } = *self;
        let elapsed = self.start.elapsed();
        self.service.state.observer.answered(AnsweredRequest { route, method, status, elapsed });
    }
}

/// A method as a metric's label: clients can't make up new ones.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
