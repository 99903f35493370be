//! What this process knows of its own lease, by the monotonic clock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hub_domain::ports::{NotReady, Readiness};

/// Read for each call without a lock.
pub struct Standing {
    started: Instant,
    ttl: Duration,
    /// Milliseconds from `started` to the last renewal that succeeded; it is dated to before the
    /// renewal was sent, so that this clock never runs behind the database's.
    renewed_ms: AtomicU64,
    lost: AtomicBool,
    leaving: AtomicBool,
    draining: AtomicBool,
    storage_away: AtomicBool,
}

impl Standing {
    /// A lease that has just begun.
    pub fn new(ttl: Duration) -> Self {
        Self {
            started: Instant::now(),
            ttl,
            renewed_ms: AtomicU64::new(0),
            lost: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            storage_away: AtomicBool::new(false),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// To be taken before a renewal is sent.
    pub fn mark(&self) -> u64 {
        self.now_ms()
    }

    pub fn renewed(&self, mark: u64) {
        self.renewed_ms.fetch_max(mark, Ordering::AcqRel);
    }

    /// The lease was ended by somebody else.
    pub fn lost(&self) {
        self.lost.store(true, Ordering::Release);
    }

    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// A new lease has begun in place of the lost one.
    pub fn regained(&self, mark: u64) {
        self.renewed(mark);
        self.lost.store(false, Ordering::Release);
    }

    /// The process is about to stop; calls are still taken.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// No call is taken any more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub fn set_storage_away(&self, away: bool) {
        if self.storage_away.swap(away, Ordering::AcqRel) != away {
            if away {
                tracing::warn!("the database is away: new calls are refused");
            } else {
                tracing::info!("the database is back");
            }
        }
    }

    pub fn is_storage_away(&self) -> bool {
        self.storage_away.load(Ordering::Acquire)
    }

    /// What is left of the lease.
    pub fn remaining(&self) -> Duration {
        let since =
            Duration::from_millis(self.now_ms().saturating_sub(self.renewed_ms.load(Ordering::Acquire)));
        self.ttl.saturating_sub(since)
    }

    /// Two thirds of the lease may pass without a renewal before new calls are refused.
    fn may_admit(&self) -> bool {
        !self.is_lost() && self.remaining() > self.ttl / 3
    }
}

fn refuse(reason: &str, seconds: u64) -> Result<(), NotReady> {
    Err(NotReady { reason: reason.to_owned(), retry_after: Duration::from_secs(seconds) })
}

const SHUTTING_DOWN: &str = "the hub is shutting down";

impl Readiness for Standing {
    fn check(&self) -> Result<(), NotReady> {
        if self.is_draining() {
            return refuse(SHUTTING_DOWN, 5);
        }
        if self.is_storage_away() {
            return refuse("the database is away", 2);
        }
        if !self.may_admit() {
            return refuse("this instance could not renew its lease", 2);
        }
        Ok(())
    }

    fn announced(&self) -> Result<(), NotReady> {
        if self.leaving.load(Ordering::Acquire) { refuse(SHUTTING_DOWN, 5) } else { self.check() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_lease_admits_and_a_lost_one_does_not() {
        let standing = Standing::new(Duration::from_secs(30));
        assert!(standing.check().is_ok());
        standing.lost();
        assert!(standing.check().is_err());
    }

    #[test]
    fn a_lease_that_is_not_renewed_stops_admitting_before_it_ends() {
        let standing = Standing::new(Duration::from_millis(30));
        std::thread::sleep(Duration::from_millis(22));
        assert!(standing.check().is_err());
        standing.renewed(standing.mark());
        assert!(standing.check().is_ok());
    }

    #[test]
    fn a_hub_that_is_about_to_stop_says_so_and_still_takes_calls() {
        let standing = Standing::new(Duration::from_secs(30));
        standing.leave();
        assert!(standing.announced().is_err());
        assert!(standing.check().is_ok());
    }

    #[test]
    fn a_draining_hub_is_not_ready() {
        let standing = Standing::new(Duration::from_secs(30));
        standing.drain();
        assert_eq!(standing.check().unwrap_err().reason, "the hub is shutting down");
    }
}
