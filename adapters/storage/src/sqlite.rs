//! SQLite: how its connections are set up, the one thread that writes, and the one that brings what was
//! written to the disk.

mod group;
mod sync;
mod turns;
mod writer;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, ConnectionError, ConnectionResult, RunQueryDsl, SqliteConnection};

use crate::connection::{Run, Sqlite};
use crate::settings::OpenError;

pub use group::{Command, Outcome};
pub use writer::Writer;

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// The writer thread, who waits so long for other processes that write.
    Writer(Duration),
    /// Never writes.
    Reader(Duration),
    /// Checkpoints only.
    Sync,
    Migration,
}

/// The log is read from by other processes while it grows, so a sync thread does the checkpoints;
/// `recursive_triggers` keeps `INSERT OR REPLACE` from passing the trigger that forbids deletion.
const SETUP: &str = "
    PRAGMA foreign_keys = ON;
    PRAGMA recursive_triggers = ON;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA temp_store = MEMORY;
    PRAGMA mmap_size = 0;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;";

/// For connecting only: a passive checkpoint waits for nobody.
const SYNC_PATIENCE: Duration = Duration::from_secs(5);

/// Blocks.
pub fn connect(file: &Path, role: Role) -> ConnectionResult<SqliteConnection> {
    let name = file.to_str().ok_or_else(|| ConnectionError::InvalidConnectionUrl("not UTF-8".into()))?;
    let mut conn = SqliteConnection::establish(name)?;
    let busy_timeout = match role {
        Role::Writer(timeout) | Role::Reader(timeout) => timeout,
        Role::Sync => SYNC_PATIENCE,
        Role::Migration => Duration::from_secs(60),
    };
    let setup = |error| ConnectionError::CouldntSetupConfiguration(error);
    conn.batch_execute(&format!("PRAGMA busy_timeout = {}", busy_timeout.as_millis())).map_err(setup)?;
    if !matches!(role, Role::Reader(_)) {
        conn.batch_execute("PRAGMA journal_mode = WAL").map_err(setup)?;
    }
    conn.batch_execute(SETUP).map_err(setup)?;
    if matches!(role, Role::Reader(_)) {
        conn.batch_execute("PRAGMA query_only = ON").map_err(setup)?;
    }
    Ok(conn)
}

/// A connection whose statements run on tokio's blocking pool.
pub fn pooled(conn: SqliteConnection) -> Sqlite {
    Sqlite::with_runtime(conn, Run::Pool)
}

/// Makes the file, for its owner only, where there is none, and looks at it. Blocks.
pub fn prepare(file: &Path) -> Result<(), OpenError> {
    let unreachable =
        |error: &dyn std::fmt::Display| OpenError::Unreachable(format!("{}: {error}", file.display()));
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(file)
        .map_err(|error| unreachable(&error))?;
    let mut conn = connect(file, Role::Migration).map_err(|error| unreachable(&error))?;
    refuse_old_versions(&mut conn)
}

/// Older ones can corrupt the file when two connections commit and checkpoint at once.
const OLDEST: (u32, u32, u32) = (3, 51, 3);

fn refuse_old_versions(conn: &mut SqliteConnection) -> Result<(), OpenError> {
    let version: String = diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>("sqlite_version()"))
        .get_result(conn)
        .map_err(|error| OpenError::Unreachable(error.to_string()))?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST { Err(OpenError::TooOld(version)) } else { Ok(()) }
}

/// sysexits' `EX_SOFTWARE`: whoever runs the hub starts it again, and the start recovers.
const EXIT_CODE: i32 = 70;

/// Ends the process, because going on could lose what was promised.
fn give_up(why: &str) -> ! {
    tracing::error!("{why}; the process ends, so that its next start recovers");
    std::process::exit(EXIT_CODE)
}
