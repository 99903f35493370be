//! Leases, in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Memory;
use super::tables::Lease;
use crate::ids::InstanceEpoch;
use crate::ports::{CallStatus, LeaseError, Leases, StorageError};

#[async_trait]
impl Leases for Memory {
    async fn begin(&self, instance: &str, ttl: Duration) -> Result<InstanceEpoch, StorageError> {
        let until = self.now().plus(ttl);
        let mut tables = self.tables()?;
        let instance: Arc<str> = Arc::from(instance);
        let last = tables.last_epoch.entry(Arc::clone(&instance)).or_default();
        *last += 1;
        let epoch = InstanceEpoch { epoch: *last, instance };
        tables.leases.insert(epoch.clone(), Lease { until, ended: false });
        Ok(epoch)
    }

    async fn renew(&self, epoch: &InstanceEpoch, ttl: Duration) -> Result<(), LeaseError> {
        let until = self.now().plus(ttl);
        let mut tables = self.tables()?;
        let lease = tables.leases.get_mut(epoch).filter(|lease| !lease.ended).ok_or(LeaseError::Lost)?;
        lease.until = until;
        Ok(())
    }

    async fn end(&self, epoch: &InstanceEpoch) -> Result<(), StorageError> {
        let now = self.now();
        let mut tables = self.tables()?;
        let has_open_calls =
            tables.calls.values().any(|row| row.by == *epoch && row.record.status == CallStatus::Processing);
        if has_open_calls {
            if let Some(lease) = tables.leases.get_mut(epoch) {
                *lease = Lease { until: lease.until.min(now), ended: true };
            }
        } else {
            tables.leases.remove(epoch);
        }
        Ok(())
    }

    async fn clock_skew_ms(&self) -> Result<i64, StorageError> {
        self.tables().map(|_| 0)
    }
}
