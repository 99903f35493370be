//! An answer that was given before, once more.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use hub_domain::ids::CallId;
use hub_domain::ports::KeptAnswer;

use super::form::call_header;
use crate::response_headers::X_CALL_ID;

const IDEMPOTENT_REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");

/// Status, headers and body as they were sent, and a header that says so.
pub(super) fn again(call: CallId, answer: KeptAnswer) -> HttpResponse {
    let mut response =
        HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK)).body(answer.body);
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(X_CALL_ID, call_header(call));
    headers.insert(IDEMPOTENT_REPLAY, HeaderValue::from_static("true"));
    response
}
