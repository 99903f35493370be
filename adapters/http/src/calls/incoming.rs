//! What comes in with a call: its body, and what stands in its head.

use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::web;
use bytes::Bytes;
use hub_dialects::{legacy, openai};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Canonical, Dialect, Request, Source};
use percent_encoding::percent_decode;

use super::dialect_choice::{self, ChatDialect};
use crate::body;
use crate::exchange::Exchange;
use crate::refusal::Refusal;
use crate::surface::Surface;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const CLIENT_DID: HeaderName = HeaderName::from_static("x-aigne-hub-client-did");
/// A longer name of an application is cut.
const MAX_APP: usize = 256;

pub(super) async fn body(exchange: &Exchange, payload: web::Payload) -> Result<Bytes, Refusal> {
    let service = &exchange.service;
    body::read(exchange.headers(), payload, service.settings.body, &service.bodies).await
}

pub(super) fn request(dialect: Dialect, canonical: Canonical, body: Bytes) -> Request {
    Request { source: Some(Source::of(dialect, body)), canonical }
}

/// A request to a path on which two dialects are spoken.
pub(super) fn chat(exchange: &Exchange, body: Bytes) -> Result<Request, CallError> {
    let headers = exchange.headers();
    let dialect = match exchange.surface {
        Surface::Api => dialect_choice::choose(headers, &body)?,
        _ => ChatDialect::OpenAi,
    };
    Ok(match dialect {
        ChatDialect::OpenAi => request(Dialect::OpenAi, openai::decode_chat(&body)?, body),
        ChatDialect::Legacy => {
            let accepts_events = dialect_choice::accepts_events(headers);
            request(Dialect::Legacy, legacy::decode_chat(&body, accepts_events)?, body)
        }
    })
}

/// Headers of Anthropic's dialect that its own API is to see.
const ANTHROPIC_HEADERS: [&str; 2] = ["anthropic-version", "anthropic-beta"];

pub(super) fn messages(canonical: Canonical, body: Bytes, headers: &HeaderMap) -> Request {
    let given = ANTHROPIC_HEADERS.into_iter().flat_map(|name| {
        let values = headers.get_all(HeaderName::from_static(name));
        values.filter_map(move |value| Some((name, value.to_str().ok()?.to_owned())))
    });
    let source = Source { headers: given.collect(), ..Source::of(Dialect::Anthropic, body) };
    Request { source: Some(source), canonical }
}

pub(super) fn traceparent(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(TRACEPARENT)?.to_str().ok()?.to_owned())
}

/// The calling application as it names itself, percent-encoded or not.
pub(super) fn app_did(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(CLIENT_DID)?.as_bytes();
    let decoded = percent_decode(given).decode_utf8().ok()?;
    let shown: String = decoded.trim().chars().filter(|char| !char.is_control()).take(MAX_APP).collect();
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn app(value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(CLIENT_DID, HeaderValue::from_static(value));
        app_did(&headers)
    }

    #[test]
    fn an_application_may_name_itself_percent_encoded() {
        assert_eq!(app("%40aigne%2Faigne-hub%3Adevbox").unwrap(), "@aigne/aigne-hub:devbox");
        assert_eq!(app(" @aigne/aigne-hub:devbox ").unwrap(), "@aigne/aigne-hub:devbox");
    }

    #[test]
    fn an_empty_name_is_none_and_control_characters_are_left_out() {
        assert_eq!(app(""), None);
        assert_eq!(app("%20%0a"), None);
        assert_eq!(app("a%0db").unwrap(), "ab");
    }
}
