//! Keeps the routing snapshot fresh: every change of settings is seen within half a second.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use hub_domain::ports::{RateBook, Snapshots, StorageError};
use hub_domain::routing::Snapshot;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Makes a snapshot of providers, credentials and rates as they are now.
#[async_trait]
pub trait LoadSnapshot: Send + Sync {
    async fn load(&self) -> Result<Snapshot, StorageError>;
}

pub struct SnapshotKeeper {
    current: ArcSwap<Snapshot>,
    loader: Arc<dyn LoadSnapshot>,
    rates: Arc<dyn RateBook>,
}

impl SnapshotKeeper {
    /// Loads the first snapshot and goes on looking for changes in the background.
    pub async fn start(
        loader: Arc<dyn LoadSnapshot>,
        rates: Arc<dyn RateBook>,
    ) -> Result<Arc<Self>, StorageError> {
        let current = ArcSwap::from_pointee(loader.load().await?);
        let keeper = Arc::new(Self { current, loader, rates });
        let weak = Arc::downgrade(&keeper);
        tokio::spawn(async move {
            let mut look = tokio::time::interval(LOOK_EVERY);
            look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                look.tick().await;
                let Some(keeper) = weak.upgrade() else { return };
                if let Err(error) = keeper.refresh().await {
                    tracing::debug!(%error, "settings could not be looked at");
                }
            }
        });
        Ok(keeper)
    }

    async fn refresh(&self) -> Result<(), StorageError> {
        let version = self.rates.settings_version().await?;
        if version != self.current.load().settings_version {
            let snapshot = self.loader.load().await?;
            tracing::info!(version = snapshot.settings_version, "settings changed");
            self.current.store(Arc::new(snapshot));
        }
        Ok(())
    }
}

impl Snapshots for SnapshotKeeper {
    fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }
}
