//! Why a request is not answered by its route: the faults of HTTP itself, and those of calls.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::StatusCode;
use hub_domain::error::CallError;
use hub_domain::ports::{AuthError, NotReady, StorageError};

/// Every handler fails with this; [`crate::error_answer`] is the one place that words it for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Call(#[from] CallError),
    /// Missing, malformed, unknown, expired and revoked keys are told the same.
    #[error(
        "the access key is missing or not valid; send it as `Authorization: Bearer …`, `x-api-key` or `x-goog-api-key`"
    )]
    Unauthenticated,
    #[error("there is no such path")]
    UnknownPath,
    #[error("there is no such record")]
    UnknownRecord,
    /// With the methods that the path has.
    #[error("this path has other methods: {allow}")]
    MethodNotAllowed { allow: String },
    #[error("the body did not arrive in time")]
    BodyTimeout,
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("the body broke off or is badly framed")]
    BrokenBody,
    #[error("`Content-Type` must be `application/json` in UTF-8")]
    ContentType,
    #[error("`Content-Type` must be `multipart/form-data`")]
    FormType,
    #[error("the body must not be encoded; send it without `Content-Encoding`")]
    ContentEncoding,
    #[error("no provider of this hub makes {what} yet")]
    NotBuilt { what: &'static str },
    /// The memory for bodies is taken.
    #[error("the hub has as many request bodies in memory as it takes; try again in a moment")]
    BodiesInMemory,
}

impl Refusal {
    /// The call's error that this is, or that says the same; else the fault of HTTP.
    pub(crate) fn sort(&self) -> Result<Cow<'_, CallError>, Fault> {
        const INVALID: &str = "invalid_request_error";
        let fault = |status, kind, code| Err(Fault { status, kind, code });
        match self {
            Self::Call(error) => Ok(Cow::Borrowed(error)),
            Self::BodiesInMemory => Ok(Cow::Owned(CallError::Unavailable {
                message: self.to_string(),
                code: "overloaded",
                retry_after: Duration::from_secs(1),
            })),
            Self::Unauthenticated => fault(StatusCode::UNAUTHORIZED, INVALID, "invalid_api_key"),
            Self::UnknownPath => fault(StatusCode::NOT_FOUND, INVALID, "unknown_url"),
            Self::UnknownRecord => fault(StatusCode::NOT_FOUND, INVALID, "not_found"),
            Self::MethodNotAllowed { .. } => {
                fault(StatusCode::METHOD_NOT_ALLOWED, INVALID, "method_not_supported")
            }
            Self::NotBuilt { .. } => fault(StatusCode::NOT_IMPLEMENTED, INVALID, "not_implemented"),
            Self::BodyTimeout => fault(StatusCode::REQUEST_TIMEOUT, "timeout", "request_timeout"),
            Self::BodyTooLarge { .. } => fault(StatusCode::PAYLOAD_TOO_LARGE, INVALID, "request_too_large"),
            Self::BrokenBody => fault(StatusCode::BAD_REQUEST, INVALID, "broken_body"),
            Self::ContentType | Self::FormType | Self::ContentEncoding => {
                fault(StatusCode::UNSUPPORTED_MEDIA_TYPE, INVALID, "unsupported_media_type")
            }
        }
    }
}

/// How a fault of HTTP is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) code: &'static str,
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid => Self::Unauthenticated,
            AuthError::Storage(error) => error.into(),
        }
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::Call(hub_domain::use_cases::admit::storage_error(error))
    }
}

impl From<NotReady> for Refusal {
    fn from(not_ready: NotReady) -> Self {
        Self::Call(CallError::Unavailable {
            message: format!("the hub takes no calls at the moment: {}", not_ready.reason),
            code: "not_ready",
            retry_after: not_ready.retry_after,
        })
    }
}
