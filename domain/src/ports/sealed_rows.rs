//! All that is sealed in the database: counted by its key, and sealed anew under another one.

use async_trait::async_trait;

use crate::ids::{CallId, CredentialId, ProviderId};
use crate::ports::StorageError;

/// Where a sealed text stands, with all that it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedPlace {
    /// A provider's key.
    Credential { provider: ProviderId, credential: CredentialId, base_url: Option<String> },
    /// The answer that is kept of a call.
    Answer(CallId),
}

/// How many texts begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCount {
    pub what: SealedKind,
    /// Their first bytes.
    pub head: Vec<u8>,
    pub rows: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedKind {
    Credential,
    Answer,
}

/// The sealed columns. What their first bytes mean, and which key they name, is for the one who seals.
#[async_trait]
pub trait SealedRows: Send + Sync {
    /// All texts, by their first `length` bytes.
    async fn counts(&self, length: u8) -> Result<Vec<SealedCount>, StorageError>;

    /// Texts that don't begin so, from the first one after a place on, at most `limit`. The order of
    /// places is fixed; whoever goes on after the last place of an answer until there are none has seen
    /// all that were there all along.
    async fn other_than(
        &self,
        head: &[u8],
        after: Option<&SealedPlace>,
        limit: u16,
    ) -> Result<Vec<(SealedPlace, Vec<u8>)>, StorageError>;

    /// Puts a text in the place of another, if that still stands there; whether it did.
    async fn replace(&self, place: &SealedPlace, before: &[u8], now: &[u8]) -> Result<bool, StorageError>;

    /// Gives up a text, if it still stands there: the credential is gone, the answer counts as not kept.
    async fn forget(&self, place: &SealedPlace, before: &[u8]) -> Result<bool, StorageError>;

    /// The name of the key that seals here, once one does.
    async fn sealing_key(&self) -> Result<Option<i64>, StorageError>;

    /// Names it. It is a change of settings, so that every instance looks at its keys again.
    async fn set_sealing_key(&self, name: i64) -> Result<(), StorageError>;
}
