use super::*;

fn error(status: u16, body: &str) -> ProviderError {
    decode_error(status, None, body.as_bytes())
}

fn class_of(status: u16, code: &str, message: &str) -> UpstreamClass {
    let body = serde_json::json!({"error": {"message": message, "type": "x", "param": null, "code": code}});
    error(status, &body.to_string()).class
}

#[test]
fn each_status_and_code_has_its_class() {
    use UpstreamClass::*;
    for (status, code, message, class) in [
        (400, "context_length_exceeded", "too long", ContextTooLong),
        (400, "", "Your input exceeds the context window of this model.", ContextTooLong),
        (400, "content_policy_violation", "no", ContentFiltered),
        (400, "moderation_blocked", "no", ContentFiltered),
        (400, "invalid_prompt", "no", ContentFiltered),
        (400, "unsupported_value", "no", InvalidRequest),
        (400, "", "API key not valid. Please pass a valid API key.", Authentication),
        (401, "invalid_api_key", "no", Authentication),
        (402, "", "pay", Quota),
        (403, "", "country", Permission),
        (404, "model_not_found", "no", ModelNotFound),
        (404, "unsupported_parameter", "no", InvalidRequest),
        (408, "", "", Server),
        (409, "", "", Server),
        (413, "", "", InvalidRequest),
        (422, "", "", InvalidRequest),
        (429, "rate_limit_exceeded", "slow", RateLimited),
        (429, "insufficient_quota", "no money", Quota),
        (429, "credit_balance_exhausted", "no money", Quota),
        (429, "billing_hard_limit_reached", "no money", Quota),
        (429, "tokens", "Request too large for gpt-4o on tokens per min (TPM)", InvalidRequest),
        (500, "", "", Server),
        (502, "", "", Server),
        (503, "server_is_overloaded", "", Overloaded),
        (504, "", "", Timeout),
        (529, "", "", Overloaded),
        // DeepSeek, xAI, Groq, Doubao.
        (402, "invalid_request_error", "Insufficient Balance", Quota),
        (
            400,
            "",
            "Incorrect API key provided: xa***ai. You can obtain an API key from https://console.x.ai.",
            Authentication,
        ),
        (403, "", "Your newly created team doesn't have any credits yet.", Quota),
        (410, "", "The model grok-2 is gone", ModelNotFound),
        (498, "capacity_exceeded", "Flex tier capacity exceeded", Overloaded),
        (400, "tool_use_failed", "Failed to call a function.", Server),
        (400, "SensitiveContentDetected.SevereViolation", "no", ContentFiltered),
        (400, "InputTextRiskDetection", "no", ContentFiltered),
        (403, "AccountOverdueError", "no", Quota),
        (403, "AccessDenied", "no", Permission),
        (404, "InvalidEndpoint.NotFound", "no", ModelNotFound),
        (404, "ModelNotOpen", "no", ModelNotFound),
        (429, "RateLimitExceeded.EndpointRPMExceeded", "no", RateLimited),
        (429, "ServerOverloaded", "no", Overloaded),
        (429, "QuotaExceeded", "no", Quota),
        (429, "SetLimitExceeded", "no", Quota),
        (500, "InternalServiceError", "no", Server),
    ] {
        assert_eq!(class_of(status, code, message), class, "{status} {code} {message}");
    }
}

#[test]
fn all_shapes_of_an_error_are_read() {
    for body in [
        r#"{"error":{"message":"no such thing","code":"c","param":"p"}}"#,
        r#"{"error":"no such thing","code":"c","param":"p"}"#,
        r#"{"message":"no such thing","code":"c","param":"p"}"#,
        r#"{"detail":"no such thing","code":"c","param":"p"}"#,
        r#"[{"error":{"message":"no such thing","code":"c","param":"p"}}]"#,
        r#"{"object":"error","message":"no such thing","code":"c","param":"p"}"#,
    ] {
        let error = error(400, body);
        assert_eq!(error.message, "no such thing", "{body}");
        assert_eq!((error.code.as_deref(), error.param.as_deref()), (Some("c"), Some("p")), "{body}");
    }
}

#[test]
fn what_is_no_error_object_gets_our_words() {
    for body in [
        "<html><body>proxy at 10.0.0.1</body></html>",
        "",
        "null",
        "{\"error\":{}}",
        "\u{0}",
        "{\"error\":[]}",
    ] {
        let error = error(502, body);
        assert_eq!(error.class, UpstreamClass::Server);
        assert_eq!(error.message, "the provider failed", "{body}");
        assert!(error.maybe_executed);
    }
}

#[test]
fn anthropics_and_googles_errors_have_their_classes() {
    use UpstreamClass::*;
    for (status, body, class, code) in [
        (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#, Overloaded, None),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}"#,
            Quota,
            None,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}"#,
            ContextTooLong,
            None,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#,
            Authentication,
            Some("invalid_argument"),
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"User location is not supported.","status":"FAILED_PRECONDITION"}}"#,
            Permission,
            Some("failed_precondition"),
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"The input token count (9) exceeds the maximum (8).","status":"INVALID_ARGUMENT"}}"#,
            ContextTooLong,
            Some("invalid_argument"),
        ),
        (
            429,
            r#"{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}"#,
            RateLimited,
            Some("resource_exhausted"),
        ),
    ] {
        let error = error(status, body);
        assert_eq!((error.class, error.code.as_deref()), (class, code), "{body}");
    }
}

#[test]
fn texts_are_sanitised() {
    let error = error(
        400,
        r#"{"error":{"message":"bad key sk-abcdef123 at https://gw.internal:8443/v1","code":"a b"}}"#,
    );
    assert_eq!(error.message, "bad key […] at […]");
    assert_eq!(error.code, None);
}

#[test]
fn an_error_inside_an_answer_may_carry_a_status() {
    for (error, class, status) in [
        (r#"{"code":429,"message":"slow down"}"#, UpstreamClass::RateLimited, Some(429)),
        (r#"{"code":502,"message":"bad gateway"}"#, UpstreamClass::Server, Some(502)),
        (r#"{"code":"rate_limit_exceeded","message":"slow"}"#, UpstreamClass::RateLimited, None),
        (r#"{"type":"insufficient_quota","message":"x"}"#, UpstreamClass::Quota, None),
        (r#"{"type":"invalid_request_error","message":"x"}"#, UpstreamClass::InvalidRequest, None),
        (r#"{"type":"server_error","message":"x"}"#, UpstreamClass::Server, None),
        (r#"{"code":7,"message":"x"}"#, UpstreamClass::Server, None),
        (r#""it broke""#, UpstreamClass::Server, None),
        ("it broke", UpstreamClass::Server, None),
    ] {
        let told = inside_answer(error);
        assert_eq!((told.class, told.status), (class, status), "{error}");
        assert!(told.maybe_executed);
    }
}

#[test]
fn each_compatible_provider_tells_errors_in_its_own_shape() {
    use UpstreamClass::*;
    for (status, body, class, message) in [
        // xAI: the value of `error` is a text.
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided"}"#,
            Authentication,
            "Incorrect API key provided",
        ),
        // Mistral: flat, or a list of what is wrong.
        (
            422,
            r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden"}]},"type":"invalid_request_error","code":null}"#,
            InvalidRequest,
            "the provider refused the request",
        ),
        (401, r#"{"message":"Unauthorized","request_id":"x"}"#, Authentication, "Unauthorized"),
        (
            422,
            r#"{"detail":[{"loc":["body","foo"],"msg":"Extra inputs are not permitted"}]}"#,
            InvalidRequest,
            "the provider refused the request",
        ),
        // OpenRouter: the status once more, and why it was kept back.
        (
            403,
            r#"{"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"],"provider_name":"x"}}}"#,
            ContentFiltered,
            "flagged",
        ),
        (403, r#"{"error":{"code":403,"message":"no"}}"#, Permission, "no"),
        (
            502,
            r#"{"error":{"code":502,"message":"Provider returned error","metadata":{"raw":"x"}}}"#,
            Server,
            "Provider returned error",
        ),
        // Ollama.
        (
            404,
            r#"{"error":"model \"llama9\" not found, try pulling it first"}"#,
            ModelNotFound,
            "model \"llama9\" not found, try pulling it first",
        ),
        (
            503,
            r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#,
            Overloaded,
            "",
        ),
    ] {
        let read = error(status, body);
        assert_eq!(read.class, class, "{body}");
        assert!(read.message.starts_with(message), "{body}: {}", read.message);
    }
}
