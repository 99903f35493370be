//! In-memory implementations of the ports, for tests. [`Memory`] is a whole store: it gives the same
//! promises as the databases do, with a clock that a test moves.

mod accounts;
mod answers;
mod audit;
mod call_history;
mod call_ledger;
mod collected_usage;
mod health;
mod jobs;
mod kept_media;
mod key_store;
mod known_tokens;
mod leases;
mod manual_clock;
mod marked_secrets;
mod model_book;
mod outbox;
mod provider_book;
mod rate_book;
mod scripted_provider;
mod sealed_rows;
mod tables;
mod upstream_reports;
mod word_counter;
mod world;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use collected_usage::CollectedUsage;
pub use kept_media::KeptMedia;
pub use known_tokens::KnownTokens;
pub use manual_clock::ManualClock;
pub use marked_secrets::MarkedSecrets;
pub use scripted_provider::ScriptedProvider;
pub use word_counter::WordCounter;

use crate::ports::{Clock, StorageError, UnixMillis};
use tables::Tables;

/// A store whose tables live and die with the process.
#[derive(Clone, Default)]
pub struct Memory {
    tables: Arc<Mutex<Tables>>,
    clock: Arc<ManualClock>,
    away: Arc<AtomicBool>,
}

impl Memory {
    pub fn new() -> Self {
        Self::default()
    }

    /// The clock by which leases, limits and a day's answers are measured.
    pub fn clock(&self) -> &Arc<ManualClock> {
        &self.clock
    }

    /// From now on every step fails as if the database were gone, until it is back.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// The tables, for one atomic step.
    fn tables(&self) -> Result<MutexGuard<'_, Tables>, StorageError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(StorageError::away("the test said so"));
        }
        Ok(self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
