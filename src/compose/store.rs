//! Opens the store, waits a while for one that is away, and sees to its tables.

use std::path::Path;
use std::time::{Duration, Instant};

use hub_storage::{OpenError, Store, StoreSettings};

use super::data_dir::create_private_dir;
use crate::cli::Failure;
use crate::settings::{Configuration, Durability, StorageUrl};

/// What may be done to a database that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Bring the tables up to date (`serve`, where `storage.migrate` allows it; `migrate`).
    Migrate,
    /// Make a new database, but never change an old one (commands that write).
    Create,
    /// Only what is there (commands that look).
    Existing,
}

/// For so long a database that can't be reached is tried again; somebody waits for a command.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_OF_COMMANDS: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A store that is ready, and the steps that were taken for it.
pub struct OpenedStore {
    pub store: Store,
    pub migrated: Vec<String>,
}

/// The address in force: the configured one, else `hub.db` in the data directory.
pub fn storage_url(configuration: &Configuration) -> StorageUrl {
    let configured = configuration.settings.storage.url.clone();
    configured.0.unwrap_or_else(|| StorageUrl::Sqlite(configuration.data_dir.file("hub.db")))
}

/// Opens the configured store as far as `opening` allows.
pub async fn open_store(configuration: &Configuration, opening: Opening) -> Result<OpenedStore, Failure> {
    let url = storage_url(configuration);
    if let Some(file) = url.file() {
        prepare_file(file, opening)?;
    }
    let settings = StoreSettings {
        url: match url {
            StorageUrl::Sqlite(file) => hub_storage::StorageUrl::Sqlite(file),
            StorageUrl::Postgres(url) => hub_storage::StorageUrl::Postgres(url.to_string()),
        },
        durability: match *configuration.settings.storage.durability {
            Durability::Normal => hub_storage::Durability::Normal,
            Durability::Full => hub_storage::Durability::Full,
        },
        ..StoreSettings::default()
    };
    let patience = match (&settings.url, opening) {
        // A file is there or it is not.
        (hub_storage::StorageUrl::Sqlite(_), _) => Duration::ZERO,
        (_, Opening::Migrate) => PATIENCE,
        (_, Opening::Create | Opening::Existing) => PATIENCE_OF_COMMANDS,
    };
    let store = patiently(settings, patience).await?;
    match see_to_tables(&store, configuration, opening).await {
        Ok(migrated) => Ok(OpenedStore { store, migrated }),
        Err(failure) => {
            store.close().await;
            Err(failure)
        }
    }
}

/// A database file needs its directory; one that is not there is made only where that is wanted.
fn prepare_file(file: &Path, opening: Opening) -> Result<(), Failure> {
    if file.exists() {
        return Ok(());
    }
    if opening == Opening::Existing {
        return Err(Failure::refused(format!(
            "there is no database at {} yet; make one with `aigne-hub migrate` or `aigne-hub serve`",
            file.display()
        )));
    }
    match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => Ok(create_private_dir(dir)?),
        _ => Ok(()),
    }
}

/// Tries again while the database can't be reached, for a bounded time.
async fn patiently(settings: StoreSettings, patience: Duration) -> Result<Store, Failure> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match Store::open(settings.clone()).await {
            Ok(store) => return Ok(store),
            Err(error @ OpenError::Unreachable(_)) => {
                if started.elapsed() + pause >= patience {
                    let tried = started.elapsed().as_secs();
                    return Err(match tried {
                        0 => Failure::refused(error),
                        _ => Failure::Busy(format!("{error} (tried for {tried} s)")),
                    });
                }
                tracing::warn!(%error, "trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(Failure::refused(error)),
        }
    }
}

/// The first step of all: a database that lacks it is new.
fn is_new(pending: &[String]) -> bool {
    pending.iter().any(|step| step.starts_with("0001"))
}

async fn see_to_tables(
    store: &Store,
    configuration: &Configuration,
    opening: Opening,
) -> Result<Vec<String>, Failure> {
    let pending = store.pending_migrations().await?;
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let may = match opening {
        Opening::Migrate => true,
        Opening::Create => *configuration.settings.storage.migrate && is_new(&pending),
        Opening::Existing => false,
    };
    if may {
        return Ok(store.migrate().await?);
    }
    let what = if is_new(&pending) { "has no tables yet" } else { "has tables of an older version" };
    Err(Failure::refused(format!("the database {what}; run `aigne-hub migrate`")))
}
