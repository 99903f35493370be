//! A store in memory as the contract tests see it: hours pass in no time.

use std::time::Duration;

use async_trait::async_trait;

use super::Memory;
use crate::ports::contract::World;
use crate::ports::{
    Accounts, Answers, Auditor, CallHistory, CallLedger, Health, Jobs, KeyStore, Leases, ModelBook, Outbox,
    ProviderBook, RateBook, SealedRows, UpstreamReports,
};

#[async_trait]
impl World for Memory {
    fn accounts(&self) -> &dyn Accounts {
        self
    }
    fn ledger(&self) -> &dyn CallLedger {
        self
    }
    fn history(&self) -> &dyn CallHistory {
        self
    }
    fn leases(&self) -> &dyn Leases {
        self
    }
    fn jobs(&self) -> &dyn Jobs {
        self
    }
    fn keys(&self) -> &dyn KeyStore {
        self
    }
    fn rates(&self) -> &dyn RateBook {
        self
    }
    fn providers(&self) -> &dyn ProviderBook {
        self
    }
    fn models(&self) -> &dyn ModelBook {
        self
    }
    fn upstream_reports(&self) -> &dyn UpstreamReports {
        self
    }
    fn sealed(&self) -> &dyn SealedRows {
        self
    }
    fn outbox(&self) -> &dyn Outbox {
        self
    }
    fn answers(&self) -> &dyn Answers {
        self
    }
    fn auditor(&self) -> &dyn Auditor {
        self
    }
    fn health(&self) -> &dyn Health {
        self
    }

    async fn pass(&self, time: Duration) {
        self.clock().advance(time);
    }

    fn travels(&self) -> bool {
        true
    }
}
