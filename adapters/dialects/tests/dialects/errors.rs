//! Errors as clients get them.

use std::time::Duration;

use hub_dialects::openai::{Surface, error_answer, error_body};
use hub_domain::error::{CallError, ProviderError, UpstreamClass};
use serde_json::{Value, json};

fn upstream(class: UpstreamClass) -> CallError {
    CallError::Upstream(ProviderError {
        class,
        status: Some(422),
        code: Some("their_code".into()),
        param: Some("their.param".into()),
        message: "their words".into(),
        retry_after: None,
        maybe_executed: false,
    })
}

/// Status, type, code, whether to try again.
fn told(error: &CallError) -> (u16, String, String, bool) {
    let answer = error_answer(error, Surface::V1);
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["message"], body["error"]["message"]);
    assert!(body["error"].as_object().unwrap().contains_key("param"));
    assert_eq!(
        answer.retry_after.is_some(),
        matches!(answer.status, 429 | 503) || answer.status == 409 && answer.should_retry
    );
    let text = |key: &str| body["error"][key].as_str().unwrap().to_owned();
    (answer.status, text("type"), text("code"), answer.should_retry)
}

#[test]
fn every_error_has_status_type_code_and_a_word_on_retrying() {
    use UpstreamClass::*;
    let model = || "p/m".to_owned();
    let second = Duration::from_secs(1);
    for (error, status, kind, code, retry) in [
        (CallError::invalid("m", None, "c"), 400, "invalid_request_error", "c", false),
        (CallError::ModelNotFound { model: model() }, 404, "invalid_request_error", "model_not_found", false),
        (
            CallError::ModelNotPriced { model: model() },
            400,
            "invalid_request_error",
            "model_not_priced",
            false,
        ),
        (
            CallError::ProviderUnavailable { model: model() },
            503,
            "service_unavailable_error",
            "provider_unavailable",
            true,
        ),
        (CallError::AmountOutOfRange, 422, "invalid_request_error", "amount_out_of_range", false),
        (CallError::Forbidden { message: "m".into(), code: "c" }, 403, "permission_denied", "c", false),
        (CallError::IdempotencyInProgress, 409, "idempotency_error", "idempotency_in_progress", true),
        (CallError::IdempotencyMismatch, 422, "idempotency_error", "idempotency_mismatch", false),
        (CallError::IdempotencyAnswerNotKept, 409, "idempotency_error", "idempotency_answer_not_kept", false),
        (
            CallError::RateLimited { message: "m".into(), code: "c", retry_after: second },
            429,
            "rate_limit_error",
            "c",
            true,
        ),
        (
            CallError::Unavailable { message: "m".into(), code: "c", retry_after: second },
            503,
            "service_unavailable_error",
            "c",
            true,
        ),
        (CallError::Internal { detail: "d".into() }, 500, "server_error", "internal_error", false),
        (upstream(InvalidRequest), 422, "invalid_request_error", "their_code", false),
        (upstream(ContextTooLong), 400, "invalid_request_error", "context_length_exceeded", false),
        (upstream(ContentFiltered), 400, "invalid_request_error", "content_filter", false),
        (upstream(Authentication), 502, "upstream_error", "upstream_authentication", true),
        (upstream(Permission), 502, "upstream_error", "upstream_authentication", true),
        (upstream(Quota), 503, "service_unavailable_error", "upstream_quota", true),
        (upstream(RateLimited), 429, "rate_limit_error", "rate_limit_exceeded", true),
        (upstream(Overloaded), 503, "service_unavailable_error", "server_is_overloaded", true),
        (upstream(Server), 502, "upstream_error", "upstream_error", true),
        (upstream(BadAnswer), 502, "upstream_error", "upstream_bad_answer", true),
        (upstream(Transport), 502, "upstream_error", "upstream_unreachable", true),
        (upstream(Timeout), 504, "timeout", "timeout", true),
        (upstream(ModelNotFound), 404, "invalid_request_error", "model_not_found", false),
    ] {
        assert_eq!(told(&error), (status, kind.to_owned(), code.to_owned(), retry), "{error:?}");
    }
}

#[test]
fn an_upstreams_words_are_repeated_only_where_the_request_is_at_fault() {
    for class in [
        UpstreamClass::Authentication,
        UpstreamClass::Permission,
        UpstreamClass::Quota,
        UpstreamClass::RateLimited,
    ] {
        let body = error_answer(&upstream(class), Surface::V1).body;
        assert!(!String::from_utf8_lossy(&body).contains("their"), "{class:?}");
    }
    let body: Value =
        serde_json::from_slice(&error_answer(&upstream(UpstreamClass::InvalidRequest), Surface::V1).body)
            .unwrap();
    assert_eq!((&body["error"]["param"], &body["message"]), (&json!("their.param"), &json!("their words")));
    let internal = CallError::Internal { detail: "a secret".into() };
    assert!(!String::from_utf8_lossy(&error_answer(&internal, Surface::V1).body).contains("secret"));
}

#[test]
fn too_little_credit_says_what_is_needed_and_where_to_pay() {
    let error = CallError::InsufficientCredits {
        balance: "0.0012".parse().unwrap(),
        needed: "0.034".parse().unwrap(),
        link: Some("https://hub.example/pay".into()),
    };
    for (surface, kind) in [(Surface::Api, "NOT_ENOUGH"), (Surface::V1, "insufficient_quota")] {
        let answer = error_answer(&error, surface);
        assert_eq!((answer.status, answer.retry_after, answer.should_retry), (402, None, false));
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let told = &body["error"];
        assert_eq!(told["type"], kind);
        assert_eq!(told["code"], "insufficient_credits");
        assert_eq!((&told["balance"], &told["needed"]), (&json!("0.0012"), &json!("0.034")));
        assert_eq!(told["link"], "https://hub.example/pay");
        assert!(told["message"].as_str().unwrap().ends_with("https://hub.example/pay"));
        let timestamp = told["timestamp"].as_str().unwrap();
        assert!(
            timestamp.len() == 24 && timestamp.ends_with('Z') && timestamp.as_bytes()[19] == b'.',
            "{timestamp}"
        );
    }
}

#[test]
fn faults_of_http_have_the_same_shape() {
    let body: Value =
        serde_json::from_slice(&error_body("no", "invalid_request_error", None, "unknown_url")).unwrap();
    let error =
        json!({"message": "no", "type": "invalid_request_error", "param": null, "code": "unknown_url"});
    assert_eq!(body, json!({"error": error, "message": "no"}));
}
