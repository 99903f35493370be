//! Job claims, in memory.

use std::time::Duration;

use async_trait::async_trait;

use super::Memory;
use crate::ids::InstanceEpoch;
use crate::ports::{Fence, Jobs, StorageError};

#[async_trait]
impl Jobs for Memory {
    async fn claim(
        &self,
        job: &str,
        _by: &InstanceEpoch,
        ttl: Duration,
        every: Duration,
    ) -> Result<Option<Fence>, StorageError> {
        let now = self.now();
        let mut tables = self.tables()?;
        let row = tables.jobs.entry(job.to_owned()).or_default();
        let is_claimed = row.claimed_until.is_some_and(|until| until > now);
        let is_fresh = row.done.is_some_and(|done| done.plus(every) > now);
        if is_claimed || is_fresh {
            return Ok(None);
        }
        row.fence += 1;
        row.claimed_until = Some(now.plus(ttl));
        Ok(Some(Fence(row.fence)))
    }

    async fn done(&self, job: &str, fence: Fence) -> Result<(), StorageError> {
        let now = self.now();
        let mut tables = self.tables()?;
        if let Some(row) = tables.jobs.get_mut(job).filter(|row| row.fence == fence.0) {
            row.claimed_until = None;
            row.done = Some(now);
        }
        Ok(())
    }
}
