//! What a test of the ledger needs: an account with credit, a living instance, and a rate of one unit
//! for each token, so that amounts and tokens are the same numbers.

use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::World;
use crate::ending::{Division, Outcome, divide};
use crate::ids::{AccountId, CallId, InstanceEpoch};
use crate::meter::Meter;
use crate::money::Credits;
use crate::ports::{
    Account, Balance, Billing, BillingMode, CallRecord, Claim, ClaimEnd, Closed, Closing, Grant, HeldCall,
    NewAccount, NewCall, NewRate, Scope, Served, Timings,
};
use crate::quote::{Bound, HoldPolicy, Quote};
use crate::rates::{Prices, Rate};
use crate::usage::{Quantities, Usage};
use crate::vocabulary::CallType;

const HOUR: Duration = Duration::from_secs(3600);

/// A text that no other test has.
pub fn unique(what: &str) -> String {
    format!("{what} {}", AccountId::new())
}

/// An amount in units.
pub fn units(units: i64) -> Credits {
    Credits::from_units(units)
}

pub async fn account_with(world: &dyn World, credit: i64) -> Account {
    let new = NewAccount { name: unique("account"), did: None };
    let account = world.accounts().create(new).await.unwrap();
    if credit > 0 {
        let grant =
            Grant { account: account.id, amount: units(credit), idempotency_key: unique("first grant") };
        assert!(world.accounts().grant(grant).await.unwrap());
    }
    world.accounts().get(account.id).await.unwrap().unwrap()
}

pub fn tokens(input: u64, output: u64) -> Usage {
    let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Output, output);
    Usage { quantities, ..Usage::default() }
}

/// An account, who pays; an instance, which runs its calls; and a rate.
pub struct Stage<'a> {
    pub world: &'a dyn World,
    pub account: Account,
    pub owner: InstanceEpoch,
    pub rate: Rate,
}

impl<'a> Stage<'a> {
    /// With so many units of credit.
    pub async fn set(world: &'a dyn World, credit: i64) -> Stage<'a> {
        let account = account_with(world, credit).await;
        let owner = world.leases().begin(&unique("instance"), HOUR).await.unwrap();
        let prices = Prices::default().with(Meter::Input, units(1)).with(Meter::Output, units(1));
        let rate = NewRate {
            provider: "contract".to_owned(),
            model: "one-unit".to_owned(),
            call_type: CallType::ChatCompletion,
            prices,
            tiers: Vec::new(),
        };
        Stage { world, account, owner, rate: world.rates().set(rate).await.unwrap() }
    }

    /// A call with a bound on its input, that asks for so much output.
    pub fn call(&self, input: u64, asked_output: Option<u64>) -> NewCall {
        let bound = Bound {
            input_tokens: input,
            choices: 1,
            asked_output,
            output_ceiling: 100_000,
            has_output: true,
            other: Quantities::default(),
        };
        NewCall {
            id: CallId::new(),
            account: self.account.id,
            key: None,
            app_did: None,
            served: Served {
                provider: Arc::from("contract"),
                model: Arc::from("one-unit"),
                credential: None,
            },
            call_type: CallType::ChatCompletion,
            stream: false,
            rate: Some(self.rate.id),
            billing: Billing::Credit,
            quote: Quote::new(bound, &self.rate, HoldPolicy::default()).unwrap(),
            by: self.owner.clone(),
            time_limit: HOUR,
            request_id: None,
            trace_id: None,
            claim: None,
        }
    }

    /// A call that nobody is charged for.
    pub fn free_call(&self) -> NewCall {
        let call = self.call(100, Some(100));
        let quote = Quote::free(call.quote.bound, HoldPolicy::default());
        NewCall { quote, billing: Billing::None, rate: None, ..call }
    }

    pub async fn open(&self, call: &NewCall) -> HeldCall {
        self.world.ledger().open(call.clone()).await.unwrap()
    }

    /// The ending of a call that used so much.
    pub fn settlement(&self, call: &NewCall, held: HeldCall, usage: Usage) -> Closing {
        Closing {
            call: call.id,
            account: call.account,
            by: call.by.clone(),
            outcome: Outcome::Success,
            reason: None,
            error: None,
            void: false,
            served: call.served.clone(),
            rate: call.rate,
            usage,
            division: divide(&self.rate, &usage, held.reserved.hold).unwrap(),
            mode: BillingMode::Ledger,
            timings: Timings::default(),
            attempts: SmallVec::new(),
            finish_reason: None,
            upstream_id: None,
            idempotency: ClaimEnd::None,
        }
    }

    /// The ending of a call that failed and costs nothing.
    pub fn void(&self, call: &NewCall) -> Closing {
        Closing {
            call: call.id,
            account: call.account,
            by: call.by.clone(),
            outcome: Outcome::Failed,
            reason: Some("upstream_error".to_owned()),
            error: Some("the upstream failed".to_owned()),
            void: true,
            served: call.served.clone(),
            rate: call.rate,
            usage: Usage::default(),
            division: Division::default(),
            mode: BillingMode::Ledger,
            timings: Timings::default(),
            attempts: SmallVec::new(),
            finish_reason: None,
            upstream_id: None,
            idempotency: ClaimEnd::None,
        }
    }

    pub async fn close(&self, closing: Closing) -> Closed {
        self.world.ledger().close(Arc::new(closing)).await.unwrap()
    }

    /// Opens a call and settles it at once.
    pub async fn run(&self, call: &NewCall, usage: Usage) -> Closed {
        let held = self.open(call).await;
        self.close(self.settlement(call, held, usage)).await
    }

    pub async fn balance(&self) -> Balance {
        self.world.accounts().get(self.account.id).await.unwrap().unwrap().balance
    }

    pub async fn record(&self, call: &NewCall) -> Option<CallRecord> {
        self.world.history().find(Scope::Account(self.account.id), call.id).await.unwrap()
    }

    pub fn claim(&self) -> Claim {
        let bytes = |id: CallId| {
            let mut bytes = [7; 32];
            bytes[..16].copy_from_slice(id.0.as_bytes());
            bytes
        };
        Claim { scope: bytes(CallId::new()), fingerprint: bytes(CallId::new()) }
    }
}
