//! What every implementation of a port has to do, as tests. Each behaviour is a function; each port
//! has one that runs them all, named for the port.
//!
//! Behaviours of a store share one [`World`] and may run beside each other: each makes its own
//! account and leaves no call open.

#![allow(clippy::unwrap_used)] // these are tests

mod accounts;
mod answers;
mod auditor;
mod call_history;
mod call_ledger;
mod clock;
mod egress;
mod health;
mod identity_verifier;
mod jobs;
mod key_store;
mod leases;
mod model_book;
mod model_provider;
mod outbox;
mod provider_book;
mod rate_book;
mod sealed_rows;
mod secrets;
mod stage;
mod token_counter;
mod upstream_reports;
mod usage_reporter;

use std::time::Duration;

use async_trait::async_trait;

pub use accounts::accounts;
pub use answers::answers;
pub use auditor::auditor;
pub use call_history::call_history;
pub use call_ledger::call_ledger;
pub use clock::clock;
pub use egress::egress;
pub use health::health;
pub use identity_verifier::identity_verifier;
pub use jobs::jobs;
pub use key_store::key_store;
pub use leases::leases;
pub use model_book::model_book;
pub use model_provider::model_provider;
pub use outbox::outbox;
pub use provider_book::provider_book;
pub use rate_book::rate_book;
pub use sealed_rows::sealed_rows;
pub use secrets::secrets;
pub use stage::Stage;
pub use token_counter::token_counter;
pub use upstream_reports::upstream_reports;
pub use usage_reporter::usage_reporter;

use crate::ports::{
    Accounts, Answers, Auditor, CallHistory, CallLedger, Health, Jobs, KeyStore, Leases, ModelBook, Outbox,
    ProviderBook, RateBook, SealedRows, UpstreamReports,
};

/// One store, fresh, seen through its ports.
#[async_trait]
pub trait World: Send + Sync {
    fn accounts(&self) -> &dyn Accounts;
    fn ledger(&self) -> &dyn CallLedger;
    fn history(&self) -> &dyn CallHistory;
    fn leases(&self) -> &dyn Leases;
    fn jobs(&self) -> &dyn Jobs;
    fn keys(&self) -> &dyn KeyStore;
    fn rates(&self) -> &dyn RateBook;
    fn providers(&self) -> &dyn ProviderBook;
    fn models(&self) -> &dyn ModelBook;
    fn upstream_reports(&self) -> &dyn UpstreamReports;
    fn sealed(&self) -> &dyn SealedRows;
    fn outbox(&self) -> &dyn Outbox;
    fn answers(&self) -> &dyn Answers;
    fn auditor(&self) -> &dyn Auditor;
    fn health(&self) -> &dyn Health;

    /// Lets time pass, as the store tells time.
    async fn pass(&self, time: Duration);

    /// Whether hours can pass in a test. Where they can't, nobody asks for more than a second.
    fn travels(&self) -> bool {
        false
    }
}

/// Every contract of a store, on one world.
pub async fn store(world: &dyn World) {
    accounts(world).await;
    key_store(world).await;
    rate_book(world).await;
    provider_book(world).await;
    model_book(world).await;
    leases(world).await;
    upstream_reports(world).await;
    jobs(world).await;
    call_ledger(world).await;
    answers(world).await;
    sealed_rows(world).await;
    outbox(world).await;
    call_history(world).await;
    health(world).await;
    auditor(world).await;
}

/// Whatever a test did, the books are right afterwards.
async fn books_are_clean(world: &dyn World) {
    let report = world.auditor().audit().await.unwrap();
    assert_eq!(report.findings, [], "the audit found something");
    assert_eq!(world.ledger().open_holds().await.unwrap().0, 0, "a hold was left behind");
}
