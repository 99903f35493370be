//! What a hold and its settlement cost by themselves: the storage alone, without HTTP.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::meter::Meter;
use hub_domain::ports::contract::{Stage, World};
use hub_domain::ports::{
    Accounts, Answers, Auditor, CallHistory, CallLedger, Health, Jobs, KeyStore, Leases, ModelBook, Outbox,
    ProviderBook, RateBook, SealedRows, UpstreamReports,
};
use hub_domain::usage::{Quantities, Usage};
use hub_storage::{Durability, StorageUrl, Store, StoreSettings};

use crate::process::own_cpu;

/// Calls in flight at once, as a busy hub has them.
const AT_ONCE: usize = 64;

struct Books(Store);

#[async_trait]
impl World for Books {
    fn accounts(&self) -> &dyn Accounts {
        &self.0
    }
    fn ledger(&self) -> &dyn CallLedger {
        &self.0
    }
    fn history(&self) -> &dyn CallHistory {
        &self.0
    }
    fn leases(&self) -> &dyn Leases {
        &self.0
    }
    fn jobs(&self) -> &dyn Jobs {
        &self.0
    }
    fn keys(&self) -> &dyn KeyStore {
        &self.0
    }
    fn rates(&self) -> &dyn RateBook {
        &self.0
    }
    fn providers(&self) -> &dyn ProviderBook {
        &self.0
    }
    fn models(&self) -> &dyn ModelBook {
        &self.0
    }
    fn upstream_reports(&self) -> &dyn UpstreamReports {
        &self.0
    }
    fn sealed(&self) -> &dyn SealedRows {
        &self.0
    }
    fn outbox(&self) -> &dyn Outbox {
        &self.0
    }
    fn answers(&self) -> &dyn Answers {
        &self.0
    }
    fn auditor(&self) -> &dyn Auditor {
        &self.0
    }
    fn health(&self) -> &dyn Health {
        &self.0
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// CPU time of one hold and its settlement, on a fresh SQLite database, one at a time and many at once.
pub struct Cost {
    pub alone: Duration,
    pub at_once: Duration,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |cpu: Duration| cpu.as_secs_f64() * 1e6;
        write!(
            f,
            "hold + settle, CPU time of the books: {:.1} µs alone, {:.1} µs with {AT_ONCE} calls in flight",
            micros(self.alone),
            micros(self.at_once)
        )
    }
}

pub async fn hold_and_settle(dir: &Path, pairs: usize) -> Result<Cost, Box<dyn std::error::Error>> {
    let url = StorageUrl::Sqlite(dir.join("books.db"));
    let store =
        Store::open(StoreSettings { url, durability: Durability::Normal, ..StoreSettings::default() })
            .await?;
    store.migrate().await?;
    let books = Books(store);
    let stage = Stage::set(&books, 1_000_000_000_000).await;
    let quantities = Quantities::default().with(Meter::Input, 32).with(Meter::Output, 41);
    let usage = Usage { quantities, ..Usage::default() };

    let pair = || async { stage.run(&stage.call(100, Some(100)), usage).await };
    let before = own_cpu()?;
    for _ in 0..pairs {
        pair().await;
    }
    let alone = own_cpu()?.saturating_sub(before);

    let before = own_cpu()?;
    let lane = || async {
        for _ in 0..pairs / AT_ONCE {
            pair().await;
        }
    };
    let lanes: Vec<_> = (0..AT_ONCE).map(|_| lane()).collect();
    futures_util::future::join_all(lanes).await;
    let at_once = own_cpu()?.saturating_sub(before);

    let each = |cpu: Duration, pairs: usize| cpu / u32::try_from(pairs).unwrap_or(u32::MAX).max(1);
    Ok(Cost { alone: each(alone, pairs), at_once: each(at_once, pairs / AT_ONCE * AT_ONCE) })
}
