//! A clock that a test moves.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::ports::{Clock, UnixMillis};

/// Stands still until it is moved; whoever sleeps moves it.
pub struct ManualClock(AtomicI64);

impl Default for ManualClock {
    /// Begins in November 2025.
    fn default() -> Self {
        Self(AtomicI64::new(1_763_942_400_000))
    }
}

impl ManualClock {
    pub fn advance(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }

    async fn sleep(&self, time: Duration) {
        self.advance(time);
    }
}
