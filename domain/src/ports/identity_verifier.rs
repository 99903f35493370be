//! From what a caller presents to who it is.

use async_trait::async_trait;

use crate::ports::StorageError;
use crate::vocabulary::Principal;

/// What a request carried to prove who it is from.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// A bearer token: an access key.
    Token(&'a str),
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthError {
    /// Missing, malformed, unknown, expired or revoked: all alike (401).
    #[error("the access key is not valid")]
    Invalid,
    /// It could not be checked (503, never 401).
    #[error(transparent)]
    Storage(#[from] StorageError),
}

#[async_trait]
pub trait IdentityVerifier: Send + Sync {
    async fn verify(&self, presented: Presented<'_>) -> Result<Principal, AuthError>;
}
