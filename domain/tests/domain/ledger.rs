//! Whatever is done to the books, in whatever order, they balance after every step.

use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use hub_domain::ending::Outcome;
use hub_domain::ids::AccountId;
use hub_domain::memory::Memory;
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::contract::Stage;
use hub_domain::ports::{
    Accounts, Auditor, BillingMode, CallFilter, CallHistory, CallLedger, Clock, Closed, Grant, HeldCall,
    HoldError, Leases, NewCall, Outbox, Scope, UnixMillis,
};
use hub_domain::usage::{Quantities, Usage};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const HOUR: Duration = Duration::from_secs(3600);
const SLACK: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
enum Step {
    /// Of a few keys, so that some are used again.
    Grant {
        who: Index,
        units: i64,
        key: u8,
    },
    Open {
        who: Index,
        input: u64,
        asked: Option<u64>,
    },
    Settle {
        which: Index,
        input: u64,
        output: u64,
    },
    Void {
        which: Index,
    },
    /// Closes something that was closed before, in another way.
    CloseAgain {
        which: Index,
        output: u64,
    },
    Pass {
        seconds: u64,
    },
    Renew,
    Reap,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<Index>;
    prop_oneof![
        3 => (which(), -5..3_000_i64, 0..20_u8).prop_map(|(who, units, key)| Step::Grant { who, units, key }),
        6 => (which(), 0..500_u64, proptest::option::of(0..800_u64))
            .prop_map(|(who, input, asked)| Step::Open { who, input, asked }),
        5 => (which(), 0..600_u64, 0..2_000_u64)
            .prop_map(|(which, input, output)| Step::Settle { which, input, output }),
        2 => which().prop_map(|which| Step::Void { which }),
        2 => (which(), 0..2_000_u64).prop_map(|(which, output)| Step::CloseAgain { which, output }),
        2 => (0..3_000_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Renew),
        2 => Just(Step::Reap),
        1 => Just(Step::Restart),
    ]
}

/// What the books must say, reckoned apart from them in a type that can't overflow.
#[derive(Default, Clone, Copy)]
struct Expected {
    granted: i128,
    charged: i128,
    held: i128,
}

struct OpenCall {
    who: usize,
    call: NewCall,
    held: HeldCall,
    opened: UnixMillis,
}

struct Books {
    memory: Memory,
    accounts: Vec<AccountId>,
    expected: Vec<Expected>,
    used_keys: Vec<u8>,
    open: Vec<OpenCall>,
    /// Closed calls with their charge, and whether somebody else closed them.
    closed: Vec<(OpenCall, i128, bool)>,
    lease_until: UnixMillis,
}

fn wide(amount: Credits) -> i128 {
    i128::from(amount.units())
}

fn tokens(input: u64, output: u64) -> Usage {
    let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Output, output);
    Usage { quantities, ..Usage::default() }
}

impl Books {
    async fn play(steps: Vec<Step>) {
        let memory = Memory::new();
        let mut accounts = Vec::new();
        for _ in 0..2 {
            accounts.push(Stage::set(&memory, 0).await.account.id);
        }
        let mut stage = Stage::set(&memory, 0).await;
        accounts.push(stage.account.id);
        let mut books = Self {
            expected: vec![Expected::default(); accounts.len()],
            accounts,
            used_keys: Vec::new(),
            open: Vec::new(),
            closed: Vec::new(),
            lease_until: memory.clock().now().plus(HOUR),
            memory: memory.clone(),
        };
        for step in steps {
            books.take(&mut stage, step).await;
            books.balance().await;
        }
        for left in std::mem::take(&mut books.open) {
            stage.close(stage.void(&left.call)).await;
            books.ended(left, 0, false);
        }
        books.balance().await;
        assert_eq!(memory.open_holds().await.unwrap(), (0, Credits::ZERO));
    }

    async fn take(&mut self, stage: &mut Stage<'_>, step: Step) {
        match step {
            Step::Grant { who, units, key } => self.grant(who.index(self.accounts.len()), units, key).await,
            Step::Open { who, input, asked } => {
                let who = who.index(self.accounts.len());
                let call = NewCall { account: self.accounts[who], ..stage.call(input, asked) };
                self.open(who, call).await;
            }
            Step::Settle { which, input, output } if !self.open.is_empty() => {
                let open = self.open.swap_remove(which.index(self.open.len()));
                let closing = stage.settlement(&open.call, open.held, tokens(input, output));
                let cost = i128::from(input) + i128::from(output);
                let charge = cost.min(wide(open.held.reserved.hold));
                let closed = stage.close(closing).await;
                assert_eq!(closed, Closed::Done { charge: Credits::from_wide(charge).unwrap() });
                self.ended(open, charge, false);
            }
            Step::Void { which } if !self.open.is_empty() => {
                let open = self.open.swap_remove(which.index(self.open.len()));
                assert_eq!(stage.close(stage.void(&open.call)).await, Closed::Done { charge: Credits::ZERO });
                self.ended(open, 0, false);
            }
            Step::CloseAgain { which, output } if !self.closed.is_empty() => {
                let (call, charge, reaped) = &self.closed[which.index(self.closed.len())];
                let closing = stage.settlement(&call.call, call.held, tokens(0, output));
                let charge = Credits::from_wide(*charge).unwrap();
                let first = if *reaped {
                    Closed::Before { charge, outcome: Outcome::Failed }
                } else {
                    Closed::Done { charge }
                };
                assert_eq!(stage.close(closing).await, first, "the first ending is told");
            }
            Step::Settle { .. } | Step::Void { .. } | Step::CloseAgain { .. } => {}
            Step::Pass { seconds } => self.memory.clock().advance(Duration::from_secs(seconds)),
            Step::Renew => {
                // Whoever was reaped has lost its lease, and stays so until it starts again.
                if self.memory.renew(&stage.owner, HOUR).await.is_ok() {
                    self.lease_until = self.now().plus(HOUR);
                }
            }
            Step::Reap => {
                let over = self.lease_until.plus(SLACK) < self.now();
                let stale = self.take_open(|books, call| over || books.is_beyond_its_limit(call));
                let reaped = self.memory.close_stale(SLACK, 1_000).await.unwrap();
                self.reaped(stale, reaped);
            }
            Step::Restart => {
                stage.owner = self.memory.begin(&stage.owner.instance, HOUR).await.unwrap();
                self.lease_until = self.now().plus(HOUR);
                let abandoned = self.take_open(|_, _| true);
                let reaped = self.memory.close_earlier_epochs(&stage.owner).await.unwrap();
                self.reaped(abandoned, reaped);
            }
        }
    }

    fn now(&self) -> UnixMillis {
        self.memory.clock().now()
    }

    /// A call's time-limit is an hour, and it counts as stale a minute later.
    fn is_beyond_its_limit(&self, open: &OpenCall) -> bool {
        open.opened.plus(HOUR + Duration::from_secs(60)) < self.now()
    }

    fn take_open(&mut self, wanted: impl Fn(&Self, &OpenCall) -> bool) -> Vec<OpenCall> {
        let all = std::mem::take(&mut self.open);
        let (taken, left) = all.into_iter().partition(|call| wanted(self, call));
        self.open = left;
        taken
    }

    fn reaped(&mut self, calls: Vec<OpenCall>, reaped: u64) {
        assert_eq!(u64::try_from(calls.len()), Ok(reaped));
        for call in calls {
            self.ended(call, 0, true);
        }
    }

    fn ended(&mut self, open: OpenCall, charge: i128, reaped: bool) {
        let expected = &mut self.expected[open.who];
        expected.held -= wide(open.held.reserved.hold);
        expected.charged += charge;
        self.closed.push((open, charge, reaped));
    }

    async fn grant(&mut self, who: usize, units: i64, key: u8) {
        let amount = Credits::from_units(units);
        let grant = Grant { account: self.accounts[who], amount, idempotency_key: format!("key {key}") };
        let outcome = self.memory.grant(grant).await;
        if units <= 0 {
            assert!(outcome.is_err());
            return;
        }
        let is_new = !self.used_keys.contains(&key);
        assert_eq!(outcome.unwrap(), is_new);
        if is_new {
            self.used_keys.push(key);
            self.expected[who].granted += i128::from(units);
        }
    }

    async fn open(&mut self, who: usize, call: NewCall) {
        let Expected { granted, charged, held } = self.expected[who];
        let available = granted - charged - held;
        match self.memory.open(call.clone()).await {
            Ok(opened) => {
                assert!(wide(opened.reserved.hold) <= available, "more was held than there was");
                self.expected[who].held += wide(opened.reserved.hold);
                self.open.push(OpenCall { who, call, held: opened, opened: self.now() });
            }
            Err(HoldError::Insufficient(shortfall)) => {
                assert_eq!(wide(shortfall.available), available);
                assert!(wide(shortfall.needed) > available);
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The books say what was reckoned, the audit finds nothing, and all of it sums to zero.
    async fn balance(&self) {
        let report = self.memory.audit().await.unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(report.open_holds, u64::try_from(self.open.len()).unwrap());
        let (mut granted, mut posted, mut charged) = (0, 0, 0);
        for (id, expected) in self.accounts.iter().zip(&self.expected) {
            let balance = Accounts::get(&self.memory, *id).await.unwrap().unwrap().balance;
            assert_eq!(wide(balance.granted), expected.granted);
            assert_eq!(wide(balance.posted), expected.granted - expected.charged);
            assert_eq!(wide(balance.held), expected.held);
            granted += wide(balance.granted);
            posted += wide(balance.posted);
        }
        let everything = CallFilter { limit: 1_000, ..CallFilter::default() };
        for record in self.memory.page(Scope::All, &everything).await.unwrap().records {
            charged += wide(record.charge);
        }
        assert_eq!(granted - posted - charged, 0, "credits came from nowhere, or went there");
        let waiting = self.memory.waiting(BillingMode::Ledger, 1_000).await.unwrap();
        let reported: i128 = waiting.iter().map(|event| wide(event.amount)).sum();
        assert_eq!(reported, charged, "every charge is to be reported, once");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_ledger_balances_after_every_step(steps in vec(step(), 1..60)) {
        block_on(Books::play(steps));
    }
}

#[test]
fn of_a_settlement_and_the_reaper_one_counts() {
    block_on(async {
        let memory = Memory::new();
        let stage = Stage::set(&memory, 1_000).await;
        let call = stage.call(100, Some(200));
        let held = stage.open(&call).await;
        let settlement = Arc::new(stage.settlement(&call, held, tokens(100, 100)));
        memory.clock().advance(2 * HOUR);
        assert_eq!(memory.close_stale(SLACK, 10).await.unwrap(), 1);

        let late = memory.close(settlement).await.unwrap();
        assert_eq!(late, Closed::Before { charge: Credits::ZERO, outcome: Outcome::Failed });
        assert_eq!(stage.balance().await.available(), Credits::from_units(1_000));
        assert_eq!(memory.audit().await.unwrap().findings, []);
    });
}
