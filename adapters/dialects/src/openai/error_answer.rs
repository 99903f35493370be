//! The one mapping from a call's error to what an OpenAI client is told.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hub_domain::error::{CallError, ProviderError, UpstreamClass};
use hub_domain::money::Credits;
use serde::Serialize;

use crate::wire::written_event::unnamed_event;

/// Which family of paths was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// `/api/…`, which the original's clients use.
    Api,
    /// `/v1/…`, always OpenAI's.
    V1,
}

/// An error on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorAnswer {
    pub status: u16,
    pub body: Bytes,
    /// For `Retry-After`.
    pub retry_after: Option<Duration>,
    /// For `x-should-retry`, which the official clients obey before they look at the status.
    pub should_retry: bool,
}

const INVALID_REQUEST: &str = "invalid_request_error";
const UNAVAILABLE: &str = "service_unavailable_error";
const UPSTREAM: &str = "upstream_error";
const IDEMPOTENCY: &str = "idempotency_error";

/// What stands in for an upstream's silence about when to come back.
const COME_BACK: Duration = Duration::from_secs(2);
/// Operators have to act before these mend.
const COME_BACK_LATER: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
    message: &'a str,
}

#[derive(Serialize)]
struct StreamEnvelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    shortfall: Option<Shortfall<'a>>,
}

/// What a 402 has on top.
#[derive(Serialize)]
struct Shortfall<'a> {
    /// Empty where there is nowhere to pay.
    link: &'a str,
    timestamp: String,
    balance: Credits,
    needed: Credits,
}

/// An error, worded. Other dialects say the same in their own envelope.
pub(crate) struct Told<'a> {
    pub(crate) status: u16,
    kind: &'static str,
    code: &'a str,
    param: Option<&'a str>,
    pub(crate) message: String,
    pub(crate) retry: Retry,
}

#[derive(Clone, Copy)]
pub(crate) enum Retry {
    No,
    After(Duration),
    /// Worth another try, and nobody knows when.
    Soon,
}

impl Retry {
    /// When to come back, where that is known, and whether it is worth it.
    pub(crate) fn advice(self) -> (Option<Duration>, bool) {
        match self {
            Self::No => (None, false),
            Self::After(time) => (Some(time), true),
            Self::Soon => (None, true),
        }
    }
}

/// The one mapping from a call's error to what an OpenAI client is told.
pub fn error_answer(error: &CallError, surface: Surface) -> ErrorAnswer {
    let told = tell(error, surface);
    let body = Envelope { error: told.body(error), message: &told.message };
    let (retry_after, should_retry) = told.retry.advice();
    ErrorAnswer { status: told.status, body: json(&body), retry_after, should_retry }
}

/// The same JSON shape for faults that HTTP has and calls have not.
pub fn error_body(message: &str, kind: &str, param: Option<&str>, code: &str) -> Bytes {
    json(&Envelope { error: Body { message, kind, param, code, shortfall: None }, message })
}

/// Writes an error inside a stream, as an event.
pub(super) fn write_stream_error(error: &CallError, out: &mut BytesMut) {
    let told = tell(error, Surface::V1);
    unnamed_event(&json(&StreamEnvelope { error: told.body(error) }), out);
}

fn json(value: &impl Serialize) -> Bytes {
    // Strings and numbers only: it can't fail.
    serde_json::to_vec(value).map(Bytes::from).unwrap_or_default()
}

impl Told<'_> {
    fn body<'a>(&'a self, error: &'a CallError) -> Body<'a> {
        let shortfall = match error {
            CallError::InsufficientCredits { balance, needed, link } => Some(Shortfall {
                link: link.as_deref().unwrap_or_default(),
                timestamp: format!("{:.3}", jiff::Timestamp::now()),
                balance: *balance,
                needed: *needed,
            }),
            _ => None,
        };
        Body { message: &self.message, kind: self.kind, param: self.param, code: self.code, shortfall }
    }
}

pub(crate) fn tell(error: &CallError, surface: Surface) -> Told<'_> {
    let told = |status, kind, param, retry| Told {
        status,
        kind,
        code: error.code(),
        param,
        message: error.to_string(),
        retry,
    };
    match error {
        CallError::InvalidRequest { param, .. } => told(400, INVALID_REQUEST, param.as_deref(), Retry::No),
        CallError::ModelNotFound { .. } => told(404, INVALID_REQUEST, Some("model"), Retry::No),
        CallError::ModelNotPriced { .. } => told(400, INVALID_REQUEST, Some("model"), Retry::No),
        CallError::ProviderUnavailable { .. } => {
            told(503, UNAVAILABLE, Some("model"), Retry::After(COME_BACK_LATER))
        }
        CallError::InsufficientCredits { link, .. } => {
            let kind = match surface {
                Surface::Api => "NOT_ENOUGH",
                Surface::V1 => "insufficient_quota",
            };
            let mut told = told(402, kind, None, Retry::No);
            told.message = format!("Not enough credits: {error}.");
            if let Some(link) = link {
                // The original's clients show the text, and its end is where they expect the link.
                told.message.push_str(" Top up at ");
                told.message.push_str(link);
            }
            told
        }
        CallError::AmountOutOfRange => told(422, INVALID_REQUEST, None, Retry::No),
        CallError::Forbidden { .. } => told(403, "permission_denied", None, Retry::No),
        CallError::IdempotencyInProgress => {
            told(409, IDEMPOTENCY, None, Retry::After(Duration::from_secs(1)))
        }
        CallError::IdempotencyMismatch => told(422, IDEMPOTENCY, None, Retry::No),
        CallError::IdempotencyAnswerNotKept => told(409, IDEMPOTENCY, None, Retry::No),
        CallError::RateLimited { retry_after, .. } => {
            told(429, "rate_limit_error", None, Retry::After(*retry_after))
        }
        CallError::Unavailable { retry_after, .. } => {
            told(503, UNAVAILABLE, None, Retry::After(*retry_after))
        }
        CallError::Upstream(error) => upstream(error),
        CallError::Internal { .. } => told(500, "server_error", None, Retry::No),
    }
}

/// Texts of upstreams are passed on only where the request is at fault: elsewhere they speak of the
/// operator's account.
fn upstream(error: &ProviderError) -> Told<'_> {
    let param = error.param.as_deref();
    let own_code = error.code.as_deref().unwrap_or(error.class.name());
    let told = |status, kind, code, message: &str, retry| Told {
        status,
        kind,
        code,
        param: None,
        message: message.to_owned(),
        retry,
    };
    let broken = || told(502, UPSTREAM, error.class.name(), &error.message, Retry::Soon);
    let after = |default| Retry::After(error.retry_after.unwrap_or(default));
    match error.class {
        UpstreamClass::InvalidRequest => {
            let status = error.status.filter(|status| matches!(status, 413 | 415 | 422)).unwrap_or(400);
            Told { param, ..told(status, INVALID_REQUEST, own_code, &error.message, Retry::No) }
        }
        UpstreamClass::ContextTooLong => Told {
            param: param.or(Some("messages")),
            ..told(400, INVALID_REQUEST, error.class.name(), &error.message, Retry::No)
        },
        UpstreamClass::ContentFiltered => {
            Told { param, ..told(400, INVALID_REQUEST, error.class.name(), &error.message, Retry::No) }
        }
        UpstreamClass::Authentication | UpstreamClass::Permission => told(
            502,
            UPSTREAM,
            UpstreamClass::Authentication.name(),
            "the provider refused the hub's credential",
            Retry::Soon,
        ),
        UpstreamClass::Quota => told(
            503,
            UNAVAILABLE,
            error.class.name(),
            "the hub's account at the provider is exhausted",
            after(COME_BACK_LATER),
        ),
        UpstreamClass::RateLimited => told(
            429,
            "rate_limit_error",
            error.class.name(),
            "the provider takes no more requests at the moment; try again later",
            after(COME_BACK),
        ),
        UpstreamClass::Overloaded => told(
            503,
            UNAVAILABLE,
            error.class.name(),
            "the provider is overloaded; try again later",
            after(COME_BACK),
        ),
        UpstreamClass::ModelNotFound => Told {
            param: Some("model"),
            ..told(
                404,
                INVALID_REQUEST,
                "model_not_found",
                "the provider does not have this model",
                Retry::No,
            )
        },
        UpstreamClass::Timeout => told(504, "timeout", error.class.name(), &error.message, Retry::Soon),
        UpstreamClass::Server | UpstreamClass::BadAnswer | UpstreamClass::Transport => broken(),
    }
}
