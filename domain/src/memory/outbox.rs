//! The outbox, in memory.

use async_trait::async_trait;

use super::Memory;
use crate::ids::CallId;
use crate::ports::{BillingMode, Outbox, StorageError, UsageEvent};

#[async_trait]
impl Outbox for Memory {
    async fn waiting(&self, mode: BillingMode, limit: u32) -> Result<Vec<UsageEvent>, StorageError> {
        let tables = self.tables()?;
        let waiting = tables.outbox.values().filter(|row| row.mode == mode && !row.acknowledged);
        let mut events: Vec<_> = waiting.map(|row| row.event.clone()).collect();
        events.sort_by_key(|event| (event.created, event.call));
        events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(events)
    }

    async fn acknowledge(&self, calls: &[CallId]) -> Result<(), StorageError> {
        let mut tables = self.tables()?;
        for call in calls {
            if let Some(row) = tables.outbox.get_mut(call) {
                row.acknowledged = true;
            }
        }
        Ok(())
    }

    async fn depth(&self) -> Result<u64, StorageError> {
        let tables = self.tables()?;
        let waiting = tables.outbox.values().filter(|row| !row.acknowledged).count();
        u64::try_from(waiting).map_err(StorageError::broken)
    }
}
