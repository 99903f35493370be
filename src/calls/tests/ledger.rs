//! A ledger that a test can hold up or break.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::ids::InstanceEpoch;
use hub_domain::memory::Memory;
use hub_domain::money::Credits;
use hub_domain::ports::{
    CallLedger, CloseError, Closed, Closing, HeldCall, HoldError, LeaseError, Leases, NewCall, StorageError,
};
use tokio::sync::Semaphore;

pub struct TestLedger {
    memory: Memory,
    /// Opens wait for a permit.
    pub opening: Semaphore,
    /// Closings wait for a permit.
    pub closing: Semaphore,
    /// So many renewals of the lease panic.
    pub renewals_to_panic: AtomicU32,
    pub close_panics: AtomicBool,
}

impl TestLedger {
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            opening: Semaphore::new(Semaphore::MAX_PERMITS),
            closing: Semaphore::new(Semaphore::MAX_PERMITS),
            renewals_to_panic: AtomicU32::new(0),
            close_panics: AtomicBool::new(false),
        }
    }

    /// From now on holds wait.
    pub fn hold_up_opening(&self) {
        self.opening.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn let_open(&self) {
        self.opening.add_permits(1_000);
    }

    /// From now on settlements wait.
    pub fn hold_up_closing(&self) {
        self.closing.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn let_close(&self) {
        self.closing.add_permits(1_000);
    }
}

#[async_trait]
impl CallLedger for TestLedger {
    async fn open(&self, call: NewCall) -> Result<HeldCall, HoldError> {
        self.opening.acquire().await.expect("never closed").forget();
        self.memory.open(call).await
    }

    async fn close(&self, closing: Arc<Closing>) -> Result<Closed, CloseError> {
        self.closing.acquire().await.expect("never closed").forget();
        assert!(!self.close_panics.swap(false, Ordering::AcqRel), "the test said so");
        self.memory.close(closing).await
    }

    async fn close_earlier_epochs(&self, by: &InstanceEpoch) -> Result<u64, StorageError> {
        self.memory.close_earlier_epochs(by).await
    }

    async fn close_stale(&self, lease_slack: Duration, limit: u32) -> Result<u64, StorageError> {
        self.memory.close_stale(lease_slack, limit).await
    }

    async fn open_holds(&self) -> Result<(u64, Credits), StorageError> {
        self.memory.open_holds().await
    }
}

#[async_trait]
impl Leases for TestLedger {
    async fn begin(&self, instance: &str, ttl: Duration) -> Result<InstanceEpoch, StorageError> {
        self.memory.begin(instance, ttl).await
    }

    async fn renew(&self, epoch: &InstanceEpoch, ttl: Duration) -> Result<(), LeaseError> {
        let left = self.renewals_to_panic.load(Ordering::Acquire);
        if left > 0 {
            self.renewals_to_panic.store(left - 1, Ordering::Release);
            panic!("the test said so");
        }
        self.memory.renew(epoch, ttl).await
    }

    async fn end(&self, epoch: &InstanceEpoch) -> Result<(), StorageError> {
        self.memory.end(epoch).await
    }

    async fn clock_skew_ms(&self) -> Result<i64, StorageError> {
        self.memory.clock_skew_ms().await
    }
}
