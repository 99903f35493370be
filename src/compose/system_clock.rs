//! The machine's clock.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use hub_domain::ports::{Clock, UnixMillis};

#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        // A clock before 1970 is not set; the epoch is as good as any other wrong time.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        UnixMillis(0).plus(since)
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
