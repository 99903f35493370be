//! Virtual models that operators added while the hub runs.

use async_trait::async_trait;

use crate::ports::StorageError;
use crate::routing::{Fallback, Strategy, Target, VirtualModel};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVirtualModel {
    pub name: String,
    pub strategy: Strategy,
    pub targets: Vec<Target>,
    pub fallback: Fallback,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum ModelBookError {
    #[error("a virtual model of this name exists already")]
    Taken,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Every change raises the settings version in the same transaction.
#[async_trait]
pub trait ModelBook: Send + Sync {
    /// With `replace`, one of the same name is changed; it keeps its age.
    async fn put(&self, model: NewVirtualModel, replace: bool) -> Result<VirtualModel, ModelBookError>;
    /// In the order of names.
    async fn list(&self) -> Result<Vec<VirtualModel>, StorageError>;
    /// False when there is no virtual model of this name.
    async fn remove(&self, name: &str) -> Result<bool, StorageError>;
}
