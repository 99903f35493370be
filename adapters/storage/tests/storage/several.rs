//! Several processes on one database, and callers that don't wait for their answers.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all, maybe_done};
use futures_util::{FutureExt, StreamExt, stream};
use hub_domain::ids::CallId;
use hub_domain::ports::contract::Stage;
use hub_domain::ports::{
    Billing, CallLedger, ClaimState, CloseError, Closed, Health, HoldError, Leases, NewCall,
};
use hub_domain::quote::Quote;
use hub_domain::usage::{Quantities, Usage};
use hub_storage::{Store, StoreSettings};

use crate::database::Database;
use crate::on_both_databases;

on_both_databases! {
    holds_of_several_processes_never_take_more_than_there_is,
    endings_of_several_processes_count_once,
    a_claim_counts_once_among_several_processes,
    calls_of_many_accounts_are_opened_and_ended_beside_each_other,
    a_failing_command_takes_none_beside_it_down,
    an_owner_and_a_reaper_race_for_a_call,
    a_caller_that_leaves_changes_nothing_half,
    a_process_that_is_closed_answers_at_once,
    what_was_answered_is_there_after_a_new_start,
    several_processes_may_migrate_at_once,
    work_is_counted,
}

fn tokens(input: u64, output: u64) -> Usage {
    use hub_domain::meter::Meter;
    let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Output, output);
    Usage { quantities, ..Usage::default() }
}

async fn holds_of_several_processes_never_take_more_than_there_is(database: &Database) {
    let stage = Stage::set(database, 3_000).await;
    let other = database.open_again().await;
    let calls: Vec<_> = (0..150).map(|_| stage.call(14, Some(16))).collect();
    let opens = calls.iter().enumerate().map(|(n, call)| {
        let store = if n % 2 == 0 { &database.store } else { &other };
        store.open(call.clone())
    });
    let outcomes = join_all(opens).await;

    let opened = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(opened, 100, "3,000 units pay for 100 holds of 30");
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(error, HoldError::Insufficient(_)), "{error:?}");
    }
    assert_eq!(stage.balance().await.held.units(), 3_000);
    assert_eq!(database.audit().await, []);
}

async fn endings_of_several_processes_count_once(database: &Database) {
    let stage = Stage::set(database, 100_000).await;
    let other = database.open_again().await;
    for _ in 0..20 {
        let call = stage.call(100, Some(200));
        let held = stage.open(&call).await;
        let settlement = Arc::new(stage.settlement(&call, held, tokens(90, 10)));
        let void = Arc::new(stage.void(&call));
        let (one, two) =
            join(CallLedger::close(&database.store, settlement), CallLedger::close(&other, void)).await;

        let charge = |closed: Result<Closed, CloseError>| match closed.unwrap() {
            Closed::Done { charge } | Closed::Before { charge, .. } => charge,
        };
        assert_eq!(charge(one), charge(two), "both learn of the one ending");
    }
    assert_eq!(stage.balance().await.held.units(), 0);
    assert_eq!(database.audit().await, []);
}

async fn a_claim_counts_once_among_several_processes(database: &Database) {
    let stage = Stage::set(database, 100_000).await;
    let other = database.open_again().await;
    let claim = stage.claim();
    let calls: Vec<_> =
        (0..40).map(|_| NewCall { claim: Some(claim.clone()), ..stage.call(10, Some(10)) }).collect();
    let opens = calls.iter().enumerate().map(|(n, call)| {
        let store = if n % 2 == 0 { &database.store } else { &other };
        store.open(call.clone())
    });
    let outcomes = join_all(opens).await;

    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(error, HoldError::Claimed(ClaimState::InProgress)), "{error:?}");
    }
    assert_eq!(stage.balance().await.held.units(), 20);
}

async fn calls_of_many_accounts_are_opened_and_ended_beside_each_other(database: &Database) {
    let stages: Vec<_> = stream::iter(0..12).then(|_| Stage::set(database, 1_000_000)).collect().await;
    let runs = stages.iter().map(|stage| async move {
        for _ in 0..5 {
            let calls: Vec<_> = (0..6).map(|_| stage.call(100, Some(50))).collect();
            join_all(calls.iter().map(|call| stage.run(call, tokens(70, 30)))).await;
        }
        let balance = stage.balance().await;
        assert_eq!((balance.posted.units(), balance.held.units()), (1_000_000 - 30 * 100, 0));
    });
    join_all(runs).await;
    assert_eq!(database.audit().await, []);
}

/// Commands that wait at the same time share a transaction. The one that can't be written (its call was
/// opened before) must not take the others with it, wherever it stands among them.
async fn a_failing_command_takes_none_beside_it_down(database: &Database) {
    let stage = Stage::set(database, 1_000_000).await;
    let before = stage.call(10, Some(10));
    stage.open(&before).await;
    let calls: Vec<_> = (0..40)
        .map(|n| NewCall {
            id: if n % 10 == 3 { before.id } else { CallId::new() },
            ..stage.call(10, Some(10))
        })
        .collect();
    let outcomes = join_all(calls.iter().map(|call| database.store.open(call.clone()))).await;

    for (n, outcome) in outcomes.iter().enumerate() {
        if n % 10 == 3 {
            assert!(matches!(outcome, Err(HoldError::Storage(_))), "{n}: {outcome:?}");
        } else {
            assert!(outcome.is_ok(), "{n}: {outcome:?}");
        }
    }
    assert_eq!(stage.balance().await.held.units(), 37 * 20);
    assert_eq!(database.audit().await, []);
}

async fn an_owner_and_a_reaper_race_for_a_call(database: &Database) {
    let mut stage = Stage::set(database, 1_000_000).await;
    let other = database.open_again().await;
    for _ in 0..10 {
        stage.owner = database.store.begin("short-lived", Duration::ZERO).await.unwrap();
        let call = stage.call(100, Some(200));
        let held = stage.open(&call).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        let settlement = Arc::new(stage.settlement(&call, held, tokens(90, 10)));
        let (closed, reaped) =
            join(CallLedger::close(&database.store, settlement), other.close_stale(Duration::ZERO, 100))
                .await;

        let record = stage.record(&call).await.unwrap();
        match (closed.unwrap(), reaped.unwrap()) {
            (Closed::Done { .. }, 0) => assert_eq!(record.charge.units(), 100),
            (Closed::Before { .. }, 1) => assert_eq!(record.charge.units(), 0),
            both => panic!("{both:?}"),
        }
    }
    assert_eq!(stage.balance().await.held.units(), 0);
    assert_eq!(database.audit().await, []);
}

async fn a_caller_that_leaves_changes_nothing_half(database: &Database) {
    let stage = Stage::set(database, 1_000_000).await;
    let calls: Vec<_> = (0..60).map(|_| stage.call(10, Some(10))).collect();
    for (n, call) in calls.iter().enumerate() {
        let mut open = Box::pin(database.store.open(call.clone()));
        if (&mut open).now_or_never().is_none() && n % 3 == 0 {
            tokio::time::sleep(Duration::from_micros(200 * u64::try_from(n).unwrap())).await;
        }
    }
    // Those that had begun run to their end; a later command comes after them.
    let last = stage.call(10, Some(10));
    stage.open(&last).await;

    assert_eq!(database.audit().await, []);
    for call in &calls {
        let closed = CallLedger::close(&database.store, Arc::new(stage.void(call))).await;
        assert!(matches!(closed, Ok(Closed::Done { .. }) | Err(CloseError::Unknown)), "{closed:?}");
    }
    stage.close(stage.void(&last)).await;
    assert_eq!(stage.balance().await.held.units(), 0);
}

async fn a_process_that_is_closed_answers_at_once(database: &Database) {
    let stage = Stage::set(database, 1_000_000).await;
    let other = database.open_again().await;
    let calls: Vec<_> = (0..40).map(|_| stage.call(10, Some(10))).collect();
    let mut opens: Vec<_> = calls.iter().map(|call| Box::pin(maybe_done(other.open(call.clone())))).collect();
    // All of them are queued, and the first may be answered before the last is.
    for open in &mut opens {
        let _ = open.now_or_never();
    }
    other.clone().close().await;

    for mut open in opens {
        open.as_mut().await;
        let outcome = open.as_mut().take_output().unwrap();
        assert!(outcome.is_ok(), "what was queued is written: {outcome:?}");
    }
    let late = other.open(stage.call(10, Some(10))).await;
    assert!(matches!(&late, Err(HoldError::Storage(error)) if error.is_away()), "{late:?}");
    assert_eq!(stage.balance().await.held.units(), 40 * 20);
}

async fn what_was_answered_is_there_after_a_new_start(database: &Database) {
    let mut stage = Stage::set(database, 1_000_000).await;
    let first = database.open_again().await;
    let (settled, open) = (stage.call(10, Some(10)), stage.call(10, Some(10)));
    let held = first.open(settled.clone()).await.unwrap();
    CallLedger::close(&first, Arc::new(stage.settlement(&settled, held, tokens(5, 5)))).await.unwrap();
    first.open(open.clone()).await.unwrap();
    drop(first);

    let second: Store = database.open_again().await;
    stage.owner = second.begin(&stage.owner.instance, Duration::from_secs(60)).await.unwrap();
    assert_eq!(second.close_earlier_epochs(&stage.owner).await.unwrap(), 1);
    assert_eq!(stage.record(&settled).await.unwrap().charge.units(), 10);
    assert_eq!(stage.record(&open).await.unwrap().reason.as_deref(), Some("stale"));
    assert_eq!(stage.balance().await.available().units(), 999_990);
    assert_eq!(database.audit().await, []);
}

async fn several_processes_may_migrate_at_once(database: &Database) {
    let empty = database.empty().await;
    let open = async || Store::open(StoreSettings::new(empty.clone())).await.unwrap();
    let (one, other) = join(open(), open()).await;
    let pending = one.pending_migrations().await.unwrap();
    assert_eq!(
        pending,
        ["0001_books", "0002_catalogue", "0003_reports", "0004_routing", "0005_responses", "0006_limits"]
    );

    let (first, second) = join(one.migrate(), other.migrate()).await;
    let mut steps = first.unwrap();
    steps.extend(second.unwrap());
    steps.sort();
    assert_eq!(steps, pending, "each step is taken once");
    assert_eq!(one.pending_migrations().await.unwrap(), [""; 0]);
    one.close().await;
    other.close().await;
}

async fn work_is_counted(database: &Database) {
    let stage = Stage::set(database, 1_000_000).await;
    let before = database.store.report();
    let quote = Quote::free(stage.call(1, Some(1)).quote.bound, Default::default());
    let calls: Vec<_> = (0..20)
        .map(|_| NewCall { quote, billing: Billing::None, rate: None, ..stage.call(1, Some(1)) })
        .collect();
    join_all(calls.iter().map(|call| stage.open(call))).await;

    let after = database.store.report();
    assert_eq!(after.commands - before.commands, 20);
    assert!((1..=20).contains(&(after.groups - before.groups)), "{before:?} {after:?}");
    assert_eq!(after.writer_queue, 0);
    assert_eq!(after.wal_bytes.is_some(), database.file().is_some());
}
