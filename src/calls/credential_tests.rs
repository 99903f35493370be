//! Tests credentials that their upstreams refused, and brings back what is well again.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::service::Shared;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Runs until the calls' service is gone.
pub fn start(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        while look(&shared).await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
}

async fn look(shared: &Weak<Shared>) -> bool {
    let Some(shared) = shared.upgrade() else { return false };
    for candidate in shared.upstreams.to_test(Instant::now()) {
        let provider = &candidate.provider.name;
        let snapshot = shared.snapshots.current();
        let is_known = snapshot.providers().iter().any(|one| {
            let same = |key: &str| {
                candidate.credential.as_ref().is_some_and(|credential| credential.secret.expose() == key)
            };
            one.name == *provider && one.credentials.iter().any(|own| same(own.secret.expose()))
        });
        if !is_known {
            shared.upstreams.returned(&candidate);
            continue;
        }
        match shared.provider.test(&candidate).await {
            Ok(()) => {
                tracing::info!(%provider, "a refused credential is well again");
                shared.upstreams.returned(&candidate);
            }
            Err(error) => tracing::warn!(%provider, %error, "a refused credential is still refused"),
        }
    }
    true
}
