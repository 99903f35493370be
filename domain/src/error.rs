//! Why a call failed, sorted by who can do something about it. Each dialect maps this one type.

use std::time::Duration;

use crate::money::Credits;

/// What an upstream's failure means for the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpstreamClass {
    /// The request is at fault; never tried again.
    InvalidRequest,
    ContextTooLong,
    ContentFiltered,
    /// The credential was refused.
    Authentication,
    /// The credential lacks this model.
    Permission,
    /// The credential has no money.
    Quota,
    RateLimited,
    Overloaded,
    Server,
    Timeout,
    ModelNotFound,
    /// An answer that can't be understood, a redirect, or one beyond the limits.
    BadAnswer,
    /// DNS, connect, TLS, reset.
    Transport,
}

impl UpstreamClass {
    /// Whether another try, on this credential or another, could succeed.
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::InvalidRequest | Self::ContextTooLong | Self::ContentFiltered)
    }

    /// Whether the same credential could succeed a moment later.
    pub const fn same_credential_may_succeed(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::Overloaded
                | Self::Server
                | Self::Timeout
                | Self::BadAnswer
                | Self::Transport
        )
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ContextTooLong => "context_length_exceeded",
            Self::ContentFiltered => "content_filter",
            Self::Authentication => "upstream_authentication",
            Self::Permission => "upstream_permission",
            Self::Quota => "upstream_quota",
            Self::RateLimited => "rate_limit_exceeded",
            Self::Overloaded => "server_is_overloaded",
            Self::Server => "upstream_error",
            Self::Timeout => "timeout",
            Self::ModelNotFound => "upstream_model_not_found",
            Self::BadAnswer => "upstream_bad_answer",
            Self::Transport => "upstream_unreachable",
        }
    }
}

/// One failed try upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    pub class: UpstreamClass,
    /// The upstream's HTTP status, where there was one.
    pub status: Option<u16>,
    /// The upstream's own code.
    pub code: Option<String>,
    /// The field that the upstream found at fault.
    pub param: Option<String>,
    /// Sanitised: no key, address or host of ours.
    pub message: String,
    /// When the upstream wants to be asked again.
    pub retry_after: Option<Duration>,
    /// The request may have been executed, so that the provider may bill it.
    pub maybe_executed: bool,
}

impl ProviderError {
    /// A failure of which no upstream told more than this, or anything at all.
    pub fn new(class: UpstreamClass, message: impl Into<String>, maybe_executed: bool) -> Self {
        Self {
            class,
            status: None,
            code: None,
            param: None,
            message: message.into(),
            retry_after: None,
            maybe_executed,
        }
    }
}

/// Why a call was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The client can mend its request (400).
    #[error("{message}")]
    InvalidRequest { message: String, param: Option<String>, code: &'static str },
    /// 404.
    #[error("the model `{model}` does not exist or is not available to you")]
    ModelNotFound { model: String },
    /// 400.
    #[error("the model `{model}` has no price for this kind of call")]
    ModelNotPriced { model: String },
    /// The provider is disabled or has no credential (503).
    #[error("no provider is available for the model `{model}`")]
    ProviderUnavailable { model: String },
    /// 402; the client can top up.
    #[error("{needed} credits are needed, {balance} are available")]
    InsufficientCredits { balance: Credits, needed: Credits, link: Option<String> },
    /// 422.
    #[error("the amount is out of range")]
    AmountOutOfRange,
    /// 403.
    #[error("{message}")]
    Forbidden { message: String, code: &'static str },
    /// The same idempotency key is in use (409, worth another try).
    #[error("a request with this idempotency key is still running")]
    IdempotencyInProgress,
    /// 422.
    #[error("this idempotency key was used with another request")]
    IdempotencyMismatch,
    /// 409, not worth another try.
    #[error("the answer to this idempotency key was not kept")]
    IdempotencyAnswerNotKept,
    /// Too many calls at once (429).
    #[error("{message}")]
    RateLimited { message: String, code: &'static str, retry_after: Duration },
    /// The hub is overloaded, draining, or without its database (503).
    #[error("{message}")]
    Unavailable { message: String, code: &'static str, retry_after: Duration },
    /// The upstream failed.
    #[error(transparent)]
    Upstream(#[from] ProviderError),
    /// The hub's own fault (500); the text is for the log.
    #[error("internal error")]
    Internal { detail: String },
}

impl CallError {
    /// The code that records and clients see.
    pub fn code(&self) -> &str {
        match self {
            Self::InvalidRequest { code, .. }
            | Self::Forbidden { code, .. }
            | Self::RateLimited { code, .. }
            | Self::Unavailable { code, .. } => code,
            Self::ModelNotFound { .. } => "model_not_found",
            Self::ModelNotPriced { .. } => "model_not_priced",
            Self::ProviderUnavailable { .. } => "provider_unavailable",
            Self::InsufficientCredits { .. } => "insufficient_credits",
            Self::AmountOutOfRange => "amount_out_of_range",
            Self::IdempotencyInProgress => "idempotency_in_progress",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::IdempotencyAnswerNotKept => "idempotency_answer_not_kept",
            Self::Upstream(error) => error.class.name(),
            Self::Internal { .. } => "internal_error",
        }
    }

    /// A request that breaks a rule of the dialect.
    pub fn invalid(message: impl Into<String>, param: impl Into<Option<String>>, code: &'static str) -> Self {
        Self::InvalidRequest { message: message.into(), param: param.into(), code }
    }
}
