//! Tells the database what this process leaves alone, for those who ask another one.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use hub_domain::ports::{UpstreamReports, UpstreamTrouble};
use hub_domain::upstream_health::Trouble;

use super::service::Shared;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Two reckonings of one instant differ by less.
const ROUNDING_MS: i64 = 2_000;

/// Runs until the calls' service is gone.
pub fn start(shared: &Arc<Shared>, reports: Arc<dyn UpstreamReports>) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        let mut told = Vec::new();
        while look(&shared, reports.as_ref(), &mut told).await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
}

async fn look(shared: &Weak<Shared>, reports: &dyn UpstreamReports, told: &mut Vec<UpstreamTrouble>) -> bool {
    let Some(shared) = shared.upgrade() else { return false };
    let now = shared.clock.now();
    let found = shared.upstreams.troubles(Instant::now()).into_iter();
    let troubles: Vec<_> = found
        .map(|Trouble { provider, model, credential, state, reason, retry_after }| UpstreamTrouble {
            provider,
            model,
            credential,
            state: state.to_owned(),
            reason: reason.to_owned(),
            until: retry_after.map(|left| now.plus(left)),
        })
        .collect();
    let is_new =
        troubles.len() != told.len() || !troubles.iter().zip(&*told).all(|(now, old)| same(now, old));
    if is_new {
        match reports.tell(&shared.epoch(), troubles.clone()).await {
            Ok(()) => *told = troubles,
            Err(error) => tracing::debug!(%error, "what is wrong with upstreams could not be told"),
        }
    }
    true
}

fn same(one: &UpstreamTrouble, other: &UpstreamTrouble) -> bool {
    let until = match (one.until, other.until) {
        (Some(one), Some(other)) => (one.0 - other.0).abs() < ROUNDING_MS,
        (one, other) => one == other,
    };
    until && UpstreamTrouble { until: other.until, ..one.clone() } == *other
}
