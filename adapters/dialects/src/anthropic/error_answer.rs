//! From a call's error to what an Anthropic client is told.

use bytes::Bytes;
use hub_domain::error::{CallError, UpstreamClass};
use serde::Serialize;

use crate::openai::error_answer::{ErrorAnswer, Surface, tell};

#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: Body<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a str,
}

/// The statuses and words are those of Anthropic's own API: 529 where it is overloaded, 500 where
/// something behind it broke.
pub fn error_answer(error: &CallError, request_id: Option<&str>) -> ErrorAnswer {
    let told = tell(error, Surface::V1);
    let (status, message) = shown(error, told.status, told.message);
    let (retry_after, should_retry) = told.retry.advice();
    let kind = error_kind(status);
    ErrorAnswer { status, body: error_body(&message, kind, request_id), retry_after, should_retry }
}

/// The same JSON shape for faults that HTTP has and calls have not.
pub fn error_body(message: &str, kind: &str, request_id: Option<&str>) -> Bytes {
    let envelope = Envelope { kind: "error", error: Body { kind, message }, request_id };
    // Strings only: it can't fail.
    serde_json::to_vec(&envelope).map(Bytes::from).unwrap_or_default()
}

/// The JSON of an error inside a stream.
pub(super) fn stream_error(error: &CallError) -> Bytes {
    let told = tell(error, Surface::V1);
    let (status, message) = shown(error, told.status, told.message);
    error_body(&message, error_kind(status), None)
}

fn shown(error: &CallError, status: u16, message: String) -> (u16, String) {
    let message = match error {
        // Clients look for these words.
        CallError::Upstream(upstream)
            if upstream.class == UpstreamClass::ContextTooLong
                && !message.starts_with("prompt is too long") =>
        {
            format!("prompt is too long: {message}")
        }
        _ => message,
    };
    let status = match status {
        502 => 500,
        503 => 529,
        422 => 400,
        status => status,
    };
    (status, message)
}

/// Anthropic's word for a status.
pub fn error_kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hub_domain::error::ProviderError;
    use hub_domain::money::Credits;
    use serde_json::Value;

    use super::*;

    fn told(error: &CallError) -> (u16, String, String) {
        let answer = error_answer(error, Some("r-1"));
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((&body["type"], &body["request_id"]), (&"error".into(), &"r-1".into()));
        let text = |key: &str| body["error"][key].as_str().unwrap().to_owned();
        (answer.status, text("type"), text("message"))
    }

    fn upstream(class: UpstreamClass) -> CallError {
        CallError::Upstream(ProviderError {
            class,
            status: None,
            code: None,
            param: None,
            message: "no".to_owned(),
            retry_after: None,
            maybe_executed: false,
        })
    }

    #[test]
    fn statuses_and_words_are_anthropics() {
        let broke = CallError::InsufficientCredits {
            balance: Credits::ZERO,
            needed: Credits::from_units(1),
            link: None,
        };
        let away = CallError::Unavailable {
            message: "later".into(),
            code: "service_unavailable",
            retry_after: Duration::from_secs(1),
        };
        for (error, status, kind) in [
            (CallError::invalid("no", None, "invalid_value"), 400, "invalid_request_error"),
            (CallError::ModelNotFound { model: "x".into() }, 404, "not_found_error"),
            (broke, 402, "billing_error"),
            (CallError::AmountOutOfRange, 400, "invalid_request_error"),
            (away, 529, "overloaded_error"),
            (upstream(UpstreamClass::RateLimited), 429, "rate_limit_error"),
            (upstream(UpstreamClass::Authentication), 500, "api_error"),
            (upstream(UpstreamClass::Overloaded), 529, "overloaded_error"),
            (upstream(UpstreamClass::Timeout), 504, "timeout_error"),
            (upstream(UpstreamClass::BadAnswer), 500, "api_error"),
        ] {
            let told = told(&error);
            assert_eq!((told.0, told.1.as_str()), (status, kind), "{error:?}");
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_is_said_in_the_words_that_clients_look_for() {
        let (status, _, message) = told(&upstream(UpstreamClass::ContextTooLong));
        assert_eq!(status, 400);
        assert!(message.starts_with("prompt is too long"), "{message}");
    }
}
