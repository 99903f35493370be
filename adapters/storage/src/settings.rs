//! Which database, and how it is used.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Where the database is: `sqlite:///var/lib/aigne-hub/hub.db` or `postgres://user@host/name`.
#[derive(Clone, PartialEq, Eq)]
pub enum StorageUrl {
    Sqlite(PathBuf),
    /// As libpq takes it, `sslmode` and `sslrootcert` included.
    Postgres(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStorageUrl {
    #[error("a storage address starts with sqlite:// or postgres://")]
    UnknownScheme,
    #[error("a file's path has to follow sqlite://")]
    NoPath,
}

impl FromStr for StorageUrl {
    type Err = InvalidStorageUrl;

    fn from_str(text: &str) -> Result<Self, InvalidStorageUrl> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return if path.is_empty() || path.ends_with('/') {
                Err(InvalidStorageUrl::NoPath)
            } else {
                Ok(Self::Sqlite(PathBuf::from(path)))
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(InvalidStorageUrl::UnknownScheme)
    }
}

/// Without the password.
impl fmt::Debug for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

/// When a write to SQLite is answered. PostgreSQL answers when its own disk has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// At its commit: a killed process loses nothing, a power cut the last few milliseconds at most.
    #[default]
    Normal,
    /// Once the disk has it.
    Full,
}

#[derive(Debug, Clone)]
pub struct StoreSettings {
    pub url: StorageUrl,
    pub durability: Durability,
    /// Connections for reading (SQLite), or for everything but holds and settlements (PostgreSQL).
    pub pool_size: usize,
    /// PostgreSQL: connections that write holds and settlements, in groups.
    pub writers: usize,
    /// Commands that may wait for a writer; those beyond are told that the database is away.
    pub queue: usize,
    /// How long a command waits for a database that somebody else keeps busy.
    pub busy_timeout: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            url: StorageUrl::Sqlite(PathBuf::from("hub.db")),
            durability: Durability::default(),
            pool_size: (4 * cores).min(16),
            writers: 4,
            queue: 4096,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

impl StoreSettings {
    pub fn new(url: StorageUrl) -> Self {
        Self { url, ..Self::default() }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address or a certificate can't be used.
    #[error("{0}")]
    Settings(String),
    /// The database can't be reached, or the file can't be opened.
    #[error("the database can't be opened: {0}")]
    Unreachable(String),
    #[error("SQLite {0} is too old: its log can corrupt the file; 3.51.3 is the oldest that will do")]
    TooOld(String),
}
