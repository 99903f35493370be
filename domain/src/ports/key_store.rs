//! Access keys. Their text is never stored.

use async_trait::async_trait;

use crate::ids::{AccountId, KeyId};
use crate::ports::{StorageError, UnixMillis};
use crate::vocabulary::{LimitChange, Limits, Role};

/// A key to be stored. `hash` is SHA-256 of the whole text.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub id: KeyId,
    pub hash: [u8; 32],
    /// The last four characters, to tell keys apart.
    pub tail: String,
    pub account: AccountId,
    pub name: Option<String>,
    pub role: Role,
    pub expires: Option<UnixMillis>,
    pub limits: Limits,
}

/// A stored key with what a call needs to know of its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: KeyId,
    pub account: AccountId,
    pub account_name: String,
    pub did: Option<String>,
    pub name: Option<String>,
    pub tail: String,
    pub role: Role,
    pub limits: Limits,
    pub account_limits: Limits,
    pub created: UnixMillis,
    pub expires: Option<UnixMillis>,
    pub revoked: Option<UnixMillis>,
    /// To the minute.
    pub last_used: Option<UnixMillis>,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyStoreError {
    #[error("there is no such account")]
    UnknownAccount,
    #[error("this key exists already")]
    Taken,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

#[async_trait]
pub trait KeyStore: Send + Sync {
    async fn add(&self, key: NewKey) -> Result<KeyRecord, KeyStoreError>;
    /// Every key, or those of one account, revoked ones included, in the order of their making.
    async fn list(&self, account: Option<AccountId>) -> Result<Vec<KeyRecord>, StorageError>;
    /// By the hash of its text, revoked and expired ones included.
    async fn find(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>, StorageError>;
    /// Revokes for good, and raises the settings version. False when there is no such key or it was
    /// revoked before.
    async fn revoke(&self, id: KeyId) -> Result<bool, StorageError>;
    /// Changes a key's limits, and raises the settings version. The key as it is then; `None` when there is
    /// no such key.
    async fn limit(&self, id: KeyId, change: LimitChange) -> Result<Option<KeyRecord>, StorageError>;
    /// Notes when keys were last used.
    async fn note_use(&self, used: &[(KeyId, UnixMillis)]) -> Result<(), StorageError>;
}
