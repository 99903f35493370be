//! What a failed exchange means. Texts name no address: clients see them.

use std::error::Error;
use std::io;

use hub_domain::error::{ProviderError, UpstreamClass};

/// Before a head has come. Whether the request may have been executed depends on how far it got.
pub fn before_the_head(error: &reqwest::Error) -> ProviderError {
    tracing::debug!(error = %Causes(error), "an upstream did not answer");
    if error.is_connect() {
        let message = if error.is_timeout() {
            "no connection to the upstream in time"
        } else {
            "the upstream can't be reached"
        };
        return ProviderError::new(UpstreamClass::Transport, message, false);
    }
    if error.is_builder() {
        return ProviderError::new(
            UpstreamClass::Transport,
            "the request can't be sent to this upstream",
            false,
        );
    }
    let Some(cause) = find::<hyper::Error>(error) else {
        return ProviderError::new(UpstreamClass::Transport, "the connection to the upstream failed", true);
    };
    if cause.is_parse() {
        return ProviderError::new(UpstreamClass::BadAnswer, "the upstream's answer is no HTTP", true);
    }
    // Canceled: the connection was gone before anything was written.
    let maybe_executed = !cause.is_canceled();
    ProviderError::new(
        UpstreamClass::Transport,
        "the upstream closed the connection without an answer",
        maybe_executed,
    )
}

pub fn no_head_in_time() -> ProviderError {
    ProviderError::new(UpstreamClass::Timeout, "the upstream did not answer in time", true)
}

/// In the middle of a body.
pub fn in_the_body(error: &reqwest::Error) -> ProviderError {
    tracing::debug!(error = %Causes(error), "an upstream broke off");
    ProviderError::new(UpstreamClass::Transport, "the upstream broke off in the middle of its answer", true)
}

pub fn silent() -> ProviderError {
    ProviderError::new(UpstreamClass::Timeout, "the upstream fell silent in the middle of its answer", true)
}

pub fn out_of_time() -> ProviderError {
    ProviderError::new(UpstreamClass::Timeout, "the upstream's answer took too long", true)
}

pub fn too_large() -> ProviderError {
    ProviderError::new(UpstreamClass::BadAnswer, "the upstream's answer is too large", true)
}

pub fn unknown_encoding() -> ProviderError {
    ProviderError::new(
        UpstreamClass::BadAnswer,
        "the upstream's answer is compressed in a way that was not asked for",
        true,
    )
}

/// From unpacking.
pub fn badly_packed(error: &io::Error) -> ProviderError {
    match error.kind() {
        io::ErrorKind::FileTooLarge => too_large(),
        io::ErrorKind::UnexpectedEof => ProviderError::new(
            UpstreamClass::Transport,
            "the upstream broke off in the middle of its answer",
            true,
        ),
        _ => ProviderError::new(UpstreamClass::BadAnswer, "the upstream's answer is badly compressed", true),
    }
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The causes of an error. Its own text is left out: it has the address, and all that stands in it.
struct Causes<'a>(&'a reqwest::Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, "{cause}")?;
            next = cause.source();
            if next.is_some() {
                f.write_str(": ")?;
            }
        }
        Ok(())
    }
}
