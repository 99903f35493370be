//! Connections that are used by one task at a time and kept for the next.
//!
//! Only who says that a connection is as it was gives it back; whatever else happens to it (an error, a
//! panic, a dropped future) closes it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hub_domain::ports::StorageError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::connection::Connection;
use crate::postgres;
use crate::sqlite;

/// How long a task waits for a connection that others use.
const PATIENCE: Duration = Duration::from_secs(1);
/// A connection that rested longer is asked whether it still lives.
const REST: Duration = Duration::from_secs(30);

/// Where connections come from.
#[derive(Clone)]
pub enum Source {
    Sqlite { file: std::path::PathBuf, busy_timeout: Duration },
    Postgres(Arc<postgres::Server>),
}

pub struct Pool {
    source: Source,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

pub struct Pooled {
    pub connection: Connection,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub fn new(source: Source, size: usize) -> Self {
        Self { source, permits: Arc::new(Semaphore::new(size.max(1))), idle: Mutex::default() }
    }

    pub async fn take(&self) -> Result<Pooled, StorageError> {
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(StorageError::away("no connection to it is free"));
        };
        loop {
            let rested = self.idle().pop();
            let Some((mut connection, since)) = rested else { break };
            if since.elapsed() < REST || connection.batch("SELECT 1").await.is_ok() {
                return Ok(Pooled { connection, _permit: permit });
            }
        }
        let connection = match &self.source {
            Source::Sqlite { file, busy_timeout } => {
                let (file, role) = (file.clone(), sqlite::Role::Reader(*busy_timeout));
                let connected = tokio::task::spawn_blocking(move || sqlite::connect(&file, role)).await;
                let connected = connected.map_err(StorageError::broken)?;
                Connection::Sqlite(sqlite::pooled(connected.map_err(StorageError::away)?))
            }
            Source::Postgres(server) => {
                Connection::Postgres(server.connect().await.map_err(StorageError::away)?)
            }
        };
        Ok(Pooled { connection, _permit: permit })
    }

    pub fn give_back(&self, pooled: Pooled) {
        self.idle().push((pooled.connection, Instant::now()));
    }

    /// Forgets resting connections: their server is gone.
    pub fn clear(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
