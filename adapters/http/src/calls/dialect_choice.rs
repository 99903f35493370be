//! Which of two dialects a request to `chat/completions` under `/api` is in: OpenAI's, or the older one
//! of the original's clients, which this hub does not speak.

use actix_web::http::header::{ACCEPT, HeaderMap, HeaderName};
use hub_domain::error::CallError;
use memchr::memmem;
use serde_json::{Map, Value};

const DIALECT: HeaderName = HeaderName::from_static("x-aigne-hub-dialect");

/// Keys that only the older dialect has, with their quotes.
const LEGACY_KEYS: &[&str] = &[
    "\"topP\"",
    "\"maxTokens\"",
    "\"toolChoice\"",
    "\"responseFormat\"",
    "\"presencePenalty\"",
    "\"frequencyPenalty\"",
    "\"toolCalls\"",
    "\"toolCallId\"",
    "\"imageUrl\"",
    "\"prompt\"",
];

/// Keys that only OpenAI's dialect has; one of them decides, whatever else there is.
const OPENAI_KEYS: &[&str] = &[
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "tool_choice",
    "response_format",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "parallel_tool_calls",
    "reasoning_effort",
    "tool_calls",
    "tool_call_id",
    "image_url",
];

/// Refuses a request that only the older dialect can mean.
pub(super) fn require_openai(headers: &HeaderMap, body: &[u8]) -> Result<(), CallError> {
    match headers.get(DIALECT).map(|value| value.as_bytes()) {
        Some(b"openai") => return Ok(()),
        Some(b"legacy") => return Err(unsupported("x-aigne-hub-dialect")),
        Some(_) => {
            return Err(CallError::invalid(
                "`x-aigne-hub-dialect` must be `openai`",
                "x-aigne-hub-dialect".to_owned(),
                "unsupported_dialect",
            ));
        }
        None => {}
    }
    // Nearly no request has such a key or header, so that nothing is parsed twice.
    let accepts_events = accepts_events(headers);
    if !accepts_events && !LEGACY_KEYS.iter().any(|key| memmem::find(body, key.as_bytes()).is_some()) {
        return Ok(());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(request)) => decide(&request, accepts_events),
        // What is wrong with it, the decoder says better.
        _ => Ok(()),
    }
}

fn decide(request: &Map<String, Value>, accepts_events: bool) -> Result<(), CallError> {
    let keys: Vec<&str> = keys(request).collect();
    if keys.iter().any(|key| OPENAI_KEYS.contains(key)) {
        return Ok(());
    }
    let is_legacy = |key: &&&str| LEGACY_KEYS.iter().any(|legacy| legacy.trim_matches('"') == **key);
    if let Some(key) = keys.iter().find(is_legacy) {
        return Err(unsupported(key));
    }
    if accepts_events && request.get("stream") != Some(&Value::Bool(true)) {
        return Err(CallError::invalid(
            "`Accept: text/event-stream` without `stream: true` belongs to the older dialect of this path, \
             which is not supported; set `stream` to `true`",
            "stream".to_owned(),
            "unsupported_dialect",
        ));
    }
    Ok(())
}

/// Keys of the request, its messages and their parts; what lies deeper is the user's own.
fn keys(request: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let messages = objects(request.get("messages"));
    let parts = messages.clone().flat_map(|message| objects(message.get("content")));
    std::iter::once(request).chain(messages).chain(parts).flat_map(|object| object.keys().map(String::as_str))
}

/// The objects of a list.
fn objects(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> + Clone {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// The older dialect streams by this header alone.
fn accepts_events(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).any(|accept| memmem::find(accept.as_bytes(), b"text/event-stream").is_some())
}

fn unsupported(param: &str) -> CallError {
    CallError::invalid(
        format!("`{param}` belongs to the older dialect of this path, which is not supported; use OpenAI's"),
        param.to_owned(),
        "unsupported_dialect",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn param_at_fault(dialect: Option<&'static str>, body: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(dialect) = dialect {
            headers.insert(DIALECT, HeaderValue::from_static(dialect));
        }
        match require_openai(&headers, body.as_bytes()) {
            Ok(()) => None,
            Err(CallError::InvalidRequest { param, code, .. }) => {
                assert_eq!(code, "unsupported_dialect");
                param
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_header_decides_first() {
        assert_eq!(param_at_fault(Some("openai"), r#"{"maxTokens":1}"#), None);
        assert_eq!(param_at_fault(Some("legacy"), r#"{"max_tokens":1}"#).unwrap(), "x-aigne-hub-dialect");
        assert!(param_at_fault(Some("esperanto"), "{}").is_some());
    }

    #[test]
    fn a_stream_is_asked_for_in_the_body() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        for openai in [r#"{"stream":true}"#, r#"{"max_tokens":1}"#] {
            assert_eq!(require_openai(&headers, openai.as_bytes()), Ok(()), "{openai}");
        }
        assert!(require_openai(&headers, br#"{"stream":false}"#).is_err());
    }

    #[test]
    fn an_openai_key_outweighs_an_older_one() {
        assert_eq!(param_at_fault(None, r#"{"maxTokens":1,"max_tokens":1}"#), None);
        let mixed = r#"{"topP":1,"messages":[{"role":"tool","tool_call_id":"c"}]}"#;
        assert_eq!(param_at_fault(None, mixed), None);
    }

    #[test]
    fn an_older_key_is_named_wherever_it_stands() {
        assert_eq!(param_at_fault(None, r#"{"prompt":"hi"}"#).unwrap(), "prompt");
        let nested = r#"{"messages":[{"content":[{"type":"image_url","imageUrl":{}}]}]}"#;
        assert_eq!(param_at_fault(None, nested).unwrap(), "imageUrl");
    }

    #[test]
    fn older_words_in_a_text_or_a_tools_schema_mean_nothing() {
        let text = r#"{"messages":[{"role":"user","content":"what is \"topP\"?"}]}"#;
        assert_eq!(param_at_fault(None, text), None);
        let schema = r#"{"tools":[{"function":{"parameters":{"properties":{"prompt":{}}}}}]}"#;
        assert_eq!(param_at_fault(None, schema), None);
    }
}
