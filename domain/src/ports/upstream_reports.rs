//! What each instance finds wrong with upstreams, for those who ask another process.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::ids::InstanceEpoch;
use crate::ports::{StorageError, UnixMillis};

/// A provider's model or credential that an instance leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamTrouble {
    pub provider: String,
    /// `None` where a credential is meant, whatever the model.
    pub model: Option<String>,
    /// The last characters of the credential.
    pub credential: Option<String>,
    /// `cooling_down`, `removed`, `circuit_open` or `half_open`.
    pub state: String,
    /// In the words that records have.
    pub reason: String,
    /// When it is tried again; `None` where only a test brings it back.
    pub until: Option<UnixMillis>,
}

/// What one instance told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamReport {
    pub instance: Arc<str>,
    pub troubles: Vec<UpstreamTrouble>,
}

#[async_trait]
pub trait UpstreamReports: Send + Sync {
    /// Takes the place of what this instance told before.
    async fn tell(&self, by: &InstanceEpoch, troubles: Vec<UpstreamTrouble>) -> Result<(), StorageError>;
    /// Of the instances that live, in the order of their names.
    async fn told(&self) -> Result<Vec<UpstreamReport>, StorageError>;
}
