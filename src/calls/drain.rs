//! Drain slots: how many answers without a reader may be read to their end at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Clone)]
pub struct DrainSlots(Arc<Semaphore>);

/// Freed when dropped.
pub struct DrainSlot(#[allow(dead_code)] OwnedSemaphorePermit);

impl DrainSlots {
    pub fn new(slots: usize) -> Self {
        Self(Arc::new(Semaphore::new(slots)))
    }

    /// A slot at once, or none: waiting would let stalled upstreams escape the bound.
    pub fn take(&self) -> Option<DrainSlot> {
        Arc::clone(&self.0).try_acquire_owned().ok().map(DrainSlot)
    }
}
