//! How a store in memory does: well, unless a test says otherwise.

use async_trait::async_trait;

use super::Memory;
use crate::ports::{Health, HealthReport, StorageError};

#[async_trait]
impl Health for Memory {
    async fn ping(&self) -> Result<(), StorageError> {
        self.tables().map(|_| ())
    }

    fn report(&self) -> HealthReport {
        HealthReport::default()
    }
}
