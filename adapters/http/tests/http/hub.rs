//! A hub to be asked: a server on a free port over a scripted runner and a store in memory.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::ids::{KeyId, ProviderId, RateId};
use hub_domain::memory::{KnownTokens, Memory};
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::{Accounts, Grant, NewAccount, NotReady, Readiness, Snapshots};
use hub_domain::rate_limits::{Defaults, RateLimits};
use hub_domain::rates::{Prices, Rate};
use hub_domain::routing::{ListedModel, Provider, ProviderKind, Snapshot};
use hub_domain::vocabulary::{CallType, Limits, Principal, Role};
use hub_http::{AnsweredRequest, HttpSettings, HttpState, Observer};

use crate::runner::FakeRunner;

/// The key of an account with 100 credits.
pub const ANN: &str = "ann-has-a-hundred";
/// The key of another account, which has none.
pub const BOB: &str = "bob-has-nothing-at-all";

pub struct Hub {
    pub address: SocketAddr,
    pub runner: Arc<FakeRunner>,
    pub memory: Memory,
    pub ann: Principal,
    pub gate: Arc<Gate>,
    pub seen: Arc<Seen>,
}

/// Says whether calls are welcome.
#[derive(Default)]
pub struct Gate(AtomicBool);

impl Gate {
    pub fn shut(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Readiness for Gate {
    fn check(&self) -> Result<(), NotReady> {
        if self.0.load(Ordering::Relaxed) {
            return Err(NotReady {
                reason: "the database is away".into(),
                retry_after: Duration::from_secs(2),
            });
        }
        Ok(())
    }
}

#[derive(Default)]
pub struct Seen(Mutex<Vec<AnsweredRequest>>);

impl Seen {
    pub fn last(&self) -> AnsweredRequest {
        *self.0.lock().unwrap().last().unwrap()
    }
}

#[async_trait]
impl Observer for Seen {
    fn answered(&self, request: AnsweredRequest) {
        self.0.lock().unwrap().push(request);
    }

    async fn metrics(&self) -> String {
        "hub_up 1\n".to_owned()
    }
}

struct Fixed(Arc<Snapshot>);

impl Snapshots for Fixed {
    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0)
    }
}

fn rate(model: &str, call_type: CallType, prices: Prices) -> Rate {
    Rate {
        id: RateId::new(),
        provider: "sim".into(),
        model: model.into(),
        call_type,
        version: 3,
        prices,
        tiers: Vec::new(),
    }
}

/// One provider with a model for chat, one for vectors, and one that has no price.
pub fn snapshot() -> Snapshot {
    let listed = |name: &str, call_type| ListedModel {
        name: name.into(),
        call_type,
        max_input_tokens: Some(9_000),
        max_output_tokens: Some(1_000),
    };
    let provider = Provider {
        id: Some(ProviderId::new()),
        models: vec![
            listed("chat", CallType::ChatCompletion),
            listed("vectors", CallType::Embedding),
            listed("unpriced", CallType::ChatCompletion),
        ],
        created: 1_700_000_000,
        ..Provider::new("sim", ProviderKind::Simulated)
    };
    let price = Prices::default()
        .with(Meter::Input, Credits::from_units(100))
        .with(Meter::Output, Credits::from_units(400));
    let rates =
        vec![rate("chat", CallType::ChatCompletion, price), rate("vectors", CallType::Embedding, price)];
    Snapshot::new(1, vec![provider], rates)
}

async fn account(memory: &Memory, name: &str, did: Option<&str>) -> Principal {
    let account = NewAccount { name: name.into(), did: did.map(str::to_owned) };
    let account = memory.create(account).await.unwrap();
    Principal {
        account: account.id,
        account_name: account.name.as_str().into(),
        did: account.did.as_deref().map(Arc::from),
        key: Some(KeyId::new()),
        key_name: None,
        role: Role::Member,
        limits: Limits::default(),
        account_limits: Limits::default(),
    }
}

impl Hub {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut HttpSettings)) -> Self {
        let memory = Memory::new();
        let ann = account(&memory, "ann", Some("z1AnnAnnAnnAnnAnnAnnAnnAnnAnnAnnAnn")).await;
        let bob = account(&memory, "bob", None).await;
        let amount = "100".parse().unwrap();
        let grant = Grant { account: ann.account, amount, idempotency_key: "welcome".into() };
        assert!(memory.grant(grant).await.unwrap());

        let tokens = KnownTokens::default();
        tokens.know(ANN, ann.clone());
        tokens.know(BOB, bob);
        let snapshot = Arc::new(snapshot());
        let runner = Arc::new(FakeRunner::new(Arc::clone(&snapshot)));
        let (gate, seen) = (Arc::new(Gate::default()), Arc::new(Seen::default()));
        let mut settings = HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: 1,
            ..HttpSettings::default()
        };
        change(&mut settings);
        let state = HttpState {
            runner: runner.clone(),
            verifier: Arc::new(tokens),
            accounts: Arc::new(memory.clone()),
            history: Arc::new(memory.clone()),
            rates: Arc::new(RateLimits::new(Defaults::default())),
            snapshots: Arc::new(Fixed(snapshot)),
            readiness: gate.clone(),
            observer: seen.clone(),
        };
        let (server, address) = hub_http::serve(settings, state).unwrap();
        actix_web::rt::spawn(server);
        Self { address, runner, memory, ann, gate, seen }
    }
}
