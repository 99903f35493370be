//! Background jobs that one instance at a time runs.

use std::time::Duration;

use async_trait::async_trait;

use crate::ids::InstanceEpoch;
use crate::ports::StorageError;

/// Proof of a claim; a later claim has a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub i64);

#[async_trait]
pub trait Jobs: Send + Sync {
    /// Claims a job for `ttl`, when nobody has it or its claim is over, and when it has not been done
    /// for `every`.
    async fn claim(
        &self,
        job: &str,
        by: &InstanceEpoch,
        ttl: Duration,
        every: Duration,
    ) -> Result<Option<Fence>, StorageError>;
    /// Says that the job was done, and gives it back. Changes nothing when the claim was lost.
    async fn done(&self, job: &str, fence: Fence) -> Result<(), StorageError>;
}
