//! Bringing a database's tables up to date. Several processes may start at once: one migrates, the
//! others wait for it and find nothing left to do.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use hub_domain::ports::StorageError;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The name of the advisory lock under which PostgreSQL is migrated: `hub` in ASCII.
const LOCK: &str = "6845794";

/// Whether steps are taken, or only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Run,
    Look,
}

/// Blocks.
pub fn sqlite(file: &Path, mode: Mode) -> Result<Vec<String>, StorageError> {
    let mut conn = crate::sqlite::connect(file, crate::sqlite::Role::Migration)
        .map_err(|error| StorageError::away(error.to_string()))?;
    match mode {
        Mode::Look => pending(&mut conn, SQLITE),
        // One transaction for all steps: it locks out other processes, and a killed one leaves nothing.
        Mode::Run => conn
            .immediate_transaction(|conn| Ok::<_, diesel::result::Error>(run::<Sqlite>(conn, SQLITE)))
            .map_err(|error| crate::failure::storage_error(&error))?,
    }
}

/// Blocks, on a thread where tokio may be blocked on.
pub fn postgres(conn: AsyncPgConnection, mode: Mode) -> Result<Vec<String>, StorageError> {
    let mut conn: AsyncConnectionWrapper<AsyncPgConnection> = conn.into();
    let unlimited = "SET statement_timeout = 0; SET lock_timeout = 0;";
    // Held until the connection is dropped.
    conn.batch_execute(&format!("{unlimited} SELECT pg_advisory_lock({LOCK})"))
        .map_err(|error| crate::failure::storage_error(&error))?;
    match mode {
        Mode::Look => pending::<Pg>(&mut conn, POSTGRES),
        Mode::Run => run::<Pg>(&mut conn, POSTGRES),
    }
}

fn pending<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: impl MigrationSource<DB>,
) -> Result<Vec<String>, StorageError> {
    Ok(names(&conn.pending_migrations(source).map_err(StorageError::broken)?))
}

fn run<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    source: impl MigrationSource<DB>,
) -> Result<Vec<String>, StorageError> {
    let steps = conn.pending_migrations(source).map_err(StorageError::broken)?;
    conn.run_migrations(&steps).map_err(StorageError::broken)?;
    Ok(names(&steps))
}

fn names<DB: diesel::backend::Backend>(steps: &[Box<dyn Migration<DB>>]) -> Vec<String> {
    steps.iter().map(|step| step.name().to_string()).collect()
}
