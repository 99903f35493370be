//! From a refusal to what the client is told: status, headers and the dialect's JSON.

use std::time::Duration;

use actix_http::{Request, Response};
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use serde_json::json;

use crate::exchange::Exchange;
use crate::refusal::Refusal;
use crate::request_id::{RequestId, X_REQUEST_ID};

const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

pub(crate) fn error_answer(refusal: Refusal, _exchange: &Exchange) -> HttpResponse {
    let (status, headers, body) = worded(refusal);
    let mut response = HttpResponse::with_body(status, BoxBody::new(body));
    fill(response.headers_mut(), headers);
    response
}

/// For a request that is refused before it meets its route.
pub(crate) fn unrouted(refusal: Refusal, request: &Request) -> Response<BoxBody> {
    let (status, headers, body) = worded(refusal);
    let mut response = Response::with_body(status, BoxBody::new(body));
    fill(response.headers_mut(), headers);
    response.headers_mut().insert(X_REQUEST_ID, RequestId::of(&request.head().headers).header());
    response
}

pub(crate) fn status(refusal: &Refusal) -> StatusCode {
    worded(refusal.clone()).0
}

type Worded = (StatusCode, Vec<(HeaderName, HeaderValue)>, Vec<u8>);

fn worded(refusal: Refusal) -> Worded {
    let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    match &refusal {
        Refusal::Unauthenticated => headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        Refusal::MethodNotAllowed { allow } => {
            headers.extend(HeaderValue::from_str(allow).ok().map(|value| (ALLOW, value)));
        }
        _ => {}
    }
    let message = refusal.to_string();
    let (status, kind, code, retry_after) = match (refusal.fault(), refusal.into_call_error()) {
        (Some(fault), _) => (fault.status, fault.kind, fault.code.to_owned(), None),
        (None, Some(error)) => {
            let retry_after = match &error {
                hub_domain::error::CallError::Unavailable { retry_after, .. }
                | hub_domain::error::CallError::RateLimited { retry_after, .. } => Some(*retry_after),
                _ => None,
            };
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "service_unavailable_error",
                error.code().to_owned(),
                retry_after,
            )
        }
        (None, None) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "internal_error".to_owned(), None)
        }
    };
    let retry = retry_after.is_some() || status == StatusCode::REQUEST_TIMEOUT;
    headers.push((X_SHOULD_RETRY, HeaderValue::from_static(if retry { "true" } else { "false" })));
    headers.extend(retry_after.map(|time: Duration| (RETRY_AFTER, HeaderValue::from(time.as_secs().max(1)))));
    let error = json!({ "message": message, "type": kind, "param": null, "code": code });
    (status, headers, json!({ "error": error, "message": message }).to_string().into_bytes())
}

fn fill(into: &mut HeaderMap, headers: Vec<(HeaderName, HeaderValue)>) {
    for (name, value) in headers {
        into.insert(name, value);
    }
}
