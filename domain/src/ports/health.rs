//! How storage does.

use async_trait::async_trait;

use crate::ports::StorageError;

/// Numbers for `/metrics`; those that a database does not have are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// Commands that wait for the writer.
    pub writer_queue: u64,
    /// Groups committed, and commands in them, since the start.
    pub groups: u64,
    pub commands: u64,
    /// Bytes of SQLite's write-ahead log.
    pub wal_bytes: Option<u64>,
    /// Groups committed, and not yet known to be on the disk.
    pub unsynced_groups: Option<u64>,
}

#[async_trait]
pub trait Health: Send + Sync {
    /// Asks the database something small.
    async fn ping(&self) -> Result<(), StorageError>;
    fn report(&self) -> HealthReport;
}
