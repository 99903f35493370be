//! Leases of instances: who is alive, in the database's time.

use std::time::Duration;

use async_trait::async_trait;

use crate::ids::InstanceEpoch;
use crate::ports::StorageError;

#[derive(Debug, Clone, thiserror::Error)]
pub enum LeaseError {
    /// Another instance ended this lease; the process must not admit calls.
    #[error("the lease is over")]
    Lost,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

#[async_trait]
pub trait Leases: Send + Sync {
    /// Begins a new epoch of an instance; its lease lasts `ttl`.
    async fn begin(&self, instance: &str, ttl: Duration) -> Result<InstanceEpoch, StorageError>;
    /// Extends the lease to `ttl` from now.
    async fn renew(&self, epoch: &InstanceEpoch, ttl: Duration) -> Result<(), LeaseError>;
    /// Ends the lease. An epoch that still has open calls keeps its row, so that they are found stale.
    async fn end(&self, epoch: &InstanceEpoch) -> Result<(), StorageError>;
    /// The database's clock less this machine's, in milliseconds.
    async fn clock_skew_ms(&self) -> Result<i64, StorageError>;
}
