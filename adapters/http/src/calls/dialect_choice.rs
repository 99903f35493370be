//! Which of two dialects a request to `chat/completions` under `/api` is in: OpenAI's, or the older one of the
//! original's clients.

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

/// Which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChatDialect {
    OpenAi,
    Legacy,
}

/// The header decides, then the keys, then how a stream is asked for.
pub(super) fn choose(headers: &HeaderMap, body: &[u8]) -> Result<ChatDialect, CallError> {
    match headers.get(DIALECT).map(|value| value.as_bytes()) {
        Some(b"openai") => return Ok(ChatDialect::OpenAi),
        Some(b"legacy") => return Ok(ChatDialect::Legacy),
        Some(_) => {
            return Err(CallError::invalid(
                "`x-aigne-hub-dialect` must be `openai` or `legacy`",
                "x-aigne-hub-dialect".to_owned(),
                "unsupported_dialect",
            ));
        }
        None => {}
    }
    // Nearly no request has such a key or header, so that nothing is parsed twice.
    let accepts_events = accepts_events(headers);
    if !accepts_events && !LEGACY_KEYS.iter().any(|key| memmem::find(body, key.as_bytes()).is_some()) {
        return Ok(ChatDialect::OpenAi);
    }
    Ok(match serde_json::from_slice(body) {
        Ok(Value::Object(request)) => decide(&request, accepts_events),
        // What is wrong with it, the decoder says better.
        _ => ChatDialect::OpenAi,
    })
}

fn decide(request: &Map<String, Value>, accepts_events: bool) -> ChatDialect {
    let keys: Vec<&str> = keys(request).collect();
    if keys.iter().any(|key| OPENAI_KEYS.contains(key)) {
        return ChatDialect::OpenAi;
    }
    let is_legacy = |key: &&str| LEGACY_KEYS.iter().any(|legacy| legacy.trim_matches('"') == *key);
    if keys.iter().any(is_legacy) || (accepts_events && request.get("stream") != Some(&Value::Bool(true))) {
        return ChatDialect::Legacy;
    }
    ChatDialect::OpenAi
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
pub(super) fn accepts_events(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).any(|accept| memmem::find(accept.as_bytes(), b"text/event-stream").is_some())
}

#[cfg(test)]
mod tests {
    use super::ChatDialect::{Legacy, OpenAi};
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn chosen(header: Option<&'static str>, body: &str) -> Result<ChatDialect, CallError> {
        let mut headers = HeaderMap::new();
        if let Some(dialect) = header {
            headers.insert(DIALECT, HeaderValue::from_static(dialect));
        }
        choose(&headers, body.as_bytes())
    }

    #[test]
    fn the_header_decides_first() {
        assert_eq!(chosen(Some("openai"), r#"{"maxTokens":1}"#), Ok(OpenAi));
        assert_eq!(chosen(Some("legacy"), r#"{"max_tokens":1}"#), Ok(Legacy));
        let refused = chosen(Some("esperanto"), "{}").unwrap_err();
        assert_eq!(refused.code(), "unsupported_dialect");
    }

    #[test]
    fn the_older_dialect_streams_by_a_header_alone() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        for openai in [r#"{"stream":true}"#, r#"{"max_tokens":1}"#] {
            assert_eq!(choose(&headers, openai.as_bytes()), Ok(OpenAi), "{openai}");
        }
        assert_eq!(choose(&headers, br#"{"stream":false}"#), Ok(Legacy));
    }

    #[test]
    fn an_openai_key_outweighs_an_older_one() {
        assert_eq!(chosen(None, r#"{"maxTokens":1,"max_tokens":1}"#), Ok(OpenAi));
        let mixed = r#"{"topP":1,"messages":[{"role":"tool","tool_call_id":"c"}]}"#;
        assert_eq!(chosen(None, mixed), Ok(OpenAi));
    }

    #[test]
    fn an_older_key_counts_wherever_it_stands() {
        assert_eq!(chosen(None, r#"{"prompt":"hi"}"#), Ok(Legacy));
        let nested = r#"{"messages":[{"content":[{"type":"image_url","imageUrl":{}}]}]}"#;
        assert_eq!(chosen(None, nested), Ok(Legacy));
    }

    #[test]
    fn older_words_in_a_text_or_a_tools_schema_mean_nothing() {
        let text = r#"{"messages":[{"role":"user","content":"what is \"topP\"?"}]}"#;
        assert_eq!(chosen(None, text), Ok(OpenAi));
        let schema = r#"{"tools":[{"function":{"parameters":{"properties":{"prompt":{}}}}}]}"#;
        assert_eq!(chosen(None, schema), Ok(OpenAi));
    }
}
