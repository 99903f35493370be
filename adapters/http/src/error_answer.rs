//! From a refusal to what the client is told: status, headers and the dialect's JSON.

use std::time::Duration;

use actix_http::{Request, Response};
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use bytes::Bytes;
use hub_dialects::{anthropic, gemini, openai};
use hub_domain::error::CallError;

use crate::exchange::Exchange;
use crate::refusal::{Fault, Refusal};
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::surface::Surface;

const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Told where nobody knows better when to come back.
const RETRY_SOON: Duration = Duration::from_secs(1);

pub(crate) fn error_answer(refusal: Refusal, exchange: &Exchange) -> HttpResponse {
    if let Refusal::Call(CallError::Internal { detail }) = &refusal {
        tracing::error!(request = exchange.request_id.as_str(), route = exchange.route, detail, "a defect");
    }
    let told = Told::of(&refusal, exchange.surface, &exchange.request_id);
    let mut response = HttpResponse::with_body(told.status, BoxBody::new(told.body.clone()));
    told.fill(&refusal, response.headers_mut());
    response
}

/// For a request that is refused before it meets its route.
pub(crate) fn unrouted(refusal: Refusal, request: &Request) -> Response<BoxBody> {
    let head = request.head();
    let request_id = RequestId::of(&head.headers);
    let told = Told::of(&refusal, Surface::of(head.uri.path(), &head.headers), &request_id);
    let mut response = Response::with_body(told.status, BoxBody::new(told.body.clone()));
    told.fill(&refusal, response.headers_mut());
    response.headers_mut().insert(X_REQUEST_ID, request_id.header());
    response
}

/// The status that a request so refused gets.
pub(crate) fn status(refusal: &Refusal) -> StatusCode {
    match refusal.sort() {
        Ok(error) => status_code(openai::error_answer(&error, openai::Surface::Api).status),
        Err(fault) => fault.status,
    }
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What the client is told.
struct Told {
    status: StatusCode,
    body: Bytes,
    retry_after: Option<Duration>,
    should_retry: bool,
}

impl Told {
    fn of(refusal: &Refusal, surface: Surface, request_id: &RequestId) -> Self {
        match refusal.sort() {
            Ok(error) => {
                let answer = match surface {
                    Surface::Anthropic => anthropic::error_answer(&error, Some(request_id.as_str())),
                    Surface::Gemini => gemini::error_answer(&error),
                    _ => openai::error_answer(&error, surface.openai()),
                };
                Self {
                    status: status_code(answer.status),
                    body: answer.body,
                    retry_after: answer.retry_after,
                    should_retry: answer.should_retry,
                }
            }
            Err(Fault { status, kind, code }) => Self {
                status,
                body: match surface {
                    Surface::Anthropic => {
                        let kind = anthropic::error_kind(status.as_u16());
                        anthropic::error_body(&refusal.to_string(), kind, Some(request_id.as_str()))
                    }
                    Surface::Gemini => gemini::error_body(&refusal.to_string(), status.as_u16()),
                    _ => openai::error_body(&refusal.to_string(), kind, None, code),
                },
                retry_after: None,
                should_retry: status == StatusCode::REQUEST_TIMEOUT,
            },
        }
    }

    /// Clients that are to come back are told when.
    fn retry_after(&self) -> Option<Duration> {
        let must_say = matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        self.retry_after.or(must_say.then_some(RETRY_SOON))
    }

    fn fill(&self, refusal: &Refusal, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let should_retry = if self.should_retry { "true" } else { "false" };
        headers.insert(X_SHOULD_RETRY, HeaderValue::from_static(should_retry));
        if let Some(time) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(time)));
        }
        match refusal {
            Refusal::Unauthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Refusal::MethodNotAllowed { allow } => {
                if let Ok(allow) = HeaderValue::from_str(allow) {
                    headers.insert(ALLOW, allow);
                }
            }
            _ => {}
        }
    }
}

/// Rounded up: who comes back too early has come in vain.
fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_counts_as_one() {
        for (millis, seconds) in [(0, 1), (300, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
