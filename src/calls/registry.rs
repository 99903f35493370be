//! The calls in flight of this process. It lives outside the supervisor, so that a supervisor's end
//! loses nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::Recipient;
use dashmap::DashMap;
use hub_domain::ids::CallId;
use tokio::sync::Notify;

use super::actor::Interrupt;
use super::live::LiveCall;

/// A call in flight and how to reach its actor.
#[derive(Clone)]
pub struct Entry {
    pub call: Arc<LiveCall>,
    pub actor: Recipient<Interrupt>,
}

#[derive(Default)]
pub struct Registry {
    calls: DashMap<CallId, Entry>,
    /// Calls that have begun and are not yet recorded as ended, those without an entry included.
    open: AtomicUsize,
    emptied: Notify,
}

impl Registry {
    /// A call begins; it counts as open until [`Self::ended`].
    pub fn begun(&self, entry: Entry) {
        self.open.fetch_add(1, Ordering::AcqRel);
        self.calls.insert(entry.call.id, entry);
    }

    /// The call is recorded as ended, or waits to be. Saying it twice changes nothing.
    pub fn ended(&self, call: CallId) -> Option<Entry> {
        let (_, entry) = self.calls.remove(&call)?;
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.emptied.notify_waiters();
        }
        Some(entry)
    }

    pub fn len(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    pub fn snapshot(&self) -> Vec<Entry> {
        self.calls.iter().map(|entry| entry.value().clone()).collect()
    }

    /// Resolves when no call is open.
    pub async fn wait_empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }
}
