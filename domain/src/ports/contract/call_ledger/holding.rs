//! Opening calls.

use futures_util::future::join_all;

use super::super::World;
use super::super::stage::{Stage, tokens, units};
use crate::ids::AccountId;
use crate::ports::{CallStatus, HoldError};
use crate::quote::Shortfall;

pub async fn a_hold_reserves_what_the_quote_takes(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;

    assert_eq!(held.reserved.hold, units(300));
    assert_eq!(held.reserved.output_limit, Some(200));
    let balance = stage.balance().await;
    assert_eq!((balance.posted, balance.held, balance.available()), (units(1_000), units(300), units(700)));
    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.status, record.state.as_str()), (CallStatus::Processing, "held"));
    assert_eq!((record.hold, record.charge), (units(300), units(0)));
    assert_eq!(record.rate_version, Some(stage.rate.version));
    assert_eq!(record.account_name, stage.account.name);
    assert_eq!(record.closed, None);

    stage.close(stage.void(&call)).await;
}

pub async fn a_hold_is_refused_when_the_balance_does_not_cover_it(world: &dyn World) {
    let stage = Stage::set(world, 110).await;
    let call = stage.call(100, Some(200));
    let refused = world.ledger().open(call.clone()).await;

    let Err(HoldError::Insufficient(shortfall)) = refused else { panic!("{refused:?}") };
    assert_eq!(shortfall, Shortfall { needed: units(116), available: units(110) });
    assert_eq!(stage.balance().await.held, units(0), "nothing was reserved");
    assert!(stage.record(&call).await.is_none(), "nothing was recorded");
}

pub async fn a_small_balance_lowers_the_output_limit(world: &dyn World) {
    let stage = Stage::set(world, 150).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;

    assert_eq!((held.reserved.hold, held.reserved.output_limit), (units(150), Some(50)));

    stage.close(stage.void(&call)).await;
}

pub async fn calls_without_a_limit_share_the_balance(world: &dyn World) {
    let stage = Stage::set(world, 10_000).await;
    let (first, second) = (stage.call(1_000, None), stage.call(1_000, None));
    let half = stage.open(&first).await;
    let quarter = stage.open(&second).await;

    assert_eq!((half.reserved.hold, half.reserved.output_limit), (units(5_000), Some(4_000)));
    assert_eq!((quarter.reserved.hold, quarter.reserved.output_limit), (units(2_500), Some(1_500)));

    stage.close(stage.void(&first)).await;
    stage.close(stage.void(&second)).await;
}

pub async fn concurrent_holds_never_take_more_than_there_is(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let calls: Vec<_> = (0..100).map(|_| stage.call(14, Some(16))).collect();
    let outcomes = join_all(calls.iter().map(|call| world.ledger().open(call.clone()))).await;

    let opened: Vec<_> = calls.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).collect();
    assert_eq!(opened.len(), 33, "1,000 units pay for 33 holds of 30");
    for outcome in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(outcome, HoldError::Insufficient(_)), "{outcome:?}");
    }
    assert_eq!(stage.balance().await.held, units(990));

    for (call, _) in opened {
        stage.close(stage.void(call)).await;
    }
    assert_eq!(stage.balance().await.held, units(0));
}

pub async fn an_unknown_account_holds_nothing(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let mut call = stage.call(10, Some(20));
    call.account = AccountId::new();

    let refused = world.ledger().open(call).await;
    assert!(matches!(refused, Err(HoldError::UnknownAccount)), "{refused:?}");
}

pub async fn a_free_call_needs_no_balance(world: &dyn World) {
    let stage = Stage::set(world, 0).await;
    let call = stage.free_call();
    let held = stage.open(&call).await;

    assert_eq!((held.reserved.hold, held.reserved.output_limit), (units(0), Some(100)));
    assert_eq!(stage.record(&call).await.unwrap().billing, "none");

    stage.close(stage.void(&call)).await;
}

pub async fn open_holds_are_counted(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let (calls, held) = world.ledger().open_holds().await.unwrap();
    let call = stage.call(100, Some(200));
    let hold = stage.open(&call).await;

    let expected = (calls + 1, held.checked_add(units(300)).unwrap());
    assert_eq!(world.ledger().open_holds().await.unwrap(), expected);

    stage.close(stage.settlement(&call, hold, tokens(100, 100))).await;
    assert_eq!(world.ledger().open_holds().await.unwrap(), (calls, held));
}
