//! The endpoints that call models: from a request's body to an answer, whole or streamed.
//!
//! What a call costs, who serves it and how it ends is behind the `CallRunner`; the JSON on both sides
//! belongs to the dialect. Here is what lies between them and HTTP.

mod count_tokens;
mod dialect_choice;
mod form;
mod forms;
mod generate;
mod idempotency_key;
mod incoming;
mod quote;
mod recorder;
mod replay;
mod silence;
mod sounding;
mod streamed;
mod transcription;
mod whole;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use hub_dialects::aigne::FlatImages;
use hub_dialects::anthropic::{Purpose, decode_messages};
use hub_dialects::responses::decode_request;
use hub_dialects::{aigne, openai};
use hub_domain::error::CallError;
use hub_domain::ids::CallId;
use hub_domain::ports::{IncomingCall, RunOutcome};
use hub_domain::vocabulary::{Answer, Dialect, Principal, Request, Source};

use self::form::{Delivery, Form};
use self::forms::Received;
use self::idempotency_key::IdempotencyKey;
use self::recorder::Recorder;
use self::sounding::SoundBody;
use self::streamed::StreamBody;
use crate::admission::Admitted;
use crate::error_answer::error_answer;
use crate::exchange::Exchange;
use crate::refusal::Refusal;
use crate::response_headers::X_CALL_ID;
use crate::surface::Surface;

pub(crate) use self::count_tokens::count_tokens;
pub(crate) use self::generate::generate;
pub(crate) use self::quote::quote;
pub(crate) use self::transcription::transcription;

/// `POST /v1/chat/completions`.
pub(crate) async fn chat_completions(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    call(exchange, caller, payload, |body| incoming::chat(exchange, body)).await
}

/// `POST /api/v2/chat`.
pub(crate) async fn aigne_chat(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    call(exchange, caller, payload, |body| {
        Ok(incoming::request(Dialect::Aigne, aigne::decode_chat(&body)?, body))
    })
    .await
}

/// `POST /v1/embeddings`.
pub(crate) async fn embeddings(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    call(exchange, caller, payload, |body| {
        // AIGNE's framework has another form of it on the same path.
        if exchange.surface == Surface::Api && aigne::is_nested(&body) {
            return Ok(incoming::request(Dialect::Aigne, aigne::decode_embeddings(&body)?, body));
        }
        Ok(incoming::request(Dialect::OpenAi, openai::decode_embeddings(&body)?, body))
    })
    .await
}

/// `POST /v1/images/generations`.
pub(crate) async fn images(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    call(exchange, caller, payload, |body| {
        Ok(incoming::request(Dialect::OpenAi, openai::decode_images(&body)?, body))
    })
    .await
}

/// `POST /api/v2/image`.
pub(crate) async fn aigne_images(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    call(exchange, caller, payload, |body| {
        let FlatImages { body, edit } = aigne::flat_images(&body)?;
        let canonical = if edit { openai::decode_image_edit(&body)? } else { openai::decode_images(&body)? };
        Ok(incoming::request(Dialect::OpenAi, canonical, body))
    })
    .await
}

/// `POST /v1/images/edits`: a form, or JSON that names its images.
pub(crate) async fn image_edits(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    if !forms::is_form(exchange.headers()) {
        return call(exchange, caller, payload, |body| {
            Ok(incoming::request(Dialect::OpenAi, openai::decode_image_edit(&body)?, body))
        })
        .await;
    }
    let admitted = exchange.service.admission.admit(&caller)?;
    let key = IdempotencyKey::of(exchange.headers())?;
    // Their number, and fields behind them, decide the price.
    let Received { form, fingerprint, files, .. } =
        forms::receive(exchange, payload, forms::Passing::Kept).await?;
    let canonical = openai::decode_image_form(form, files)?;
    let source = fingerprint.map(|body| Source::of(Dialect::OpenAi, body));
    run(exchange, caller, admitted, key, Request { source, canonical }).await
}

/// `POST /api/v2/video`: no provider that the hub speaks to makes any yet.
pub(crate) fn video() -> Refusal {
    Refusal::NotBuilt { what: "video" }
}

/// `POST /v1/audio/speech`.
pub(crate) async fn speech(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    call(exchange, caller, payload, |body| {
        Ok(incoming::request(Dialect::OpenAi, openai::decode_speech(&body)?, body))
    })
    .await
}

/// `POST /v1/responses`.
pub(crate) async fn responses(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    call(exchange, caller, payload, |body| {
        Ok(incoming::request(Dialect::Responses, decode_request(&body)?, body))
    })
    .await
}

/// `POST /v1/messages`.
pub(crate) async fn messages(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    call(exchange, caller, payload, |body| {
        let canonical = decode_messages(&body, Purpose::Answer)?;
        Ok(incoming::messages(canonical, body, exchange.headers()))
    })
    .await
}

/// Admits the caller before the body is read, and runs what the body says.
async fn call(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
    decode: impl FnOnce(Bytes) -> Result<Request, CallError>,
) -> Result<HttpResponse, Refusal> {
    let admitted = exchange.service.admission.admit(&caller)?;
    let key = IdempotencyKey::of(exchange.headers())?;
    let request = decode(incoming::body(exchange, payload).await?)?;
    run(exchange, caller, admitted, key, request).await
}

async fn run(
    exchange: &Exchange,
    caller: Principal,
    admitted: Admitted,
    key: Option<IdempotencyKey>,
    request: Request,
) -> Result<HttpResponse, Refusal> {
    let headers: &HeaderMap = exchange.headers();
    let form = Form::of(&request, exchange);
    let idempotency = key.map(|key| Recorder::claim(&key, form.clone(), caller.account, exchange, &request));
    let call = IncomingCall {
        idempotency,
        request,
        request_id: exchange.request_id.as_str().to_owned(),
        traceparent: incoming::traceparent(headers),
        app_did: incoming::app_did(headers),
    };
    match exchange.service.state.runner.run(caller, call).await? {
        RunOutcome::Replay { call, answer } => Ok(replay::again(call, answer)),
        RunOutcome::Failed { call, error } => Ok(failed(exchange, call, error.into())),
        RunOutcome::Answer(answer) if form.delivery() == Delivery::Stream => {
            Ok(streamed(exchange, answer, form, admitted))
        }
        RunOutcome::Answer(answer) if form.delivery() != Delivery::Whole => {
            Ok(form.response(&answer).body(SoundBody::new(answer, admitted)))
        }
        RunOutcome::Answer(answer) => {
            let (call, mut head) = (answer.call, form.response(&answer));
            match whole::collect(answer, &form).await {
                Ok(body) => {
                    form.set_headers(&mut head);
                    Ok(head.body(body))
                }
                Err(error) => Ok(failed(exchange, call, error.into())),
            }
        }
    }
}

fn streamed(exchange: &Exchange, answer: Answer, form: Form, admitted: Admitted) -> HttpResponse {
    let keep_alive = exchange.service.settings.stream_keep_alive;
    form.response(&answer).body(StreamBody::new(answer, form, keep_alive, admitted))
}

/// An error of a call that stands in the records, so that its user can look it up.
fn failed(exchange: &Exchange, call: CallId, refusal: Refusal) -> HttpResponse {
    let mut response = error_answer(refusal, exchange);
    response.headers_mut().insert(X_CALL_ID, form::call_header(call));
    response
}
