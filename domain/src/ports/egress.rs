//! What callers have the hub fetch by URL.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// A picture or a document, by what its bytes are and not by what its server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub media_type: &'static str,
    pub bytes: Bytes,
}

/// Why there is nothing. Who asked learns from it no more than that: whether an address exists, is refused
/// or does not answer is told in the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    #[error("it can't be fetched")]
    Unreachable,
    #[error("it is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("it is no PNG, JPEG, WebP, GIF or PDF")]
    UnknownType,
}

#[async_trait]
pub trait Egress: Send + Sync {
    /// Gets what a caller's URL names, if it is at a public address or one that the operator allows.
    async fn fetch(&self, url: &str, time: Duration) -> Result<Fetched, EgressError>;
}
