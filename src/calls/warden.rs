//! Keeps a supervisor alive. `actix::Supervisor` does not survive a panic in a handler, so a plain
//! task outside actix watches over it and starts the next one; calls go on meanwhile.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::SendError;
use actix::{Actor, Addr, Arbiter};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::service::Shared;
use super::supervisor::{CallSupervisor, Orphan, Ping, settle_orphan};

const LOOK_EVERY: Duration = Duration::from_millis(250);

pub struct Warden {
    tasks: std::sync::Mutex<Vec<JoinHandle<()>>>,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Warden {
    /// Ends the supervisor and the tasks beside it.
    pub async fn stop(&self) {
        let _ = self.stop.send(true);
        let tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for task in tasks {
            // A task that panicked has ended too.
            let _ = task.await;
        }
    }
}

/// Starts a supervisor on an arbiter of its own and watches over it.
pub fn start(shared: Arc<Shared>, orphans: mpsc::Receiver<Orphan>) -> Warden {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let pending = tokio::spawn({
        let (shared, mut stopped) = (Arc::clone(&shared), stopped.clone());
        async move {
            tokio::select! {
                () = shared.pending.run(Arc::clone(&shared.ledger)) => {}
                _ = stopped.changed() => {}
            }
        }
    });
    // An arbiter needs the actix system, which this thread runs in and the watching task does not.
    let watch = tokio::spawn(watch(shared, orphans, stopped, Arbiter::new()));
    Warden { tasks: std::sync::Mutex::new(vec![pending, watch]), stop }
}

async fn supervise(shared: &Arc<Shared>, arbiter: &Arbiter) -> Option<Addr<CallSupervisor>> {
    let (started, address) = oneshot::channel();
    let shared = Arc::clone(shared);
    arbiter.spawn_fn(move || {
        let _ = started.send(CallSupervisor::new(shared).start());
    });
    address.await.ok()
}

async fn watch(
    shared: Arc<Shared>,
    mut orphans: mpsc::Receiver<Orphan>,
    mut stopped: tokio::sync::watch::Receiver<bool>,
    arbiter: Arbiter,
) {
    let mut supervisor = supervise(&shared, &arbiter).await;
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            orphan = orphans.recv() => {
                let Some(orphan) = orphan else { continue };
                let left = match &supervisor {
                    Some(supervisor) => supervisor.try_send(orphan).err().map(SendError::into_inner),
                    None => Some(orphan),
                };
                if let Some(orphan) = left {
                    // The supervisor is just gone too: its thread is still there.
                    arbiter.spawn(settle_orphan(Arc::clone(&shared), orphan));
                }
            }
            _ = look.tick() => {
                let lives = match &supervisor {
                    Some(supervisor) => supervisor.send(Ping).timeout(LOOK_EVERY * 8).await.is_ok(),
                    None => false,
                };
                if !lives {
                    tracing::error!("the supervisor of calls is gone; it starts again");
                    supervisor = supervise(&shared, &arbiter).await;
                }
            }
        }
    }
    arbiter.stop();
}
