//! Configured providers and their credentials.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::call::OnDisconnect;
use crate::ids::{CredentialId, ProviderId};
use crate::ports::{StorageError, UnixMillis};
use crate::routing::ProviderKind;

/// How long a provider may take, each for one attempt but `total`, which is for the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProviderTimeouts {
    pub connect: Duration,
    /// To the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of a stream.
    pub idle: Duration,
    pub total: Duration,
}

impl Default for ProviderTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(900),
        }
    }
}

#[derive(Debug, Clone)]
pub struct NewProvider {
    pub id: ProviderId,
    /// Unique without case; what stands before the `/` of a model's name.
    pub name: String,
    pub kind: ProviderKind,
    pub base_url: Option<String>,
    pub on_disconnect: OnDisconnect,
    /// It has OpenAI's Responses, or has it not; `None` where its address tells.
    pub responses: Option<bool>,
    pub timeouts: Option<ProviderTimeouts>,
    pub credentials: Vec<CredentialRecord>,
}

/// A credential, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRecord {
    pub id: CredentialId,
    /// The last four characters, to tell keys apart.
    pub tail: String,
    pub sealed: Vec<u8>,
    /// Its share of the provider's calls.
    pub weight: u32,
}

#[derive(Debug, Clone)]
pub struct ProviderRecord {
    pub id: ProviderId,
    pub name: String,
    pub kind: ProviderKind,
    pub base_url: Option<String>,
    pub enabled: bool,
    pub on_disconnect: OnDisconnect,
    /// It has OpenAI's Responses, or has it not; `None` where its address tells.
    pub responses: Option<bool>,
    pub timeouts: Option<ProviderTimeouts>,
    pub credentials: Vec<CredentialRecord>,
    pub created: UnixMillis,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderBookError {
    #[error("a provider of this name exists already")]
    Taken,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Every change raises the settings version in the same transaction.
#[async_trait]
pub trait ProviderBook: Send + Sync {
    async fn add(&self, provider: NewProvider) -> Result<ProviderRecord, ProviderBookError>;
    /// Adds a credential to a provider; false when there is no such provider.
    async fn add_credential(
        &self,
        provider: ProviderId,
        credential: CredentialRecord,
    ) -> Result<bool, StorageError>;
    /// False when the provider has no such credential.
    async fn remove_credential(
        &self,
        provider: ProviderId,
        credential: CredentialId,
    ) -> Result<bool, StorageError>;
    /// Changes a credential's share; false when the provider has no such credential.
    async fn weigh_credential(
        &self,
        provider: ProviderId,
        credential: CredentialId,
        weight: u32,
    ) -> Result<bool, StorageError>;
    async fn list(&self) -> Result<Vec<ProviderRecord>, StorageError>;
    /// False when there is no provider of this name.
    async fn remove(&self, name: &str) -> Result<bool, StorageError>;
}
