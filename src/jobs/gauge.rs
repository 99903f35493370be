//! Looks at the books every few seconds, for `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use hub_domain::ports::{CallLedger, Outbox};

use crate::telemetry::Metrics;

const LOOK_EVERY: Duration = Duration::from_secs(5);

pub async fn watch_books(
    ledger: Arc<dyn CallLedger>,
    outbox: Arc<dyn Outbox>,
    metrics: Arc<Metrics>,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = tick.tick() => {}
        }
        match (ledger.open_holds().await, outbox.depth().await) {
            (Ok((_, held)), Ok(waiting)) => metrics.books(held.units(), waiting),
            (Err(error), _) | (_, Err(error)) => tracing::debug!(%error, "the books could not be looked at"),
        }
    }
}
