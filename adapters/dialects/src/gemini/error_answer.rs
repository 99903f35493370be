//! From a call's error to what a Gemini client is told.

use bytes::Bytes;
use hub_domain::error::{CallError, UpstreamClass};
use serde_json::json;

use crate::openai::error_answer::{ErrorAnswer, Surface, tell};

/// The statuses and words are those of Google's own API.
pub fn error_answer(error: &CallError) -> ErrorAnswer {
    let told = tell(error, Surface::V1);
    let status = shown(error, told.status);
    let (retry_after, should_retry) = told.retry.advice();
    let mut body = json!({ "code": status, "message": told.message, "status": error_status(status) });
    if let Some(delay) = retry_after {
        // Google's clients look for it here.
        let kind = "type.googleapis.com/google.rpc.RetryInfo";
        body["details"] = json!([{ "@type": kind, "retryDelay": format!("{}s", delay.as_secs_f64()) }]);
    }
    let body = Bytes::from(json!({ "error": body }).to_string());
    ErrorAnswer { status, body, retry_after, should_retry }
}

/// The same JSON shape for faults that HTTP has and calls have not.
pub fn error_body(message: &str, status: u16) -> Bytes {
    let error = json!({ "code": status, "message": message, "status": error_status(status) });
    Bytes::from(json!({ "error": error }).to_string())
}

fn shown(error: &CallError, status: u16) -> u16 {
    match (error, status) {
        (CallError::Upstream(upstream), 502)
            if matches!(upstream.class, UpstreamClass::Authentication | UpstreamClass::Permission) =>
        {
            503
        }
        (_, 502) => 500,
        (_, 422) => 400,
        (_, status) => status,
    }
}

/// Google's word for a status.
pub fn error_status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        402 => "FAILED_PRECONDITION",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}
