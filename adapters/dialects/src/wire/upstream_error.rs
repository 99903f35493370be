//! What an upstream's error means for the next try, and what of it a client may read.

use std::time::Duration;

use hub_domain::error::{ProviderError, UpstreamClass};
use serde::Deserialize;
use serde_json::Value;

use crate::redact;

/// An error as upstreams of this dialect tell it: a text, or an object whose fields may be anything.
#[derive(Debug, Default)]
struct Told {
    message: String,
    kind: String,
    param: Option<String>,
    /// Some put an HTTP status here.
    code: String,
    /// OpenRouter tells why it kept a request back.
    is_moderated: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Value,
    message: Value,
    detail: Value,
    code: Value,
    #[serde(rename = "type")]
    kind: Value,
    param: Value,
    /// Google's word for a kind of error, beside an HTTP status as its code.
    status: Value,
    metadata: Value,
}

/// An error answer of an upstream.
pub fn decode_error(status: u16, retry_after: Option<Duration>, body: &[u8]) -> ProviderError {
    let told = serde_json::from_slice::<Value>(body).map(Told::of).unwrap_or_default();
    let class = class(status, &told);
    ProviderError {
        class,
        status: Some(status),
        code: redact::code(&told.word()),
        param: told.param.as_deref().and_then(redact::code),
        message: told.shown(class),
        retry_after,
        // A gateway that gave up does not know what became of the request.
        maybe_executed: matches!(status, 408 | 500 | 502 | 504),
    }
}

/// An error inside an answer that began well.
pub(crate) fn inside_answer(error: &str) -> ProviderError {
    let told = match serde_json::from_str::<Value>(error) {
        Ok(error) => Told::of(error),
        Err(_) => Told { message: error.to_owned(), ..Told::default() },
    };
    let status = told.code.parse().ok().filter(|status| (400..600).contains(status)).unwrap_or(0);
    let class = class(status, &told);
    ProviderError {
        class,
        status: Some(status).filter(|status| *status > 0),
        code: redact::code(&told.word()),
        param: told.param.as_deref().and_then(redact::code),
        message: told.shown(class),
        retry_after: None,
        maybe_executed: true,
    }
}

/// An answer that can't be understood.
pub(crate) fn bad_answer(message: &str) -> ProviderError {
    ProviderError::new(UpstreamClass::BadAnswer, message, true)
}

impl Told {
    fn of(body: Value) -> Self {
        match body {
            Value::String(message) => Self { message, ..Self::default() },
            // Google's compatible endpoint answers with a list of one.
            Value::Array(list) => {
                list.into_iter().next().filter(Value::is_object).map(Self::of).unwrap_or_default()
            }
            Value::Object(_) => {
                let envelope: Envelope = serde_json::from_value(body).unwrap_or_default();
                match envelope.error {
                    Value::Object(_) => {
                        let inner: Envelope = serde_json::from_value(envelope.error).unwrap_or_default();
                        Self::from_fields(inner)
                    }
                    Value::String(message) => {
                        let outer = Envelope { error: Value::Null, ..envelope };
                        Self { message, ..Self::from_fields(outer) }
                    }
                    error => Self::from_fields(Envelope { error, ..envelope }),
                }
            }
            _ => Self::default(),
        }
    }

    fn from_fields(fields: Envelope) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let message = [&fields.message, &fields.detail].into_iter().map(text).find(|text| !text.is_empty());
        Self {
            message: message.unwrap_or_default(),
            kind: if fields.kind.is_null() { text(&fields.status) } else { text(&fields.kind) },
            param: Some(text(&fields.param)).filter(|param| !param.is_empty()),
            code: text(&fields.code),
            is_moderated: !fields.metadata["reasons"].is_null(),
        }
    }

    fn shown(&self, class: UpstreamClass) -> String {
        let message = redact::message(&self.message);
        if !message.is_empty() {
            return message;
        }
        match class {
            UpstreamClass::InvalidRequest => "the provider refused the request",
            UpstreamClass::ContextTooLong => "the request is longer than the model's context",
            UpstreamClass::ContentFiltered => "the provider's content filter refused the request",
            UpstreamClass::Authentication | UpstreamClass::Permission => {
                "the provider refused the credential"
            }
            UpstreamClass::Quota => "the account at the provider is exhausted",
            UpstreamClass::RateLimited => "the provider takes no more requests at the moment",
            UpstreamClass::Overloaded => "the provider is overloaded",
            UpstreamClass::ModelNotFound => "the provider does not have this model",
            UpstreamClass::Timeout => "the provider did not answer in time",
            _ => "the provider failed",
        }
        .to_owned()
    }

    /// The code, or the word beside it where it is only a status once more.
    fn word(&self) -> String {
        let is_number = !self.code.is_empty() && self.code.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && !self.kind.is_empty() { self.kind.to_ascii_lowercase() } else { self.code.clone() }
    }

    /// Whether code or type say one of these.
    fn says(&self, words: &[&str]) -> bool {
        [&self.code, &self.kind].into_iter().any(|told| {
            let told = told.to_ascii_lowercase();
            words.iter().any(|word| told.contains(word))
        })
    }

    fn message_says(&self, words: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        words.iter().any(|word| message.contains(word))
    }
}

const NO_MODEL: &[&str] = &["model_not_found", "modelnotopen", "invalidendpoint"];

/// Codes tell more than the status: a 429 may mean that nobody will ever pay, and Google answers a bad
/// key with 400. Status 0 is none.
fn class(status: u16, told: &Told) -> UpstreamClass {
    const QUOTA: &[&str] = &[
        "insufficient_quota",
        "credit_balance",
        "billing",
        "spend",
        "insufficient_balance",
        "payment_required",
        // Ark's words.
        "accountoverdue",
        "quotaexceeded",
        "setlimitexceeded",
    ];
    const FILTER: &[&str] = &[
        "content_policy",
        "content_filter",
        "moderation_blocked",
        "invalid_prompt",
        "bio_policy",
        // Ark's words.
        "sensitivecontentdetected",
        "riskdetection",
    ];
    const TOO_LONG: &[&str] = &[
        "maximum context length",
        "context window",
        "context length",
        "prompt is too long",
        "exceeds the model's context",
        "input token count",
    ];
    let is_request = matches!(status, 0 | 400 | 404 | 413 | 422);
    if is_request && (told.says(&["context_length_exceeded"]) || told.message_says(TOO_LONG)) {
        return UpstreamClass::ContextTooLong;
    }
    if is_request && told.says(FILTER) || status == 403 && told.is_moderated {
        return UpstreamClass::ContentFiltered;
    }
    if matches!(status, 0 | 400 | 401 | 403)
        && (told.says(&["invalid_api_key", "authentication", "api_key_invalid", "unauthenticated"])
            || told.message_says(&["api key not valid", "api_key_invalid", "incorrect api key"]))
    {
        return UpstreamClass::Authentication;
    }
    if matches!(status, 0 | 402 | 403 | 429) && told.says(QUOTA)
        || status == 400 && told.message_says(&["credit balance is too low"])
        // xAI's 403 has no code for it.
        || status == 403 && told.message_says(&["doesn't have any credits", "used all available credits", "no credit"])
    {
        return UpstreamClass::Quota;
    }
    // Google's word for a region or a contract that does not allow it.
    if status == 400 && told.says(&["failed_precondition"]) {
        return UpstreamClass::Permission;
    }
    match status {
        401 => UpstreamClass::Authentication,
        402 => UpstreamClass::Quota,
        403 => UpstreamClass::Permission,
        410 => UpstreamClass::ModelNotFound,
        404 if told.says(&["unsupported"]) => UpstreamClass::InvalidRequest,
        404 => UpstreamClass::ModelNotFound,
        408 | 409 | 425 => UpstreamClass::Server,
        // One request alone is more than this credential's limit: waiting does not help.
        429 if told.message_says(&["request too large"]) => UpstreamClass::InvalidRequest,
        429 if told.says(&["serveroverloaded"]) => UpstreamClass::Overloaded,
        429 => UpstreamClass::RateLimited,
        // The model wrote something that Groq can't take; another try may do better, and nothing was delivered.
        400 if told.says(&["tool_use_failed", "json_validate_failed"]) => UpstreamClass::Server,
        498 | 503 | 529 => UpstreamClass::Overloaded,
        504 => UpstreamClass::Timeout,
        500.. => UpstreamClass::Server,
        400..=499 if told.says(NO_MODEL) => UpstreamClass::ModelNotFound,
        400..=499 => UpstreamClass::InvalidRequest,
        _ => class_of_words(told),
    }
}

fn class_of_words(told: &Told) -> UpstreamClass {
    if told.says(&["rate_limit", "too_many_requests", "resource_exhausted"]) {
        UpstreamClass::RateLimited
    } else if told.says(&["overloaded", "slow_down", "unavailable"]) {
        UpstreamClass::Overloaded
    } else if told.says(&["timeout"]) {
        UpstreamClass::Timeout
    } else if told.says(NO_MODEL) {
        UpstreamClass::ModelNotFound
    } else if told.says(&["permission"]) {
        UpstreamClass::Permission
    } else if told.says(&["invalid_request", "invalid_value", "unsupported"]) {
        UpstreamClass::InvalidRequest
    } else {
        UpstreamClass::Server
    }
}

#[cfg(test)]
mod tests;
