//! Calls whose owner is gone.

use std::sync::Arc;
use std::time::Duration;

use super::super::World;
use super::super::stage::{Stage, tokens, unique, units};
use crate::ending::Outcome;
use crate::ids::InstanceEpoch;
use crate::ports::{CallStatus, Closed, LeaseError, NewCall};

const MOMENT: Duration = Duration::from_millis(50);
const HOUR: Duration = Duration::from_secs(3600);

/// An instance whose lease lasts a moment.
async fn short_lived(world: &dyn World) -> InstanceEpoch {
    world.leases().begin(&unique("short-lived"), MOMENT).await.unwrap()
}

async fn is_stale(stage: &Stage<'_>, call: &NewCall) -> bool {
    let record = stage.record(call).await.unwrap();
    if record.status == CallStatus::Processing {
        return false;
    }
    assert_eq!((record.status, record.state.as_str()), (CallStatus::Failed, "voided"));
    assert_eq!(record.reason.as_deref(), Some("stale"));
    assert_eq!(record.charge, units(0));
    assert!(record.closed.is_some());
    true
}

pub async fn an_instance_that_starts_again_closes_its_earlier_calls(world: &dyn World) {
    let mut stage = Stage::set(world, 1_000).await;
    let (abandoned, others) = (stage.call(100, Some(100)), stage.call(100, Some(100)));
    stage.open(&abandoned).await;
    let instance = Arc::clone(&stage.owner.instance);
    let other_owner = world.leases().begin(&unique("other"), HOUR).await.unwrap();
    let others = NewCall { by: other_owner, ..others };
    stage.open(&others).await;
    stage.owner = world.leases().begin(&instance, HOUR).await.unwrap();
    let current = stage.call(100, Some(100));
    stage.open(&current).await;

    assert_eq!(world.ledger().close_earlier_epochs(&stage.owner).await.unwrap(), 1);
    assert!(is_stale(&stage, &abandoned).await);
    assert!(!is_stale(&stage, &current).await, "the present epoch keeps its calls");
    assert!(!is_stale(&stage, &others).await, "another instance keeps its calls");
    assert_eq!(stage.balance().await.held, units(400), "the hold of the stale call is released");
    assert_eq!(world.ledger().close_earlier_epochs(&stage.owner).await.unwrap(), 0);

    stage.close(stage.void(&current)).await;
    stage.close(stage.void(&others)).await;
}

pub async fn calls_of_a_lost_lease_are_closed_by_others(world: &dyn World) {
    let mut stage = Stage::set(world, 1_000).await;
    stage.owner = short_lived(world).await;
    let call = stage.call(100, Some(200));
    stage.open(&call).await;
    world.pass(4 * MOMENT).await;

    assert_eq!(world.ledger().close_stale(HOUR, 100).await.unwrap(), 0, "the slack is not over");
    assert_eq!(world.ledger().close_stale(MOMENT, 100).await.unwrap(), 1);
    assert!(is_stale(&stage, &call).await);
    assert_eq!(stage.balance().await.available(), units(1_000));
    assert_eq!(world.ledger().close_stale(MOMENT, 100).await.unwrap(), 0);
    let renewed = world.leases().renew(&stage.owner, HOUR).await;
    assert!(matches!(renewed, Err(LeaseError::Lost)), "who lost its calls learns of it: {renewed:?}");
}

pub async fn a_living_owner_keeps_its_calls(world: &dyn World) {
    let mut stage = Stage::set(world, 1_000).await;
    stage.owner = short_lived(world).await;
    let call = stage.call(100, Some(200));
    stage.open(&call).await;
    world.leases().renew(&stage.owner, HOUR).await.unwrap();
    world.pass(4 * MOMENT).await;

    assert_eq!(world.ledger().close_stale(MOMENT, 100).await.unwrap(), 0);
    assert!(!is_stale(&stage, &call).await);

    stage.close(stage.void(&call)).await;
}

pub async fn calls_are_reaped_in_batches(world: &dyn World) {
    let mut stage = Stage::set(world, 1_000).await;
    stage.owner = short_lived(world).await;
    for _ in 0..3 {
        stage.open(&stage.call(100, Some(100))).await;
    }
    world.pass(4 * MOMENT).await;

    assert_eq!(world.ledger().close_stale(MOMENT, 2).await.unwrap(), 2);
    assert_eq!(stage.balance().await.held, units(200));
    assert_eq!(world.ledger().close_stale(MOMENT, 2).await.unwrap(), 1);
    assert_eq!(stage.balance().await.held, units(0));
}

pub async fn an_ending_that_comes_too_late_is_told_so(world: &dyn World) {
    let mut stage = Stage::set(world, 1_000).await;
    stage.owner = short_lived(world).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;
    world.pass(4 * MOMENT).await;
    assert_eq!(world.ledger().close_stale(MOMENT, 100).await.unwrap(), 1);
    let late = stage.close(stage.settlement(&call, held, tokens(90, 60))).await;

    assert_eq!(late, Closed::Before { charge: units(0), outcome: Outcome::Failed });
    assert!(is_stale(&stage, &call).await);
    assert_eq!(stage.balance().await.available(), units(1_000));
}

pub async fn calls_left_by_an_ended_lease_are_found(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    stage.open(&call).await;
    world.leases().end(&stage.owner).await.unwrap();
    world.pass(4 * MOMENT).await;

    assert_eq!(world.ledger().close_stale(MOMENT, 100).await.unwrap(), 1);
    assert!(is_stale(&stage, &call).await);
}

pub async fn a_call_beyond_its_time_limit_is_closed(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let (short, long) = (stage.call(100, Some(100)), stage.call(100, Some(100)));
    let short = NewCall { time_limit: Duration::from_secs(1), ..short };
    stage.open(&short).await;
    stage.open(&long).await;
    world.pass(Duration::from_secs(58)).await;
    assert_eq!(world.ledger().close_stale(MOMENT, 100).await.unwrap(), 0, "a minute is not over");

    world.pass(Duration::from_secs(5)).await;
    assert_eq!(world.ledger().close_stale(MOMENT, 100).await.unwrap(), 1);
    assert!(is_stale(&stage, &short).await);
    assert!(!is_stale(&stage, &long).await);

    stage.close(stage.void(&long)).await;
}
