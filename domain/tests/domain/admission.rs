//! Admission: the cheap bound first, the tokenizer only where money is short, and a refusal that says
//! what is missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_executor::block_on;
use hub_domain::error::CallError;
use hub_domain::memory::Memory;
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::contract::Stage;
use hub_domain::ports::{BillingMode, CallLedger, NewCall, ProviderTimeouts, TokenCounter};
use hub_domain::quote::{HoldPolicy, Reserved};
use hub_domain::rates::{Prices, Rate};
use hub_domain::routing::{Candidate, Provider, ProviderKind, Route};
use hub_domain::use_cases::admit::{AdmissionPolicy, Admit, AdmitError};
use hub_domain::vocabulary::{Canonical, ChatRequest, Message, MessageRole, Part};

/// Ten bytes for a token; counts how often it is asked.
#[derive(Default)]
struct TenBytes(AtomicU64);

#[async_trait]
impl TokenCounter for TenBytes {
    async fn count(&self, _: &str, texts: Vec<String>) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed);
        u64::try_from(texts.iter().map(String::len).sum::<usize>() / 10).unwrap()
    }
}

/// Bytes of the one message; with separators the bound is 24 more.
const BYTES: i64 = 1_000;
const OVERHEAD: i64 = 24;
/// The same as the tokenizer counts it.
const COUNTED: i64 = BYTES / 10;

fn request(asked: Option<u64>) -> Canonical {
    let parts = vec![Part::Text("x".repeat(usize::try_from(BYTES).unwrap()))];
    Canonical::Chat(ChatRequest {
        model: "contract/one-unit".to_owned(),
        messages: vec![Message { role: MessageRole::User, parts }],
        max_output_tokens: asked,
        ..ChatRequest::default()
    })
}

struct Desk {
    memory: Memory,
    tokens: Arc<TenBytes>,
    admit: Admit,
}

impl Desk {
    fn new(mode: BillingMode) -> Self {
        let (memory, tokens) = (Memory::new(), Arc::new(TenBytes::default()));
        let policy = AdmissionPolicy {
            mode,
            hold: HoldPolicy::default(),
            max_output_tokens: 131_072,
            uncapped_output_tokens: 16_384,
            payment_link: Some("https://pay.example".to_owned()),
        };
        let admit = Admit::new(Arc::new(memory.clone()), tokens.clone(), policy);
        Self { memory, tokens, admit }
    }

    fn candidate(&self, stage: &Stage<'_>) -> Candidate {
        let provider = Provider::new("contract", ProviderKind::Simulated);
        Candidate {
            provider: Arc::new(provider),
            model: Arc::from("one-unit"),
            credential: None,
            rate: Some(Arc::new(stage.rate.clone())),
            max_output_tokens: None,
            route: Route::single(ProviderTimeouts::default()),
        }
    }

    /// Opens a call for an account with so many units; what was reserved, or why not.
    async fn open(&self, units: i64, asked: Option<u64>) -> Result<Reserved, CallError> {
        let (stage, request) = (Stage::set(&self.memory, units).await, request(asked));
        let candidates = [self.candidate(&stage)];
        let quote = self.admit.quote_all(&candidates, &request).unwrap();
        let estimate =
            self.admit.estimate(&self.memory, stage.account.id, &candidates, &request).await.unwrap();
        let asked_for_estimate = self.tokens.0.swap(0, Ordering::Relaxed);
        let call = NewCall { quote, ..stage.call(0, None) };
        let opened = self.admit.open(call, &candidates, &request).await;
        assert_eq!(asked_for_estimate, self.tokens.0.load(Ordering::Relaxed), "both work alike");
        let opened = opened.map(|(held, _)| held.reserved).map_err(|error| match error {
            AdmitError::Refused(error) | AdmitError::Unknown(error) => error,
        });
        assert_eq!(estimate.covered, opened.clone().ok(), "a quote says what a call then takes");
        assert!(estimate.covered.is_none_or(|reserved| reserved.hold <= estimate.full.hold));
        opened
    }

    fn counts(&self) -> u64 {
        self.tokens.0.load(Ordering::Relaxed)
    }
}

fn units(units: i64) -> Credits {
    Credits::from_units(units)
}

#[test]
fn who_has_enough_is_admitted_without_a_tokenizer() {
    block_on(async {
        let desk = Desk::new(BillingMode::Ledger);
        let reserved = desk.open(10_000, Some(100)).await.unwrap();
        assert_eq!(reserved.hold, units(BYTES + OVERHEAD + 100));
        assert_eq!(desk.counts(), 0);
    });
}

#[test]
fn where_the_cheap_bound_does_not_fit_tokens_are_counted() {
    block_on(async {
        let desk = Desk::new(BillingMode::Ledger);
        let reserved = desk.open(COUNTED + OVERHEAD + 60, Some(100)).await.unwrap();
        assert_eq!((reserved.hold, reserved.output_limit), (units(COUNTED + OVERHEAD + 60), Some(60)));
        assert_eq!(desk.counts(), 1);
    });
}

#[test]
fn who_can_not_pay_is_told_what_the_least_answer_takes() {
    block_on(async {
        let desk = Desk::new(BillingMode::Ledger);
        let refused = desk.open(50, Some(100)).await.unwrap_err();
        let needed = units(COUNTED + OVERHEAD + 16);
        let link = Some("https://pay.example".to_owned());
        assert_eq!(refused, CallError::InsufficientCredits { balance: units(50), needed, link });
        assert_eq!(desk.memory.open_holds().await.unwrap().0, 0);
    });
}

#[test]
fn where_nothing_is_charged_nothing_is_held() {
    block_on(async {
        let desk = Desk::new(BillingMode::Off);
        let reserved = desk.open(0, Some(100)).await.unwrap();
        assert_eq!((reserved.hold, reserved.output_limit), (Credits::ZERO, Some(100)));
        assert_eq!(desk.counts(), 0);
    });
}

#[test]
fn while_the_database_is_away_it_is_not_known_whether_a_call_was_opened() {
    block_on(async {
        let desk = Desk::new(BillingMode::Ledger);
        let stage = Stage::set(&desk.memory, 10_000).await;
        let (candidate, call) = (desk.candidate(&stage), stage.call(10, Some(20)));
        desk.memory.set_away(true);
        let outcome = desk.admit.open(call, &[candidate], &request(None)).await;
        let Err(AdmitError::Unknown(error)) = outcome else { panic!("{outcome:?}") };
        assert!(matches!(error, CallError::Unavailable { code: "storage_unavailable", .. }), "{error:?}");
    });
}

/// Twice as dear as the stage's rate, as another route.
fn dear(desk: &Desk, stage: &Stage<'_>) -> Candidate {
    let cheap = desk.candidate(stage);
    let prices = Prices::default().with(Meter::Input, units(2)).with(Meter::Output, units(2));
    let rate = Rate { prices, ..stage.rate.clone() };
    Candidate { rate: Some(Arc::new(rate)), route: Route { index: 1, ..cheap.route }, ..cheap }
}

#[test]
fn a_hold_covers_the_dearest_route_as_long_as_the_balance_does() {
    block_on(async {
        let desk = Desk::new(BillingMode::Ledger);
        let both = 2 * (BYTES + OVERHEAD + 100);
        for (balance, hold, covers_all) in
            [(both, both, true), (2 * (COUNTED + OVERHEAD + 100) - 1, COUNTED + OVERHEAD + 100, false)]
        {
            let stage = Stage::set(&desk.memory, balance).await;
            let candidates = [desk.candidate(&stage), dear(&desk, &stage)];
            let request = request(Some(100));
            let quote = desk.admit.quote_all(&candidates, &request).unwrap();
            assert_eq!(quote.full().unwrap().hold, units(both));
            let call = NewCall { quote, ..stage.call(0, None) };
            let (held, with) = desk.admit.open(call, &candidates, &request).await.unwrap();
            assert_eq!(held.reserved.hold, units(hold), "of {balance}");
            let dear = desk.admit.quote(&candidates[1], &request).unwrap();
            assert_eq!(with.covers(&dear), covers_all, "of {balance}");
        }
    });
}
