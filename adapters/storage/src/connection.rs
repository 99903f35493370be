//! A connection to either database, and the macro that writes a query once for both.

use std::error::Error;
use std::future::ready;

use diesel::SqliteConnection;
use diesel_async::AsyncPgConnection;
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use futures_util::future::BoxFuture;

pub type Sqlite = SyncConnectionWrapper<SqliteConnection, Run>;

#[allow(clippy::large_enum_variant)] // a handful for each process, and hardly ever moved
pub enum Connection {
    Sqlite(Sqlite),
    Postgres(AsyncPgConnection),
}

/// Writes a query once and compiles it for each database:
/// `on_backend!(conn, c => accounts::table.find(id).first::<Row>(c).await)`.
macro_rules! on_backend {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::connection::Connection::Sqlite($c) => $body,
            $crate::connection::Connection::Postgres($c) => $body,
        }
    };
}
pub(crate) use on_backend;

/// Where a statement of SQLite runs.
pub enum Run {
    /// In place: the writer is an OS thread of its own and may block.
    Here,
    /// On tokio's blocking pool: readers are tasks and may not.
    Pool,
}

impl SpawnBlocking for Run {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync>>> {
        match self {
            Run::Here => Box::pin(ready(Ok(task()))),
            Run::Pool => Box::pin(async { Ok(tokio::task::spawn_blocking(task).await?) }),
        }
    }

    fn get_runtime() -> Self {
        Run::Pool
    }
}

impl Connection {
    /// Runs text without parameters or an answer.
    pub async fn batch(&mut self, sql: &str) -> diesel::QueryResult<()> {
        use diesel_async::SimpleAsyncConnection;
        on_backend!(self, c => c.batch_execute(sql).await)
    }
}
