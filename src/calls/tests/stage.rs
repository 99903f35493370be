//! A service over the in-memory store, with one account, one provider and an upstream played by hand.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use futures_util::StreamExt;
use hub_domain::call::OnDisconnect;
use hub_domain::ending::OnUpstreamFailure;
use hub_domain::error::CallError;
use hub_domain::ids::{AccountId, CallId, RateId};
use hub_domain::memory::{MarkedSecrets, Memory, WordCounter};
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::{
    Accounts, Auditor, Balance, BillingMode, CallFilter, CallHistory, CallRecord, CallRunner, CallStatus,
    Grant, IncomingCall, Leases, NewAccount, NewRate, RateBook, RunOutcome, Scope, SecretText, Snapshots,
    TokenCounter,
};
use hub_domain::quote::HoldPolicy;
use hub_domain::rate_limits::{Defaults, RateLimits};
use hub_domain::rates::Prices;
use hub_domain::routing::{Credential, Provider, ProviderKind, Snapshot};
use hub_domain::use_cases::admit::AdmissionPolicy;
use hub_domain::vocabulary::{
    Answer, AnswerItem, CallType, Canonical, ChatRequest, Limits, Message, MessageRole, Part, Principal,
    Receipt, Request, Role,
};

use super::ledger::TestLedger;
use super::upstream::Upstream;
use crate::calls::{CallService, CallServiceParts, CallSettings};
use crate::telemetry::Metrics;

/// What one token costs, in units.
pub const INPUT: i64 = 10_000_000;
pub const OUTPUT: i64 = 20_000_000;
/// What the account is granted, in units.
pub const GRANTED: i64 = 1_000_000_000_000;
/// Input tokens as the hub counts them: three words, one message, and the answer's head.
pub const COUNTED_INPUT: i64 = 9;

pub const SECOND: Duration = Duration::from_secs(1);

/// Runs a test as the program runs: an actix system over a multi-threaded runtime.
pub fn on_system(test: impl Future<Output = ()>) {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).enable_all().build().expect("a runtime")
    };
    actix_rt::System::with_tokio_rt(runtime).block_on(test);
}

/// Waits for something to become true.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..500 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("in vain: {what}")
}

/// A snapshot that a test changes.
struct TestSnapshots(ArcSwap<Snapshot>);

impl Snapshots for TestSnapshots {
    fn current(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }
}

/// What a test may want otherwise.
pub struct Staging {
    pub settings: CallSettings,
    pub on_disconnect: OnDisconnect,
    pub credentials: usize,
    pub counter: Arc<dyn TokenCounter>,
    pub rates: Arc<RateLimits>,
}

impl Default for Staging {
    fn default() -> Self {
        Self {
            settings: CallSettings {
                admission: AdmissionPolicy {
                    mode: BillingMode::Ledger,
                    hold: HoldPolicy::default(),
                    max_output_tokens: 100_000,
                    uncapped_output_tokens: 10_000,
                    payment_link: None,
                },
                on_upstream_failure: OnUpstreamFailure::Delivered,
                early_headers: Duration::from_millis(200),
                stream_limit: Duration::from_secs(30),
                plain_limit: Duration::from_secs(30),
                content_idle: Duration::from_secs(30),
                write_stall: Duration::from_millis(300),
                settle_limit: Duration::from_secs(1),
                max_attempts: 3,
                retry_limit: Duration::from_secs(5),
                drain_limit: Duration::from_secs(10),
                drain_slots: 2,
                lease_ttl: Duration::from_secs(3),
            },
            on_disconnect: OnDisconnect::Cancel,
            credentials: 1,
            counter: Arc::new(WordCounter),
            rates: Arc::new(RateLimits::new(Defaults::default())),
        }
    }
}

pub struct Stage {
    pub memory: Memory,
    pub ledger: Arc<TestLedger>,
    pub upstream: Arc<Upstream>,
    pub service: Arc<CallService>,
    pub account: AccountId,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(Staging::default()).await
    }

    pub async fn with(staging: Staging) -> Self {
        let memory = Memory::new();
        let account = memory.create(NewAccount { name: "alice".into(), did: None }).await.unwrap().id;
        let amount = Credits::from_units(GRANTED);
        memory.grant(Grant { account, amount, idempotency_key: "start".into() }).await.unwrap();
        let prices = Prices::default()
            .with(Meter::Input, Credits::from_units(INPUT))
            .with(Meter::Output, Credits::from_units(OUTPUT));
        let rate = NewRate {
            provider: "acme".into(),
            model: "m1".into(),
            call_type: CallType::ChatCompletion,
            prices,
            tiers: Vec::new(),
        };
        let rate = memory.set(rate).await.unwrap();
        let credential = |_| Credential {
            id: None,
            secret: SecretText::new("sk-0123456789abcdef"),
            weight: Credential::WEIGHT,
        };
        let provider = Provider {
            on_disconnect: staging.on_disconnect,
            credentials: (0..staging.credentials).map(credential).collect(),
            ..Provider::new("acme", ProviderKind::OpenAi)
        };
        let _: RateId = rate.id;
        let snapshot = Snapshot::new(1, vec![provider], vec![rate]);
        let store = Arc::new(memory.clone());
        let ledger = Arc::new(TestLedger::new(memory.clone()));
        let epoch = memory.begin("here", staging.settings.lease_ttl).await.unwrap();
        let upstream = Arc::new(Upstream::default());
        let service = CallService::start(CallServiceParts {
            settings: staging.settings,
            epoch,
            ledger: ledger.clone(),
            leases: ledger.clone(),
            accounts: store.clone(),
            answers: store.clone(),
            keys: store.clone(),
            health: store.clone(),
            upstream_reports: store,
            provider: upstream.clone(),
            snapshots: Arc::new(TestSnapshots(ArcSwap::from_pointee(snapshot))),
            tokens: staging.counter,
            secrets: Arc::new(MarkedSecrets),
            rates: staging.rates,
            clock: memory.clock().clone(),
            metrics: Arc::new(Metrics::new().unwrap()),
        });
        Self { memory, ledger, upstream, service, account }
    }

    pub fn principal(&self) -> Principal {
        Principal {
            account: self.account,
            account_name: Arc::from("alice"),
            did: None,
            key: None,
            key_name: None,
            role: Role::Member,
            limits: Limits::default(),
            account_limits: Limits::default(),
        }
    }

    pub async fn run(&self, call: IncomingCall) -> Result<RunOutcome, CallError> {
        self.service.run(self.principal(), call).await
    }

    /// Asks for a stream.
    pub async fn stream(&self) -> Answer {
        match self.run(incoming(true)).await {
            Ok(RunOutcome::Answer(answer)) => answer,
            Ok(_) => panic!("an answer was expected"),
            Err(error) => panic!("{error}"),
        }
    }

    /// Asks, and takes everything.
    pub async fn whole(&self) -> Result<(CallId, Vec<AnswerItem>), CallError> {
        match self.run(incoming(false)).await? {
            RunOutcome::Answer(answer) => Ok((answer.call, answer.items.collect().await)),
            RunOutcome::Failed { error, .. } => Err(error),
            RunOutcome::Replay { .. } => panic!("nothing was kept"),
        }
    }

    pub async fn record(&self, call: CallId) -> CallRecord {
        CallHistory::find(&self.memory, Scope::All, call).await.unwrap().expect("the call is recorded")
    }

    /// The record of the only call, once it has ended.
    pub async fn ended(&self) -> CallRecord {
        eventually("the call ends", async || {
            let filter = CallFilter { limit: 10, ..CallFilter::default() };
            let mut page = self.memory.page(Scope::All, &filter).await.ok()?;
            assert!(page.total <= 1, "there is one call");
            page.records.pop().filter(|record| record.status != CallStatus::Processing)
        })
        .await
    }

    pub async fn balance(&self) -> Balance {
        Accounts::get(&self.memory, self.account).await.unwrap().unwrap().balance
    }

    /// Nothing is held, what was charged is gone from the balance, and the audit finds nothing.
    pub async fn books_are_right(&self, charged: i64) {
        eventually("no call is left", async || (self.service.open_calls() == 0).then_some(())).await;
        let balance = self.balance().await;
        assert_eq!(balance.held, Credits::ZERO, "nothing is held");
        assert_eq!(balance.posted, Credits::from_units(GRANTED - charged));
        let report = self.memory.audit().await.unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(report.open_holds, 0);
    }
}

/// A request of three words and at most a hundred tokens of output.
pub fn incoming(stream: bool) -> IncomingCall {
    let message = Message { role: MessageRole::User, parts: vec![Part::Text("one two three".into())] };
    let chat = ChatRequest {
        model: "acme/m1".into(),
        messages: vec![message],
        max_output_tokens: Some(100),
        stream,
        ..ChatRequest::default()
    };
    IncomingCall {
        request: Request { source: None, canonical: Canonical::Chat(chat) },
        idempotency: None,
        request_id: "req-1".into(),
        traceparent: None,
        app_did: None,
    }
}

/// The price of a usage, in units.
pub fn price(input: i64, output: i64) -> i64 {
    input * INPUT + output * OUTPUT
}

/// The receipt that ends a whole answer.
pub fn receipt(items: &[AnswerItem]) -> Receipt {
    match items.last() {
        Some(AnswerItem::Settled(receipt)) => *receipt,
        other => panic!("a receipt was expected, not {other:?}"),
    }
}

/// A counter that breaks down.
pub struct PanickingCounter;

#[async_trait]
impl TokenCounter for PanickingCounter {
    async fn count(&self, _: &str, _: Vec<String>) -> u64 {
        panic!("the test said so")
    }
}
