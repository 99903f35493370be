//! The families of paths. Each has its own shape of errors and of lists.

use actix_web::http::header::{HeaderMap, HeaderName};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Surface {
    /// `/api/…`, which the original's clients use.
    Api,
    /// `/v1/…`, always OpenAI's.
    OpenAi,
    /// `/v1/messages…` and `/anthropic/…`.
    Anthropic,
    /// `/v1beta/…` and `/gemini/…`.
    Gemini,
}

/// Every Anthropic client sends it, and nobody else does.
pub(crate) const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// Every client of Google's sends its key so.
pub(crate) const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

impl Surface {
    /// Of a path without the base path; it need not be one of ours.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        let is_below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if is_below("/anthropic") || is_below("/v1/messages") {
            Self::Anthropic
        } else if is_below("/gemini") || is_below("/v1beta") {
            Self::Gemini
        } else if is_below("/v1/models") && headers.contains_key(ANTHROPIC_VERSION) {
            // All three have a list of models there.
            Self::Anthropic
        } else if is_below("/v1/models") && headers.contains_key(X_GOOG_API_KEY) {
            Self::Gemini
        } else if is_below("/v1") {
            Self::OpenAi
        } else {
            Self::Api
        }
    }

    /// The family of OpenAI's own errors.
    pub(crate) fn openai(self) -> hub_dialects::openai::Surface {
        match self {
            Self::Api => hub_dialects::openai::Surface::Api,
            Self::OpenAi | Self::Anthropic | Self::Gemini => hub_dialects::openai::Surface::V1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn a_path_tells_its_family() {
        let none = HeaderMap::new();
        for (path, surface) in [
            ("/v1/messages", Surface::Anthropic),
            ("/v1/messages/count_tokens", Surface::Anthropic),
            ("/anthropic/v1/models", Surface::Anthropic),
            ("/gemini/v1/models/x", Surface::Gemini),
            ("/v1beta/models", Surface::Gemini),
            ("/anthropics", Surface::Api),
            ("/v1/models", Surface::OpenAi),
            ("/v1/messagesx", Surface::OpenAi),
            ("/api/v2/models", Surface::Api),
        ] {
            assert_eq!(Surface::of(path, &none), surface, "{path}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"));
        assert_eq!(Surface::of("/v1/models/x", &headers), Surface::Anthropic);
        assert_eq!(Surface::of("/v1/chat/completions", &headers), Surface::OpenAi);
        let mut headers = HeaderMap::new();
        headers.insert(X_GOOG_API_KEY, HeaderValue::from_static("k"));
        assert_eq!(Surface::of("/v1/models/{model}*", &headers), Surface::Gemini);
    }
}
