//! Drain slots: how many answers without a reader may be read to their end at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Clone)]
pub struct DrainSlots {
    free: Arc<Semaphore>,
    total: usize,
}

/// Freed when dropped.
pub struct DrainSlot(#[allow(dead_code)] OwnedSemaphorePermit);

impl DrainSlots {
    pub fn new(slots: usize) -> Self {
        let slots = slots.min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(slots)), total: slots }
    }

    /// Slots in use.
    pub fn in_use(&self) -> usize {
        self.total.saturating_sub(self.free.available_permits())
    }

    /// A slot at once, or none: waiting would let stalled upstreams escape the bound.
    pub fn take(&self) -> Option<DrainSlot> {
        Arc::clone(&self.free).try_acquire_owned().ok().map(DrainSlot)
    }
}
