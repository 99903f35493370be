//! Settlements that wait for the database, bounded. While it is away answers end as pending; when it
//! is back each is recorded, exactly once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use hub_domain::ports::{CallLedger, CloseError, Closing};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Beyond this the end of a stream waits.
const CAPACITY: usize = 10_000;
/// Settlements that are recorded at once: the store commits them as one group.
const GROUP: usize = 32;
const RETRY_EVERY: Duration = Duration::from_millis(500);

struct Waiting {
    closing: Arc<Closing>,
    /// Gives its place back when the settlement is recorded.
    _place: OwnedSemaphorePermit,
}

pub struct Pending {
    queue: Mutex<VecDeque<Waiting>>,
    places: Arc<Semaphore>,
    added: Notify,
    emptied: Notify,
}

impl Pending {
    pub fn new() -> Self {
        Self {
            queue: Mutex::default(),
            places: Arc::new(Semaphore::new(CAPACITY)),
            added: Notify::new(),
            emptied: Notify::new(),
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a settlement; waits for a place when the queue is full.
    pub async fn push(&self, closing: Arc<Closing>) {
        // The semaphore is never closed.
        if let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
            self.queue().push_back(Waiting { closing, _place: place });
            self.added.notify_one();
        }
    }

    pub fn len(&self) -> usize {
        self.queue().len()
    }

    /// Resolves when nothing waits.
    pub async fn wait_empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// Records what waits, oldest first, for as long as the process lives.
    pub async fn run(&self, ledger: Arc<dyn CallLedger>) {
        loop {
            let group: Vec<_> =
                self.queue().iter().take(GROUP).map(|waiting| waiting.closing.clone()).collect();
            if group.is_empty() {
                self.emptied.notify_waiters();
                self.added.notified().await;
                continue;
            }
            let closed = join_all(group.iter().map(|closing| record(ledger.as_ref(), closing))).await;
            let is_away = closed.contains(&false);
            // Only this task takes from the queue, so its front is still the group.
            self.queue().retain({
                let mut closed = closed.into_iter();
                move |_| !closed.next().unwrap_or(false)
            });
            if is_away {
                tokio::time::sleep(RETRY_EVERY).await;
            }
        }
    }
}

/// False when it has to be tried again.
async fn record(ledger: &dyn CallLedger, closing: &Arc<Closing>) -> bool {
    match ledger.close(Arc::clone(closing)).await {
        Err(CloseError::Storage(error)) if error.is_away() => return false,
        // The others must not wait for it; the reaper voids it when its time is over.
        Err(CloseError::Storage(error)) => {
            tracing::error!(call = %closing.call, %error, "a settlement can't be recorded");
        }
        Err(CloseError::OutOfRange(error)) => {
            tracing::error!(call = %closing.call, %error, "a settlement can't be recorded");
        }
        Err(CloseError::Unknown) | Ok(_) => {}
    }
    true
}
