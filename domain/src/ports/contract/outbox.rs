//! The contract of [`Outbox`](crate::ports::Outbox).

use std::time::Duration;

use super::stage::{Stage, tokens, units};
use super::{World, books_are_clean};
use crate::ids::CallId;
use crate::ports::{BillingMode, Closing, NewCall, UsageEvent};

pub async fn outbox(world: &dyn World) {
    a_charged_call_waits_until_it_is_acknowledged(world).await;
    a_call_that_costs_nothing_has_no_event(world).await;
    an_event_waits_for_the_mode_that_it_was_written_for(world).await;
    the_oldest_event_comes_first(world).await;
    waiting_events_are_counted(world).await;
    books_are_clean(world).await;
}

/// Events of these calls. An event shows itself once it is on the disk, so they are waited for.
async fn waiting(world: &dyn World, mode: BillingMode, calls: &[&NewCall]) -> Vec<UsageEvent> {
    let is_ours = |event: &UsageEvent| calls.iter().any(|call| call.id == event.call);
    let mut found = Vec::new();
    for _ in 0..200 {
        let events = world.outbox().waiting(mode, 10_000).await.unwrap();
        found = events.into_iter().filter(is_ours).collect();
        if found.len() == calls.len() {
            break;
        }
        world.pass(Duration::from_millis(10)).await;
    }
    found
}

async fn acknowledge(world: &dyn World, calls: &[&NewCall]) {
    let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
    world.outbox().acknowledge(&ids).await.unwrap();
}

async fn a_charged_call_waits_until_it_is_acknowledged(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = NewCall { app_did: Some("did:abt:zApp".to_owned()), ..stage.call(100, Some(100)) };
    stage.run(&call, tokens(50, 25)).await;

    let events = waiting(world, BillingMode::Ledger, &[&call]).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.call, event.account, event.amount), (call.id, stage.account.id, units(75)));
    assert_eq!(event.app_did, call.app_did);

    acknowledge(world, &[&call]).await;
    acknowledge(world, &[&call]).await;
    let events = world.outbox().waiting(BillingMode::Ledger, 10_000).await.unwrap();
    assert!(events.iter().all(|event| event.call != call.id), "it was delivered");
}

async fn a_call_that_costs_nothing_has_no_event(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let (unused, failed, charged) = (stage.call(9, Some(9)), stage.call(9, Some(9)), stage.call(9, Some(9)));
    stage.run(&unused, tokens(0, 0)).await;
    stage.open(&failed).await;
    stage.close(stage.void(&failed)).await;
    stage.run(&charged, tokens(1, 1)).await;
    assert_eq!(waiting(world, BillingMode::Ledger, &[&charged]).await.len(), 1);

    let events = world.outbox().waiting(BillingMode::Ledger, 10_000).await.unwrap();
    assert!(events.iter().all(|event| event.call != unused.id && event.call != failed.id));

    acknowledge(world, &[&charged]).await;
}

async fn an_event_waits_for_the_mode_that_it_was_written_for(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let (local, remote) = (stage.call(9, Some(9)), stage.call(9, Some(9)));
    stage.run(&local, tokens(1, 1)).await;
    let held = stage.open(&remote).await;
    let settlement = stage.settlement(&remote, held, tokens(2, 2));
    stage.close(Closing { mode: BillingMode::PaymentKit, ..settlement }).await;

    let events = waiting(world, BillingMode::PaymentKit, &[&remote]).await;
    assert_eq!(events.iter().map(|event| event.amount).collect::<Vec<_>>(), [units(4)]);
    assert_eq!(waiting(world, BillingMode::Ledger, &[&local]).await.len(), 1);
    let in_ledger = world.outbox().waiting(BillingMode::Ledger, 10_000).await.unwrap();
    assert!(in_ledger.iter().all(|event| event.call != remote.id));

    acknowledge(world, &[&local]).await;
}

async fn the_oldest_event_comes_first(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let (first, second) = (stage.call(9, Some(9)), stage.call(9, Some(9)));
    stage.run(&first, tokens(1, 0)).await;
    world.pass(Duration::from_millis(5)).await;
    stage.run(&second, tokens(2, 0)).await;
    let both = waiting(world, BillingMode::Ledger, &[&first, &second]).await;
    assert_eq!(both.iter().map(|event| event.call).collect::<Vec<_>>(), [first.id, second.id]);

    // Others may have left events that are older still.
    let one = world.outbox().waiting(BillingMode::Ledger, 1).await.unwrap();
    assert_eq!(one.len(), 1);
    assert!(one[0].created <= both[0].created && one[0].call != second.id, "{one:?}");

    acknowledge(world, &[&first, &second]).await;
}

async fn waiting_events_are_counted(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let before = world.outbox().depth().await.unwrap();
    let call = stage.call(9, Some(9));
    stage.run(&call, tokens(1, 1)).await;
    waiting(world, BillingMode::Ledger, &[&call]).await;
    assert_eq!(world.outbox().depth().await.unwrap(), before + 1);

    acknowledge(world, &[&call]).await;
    assert_eq!(world.outbox().depth().await.unwrap(), before);
}
