//! [`Health`]: whether the database answers, and how the engine does.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use hub_domain::ports::{Health, HealthReport, StorageError};

use crate::store::Database;
use crate::{Store, settings_version};

#[async_trait]
impl Health for Store {
    async fn ping(&self) -> Result<(), StorageError> {
        self.vital().read((), settings_version::read).await.map(|_| ())
    }

    fn report(&self) -> HealthReport {
        match &self.engine.database {
            Database::Sqlite { writer, .. } => HealthReport {
                writer_queue: writer.waiting(),
                groups: writer.counts.groups.load(Ordering::Relaxed),
                commands: writer.counts.commands.load(Ordering::Relaxed),
                wal_bytes: Some(writer.on_disk.log_bytes()),
                unsynced_groups: Some(writer.on_disk.behind()),
            },
            Database::Postgres { writers, .. } => {
                let (groups, commands) = writers.counts();
                HealthReport { writer_queue: writers.waiting(), groups, commands, ..HealthReport::default() }
            }
        }
    }
}
