//! The contract of [`Leases`](crate::ports::Leases).

use std::time::Duration;

use super::World;
use super::stage::unique;
use crate::ports::LeaseError;

const HOUR: Duration = Duration::from_secs(3600);

pub async fn leases(world: &dyn World) {
    each_start_has_a_later_epoch(world).await;
    instances_count_their_epochs_apart(world).await;
    a_living_lease_is_renewed(world).await;
    an_ended_lease_is_lost(world).await;
    clocks_are_compared(world).await;
}

async fn each_start_has_a_later_epoch(world: &dyn World) {
    let instance = unique("instance");
    let first = world.leases().begin(&instance, HOUR).await.unwrap();
    let second = world.leases().begin(&instance, HOUR).await.unwrap();
    assert_eq!((&*first.instance, &*second.instance), (instance.as_str(), instance.as_str()));
    assert!(first.epoch < second.epoch);

    world.leases().end(&second).await.unwrap();
    let third = world.leases().begin(&instance, HOUR).await.unwrap();
    assert!(second.epoch < third.epoch, "also after an orderly end");
}

async fn instances_count_their_epochs_apart(world: &dyn World) {
    let (one, other) = (unique("one"), unique("other"));
    let one = world.leases().begin(&one, HOUR).await.unwrap();
    let other = world.leases().begin(&other, HOUR).await.unwrap();

    assert_ne!(one, other);
    world.leases().renew(&one, HOUR).await.unwrap();
    world.leases().renew(&other, HOUR).await.unwrap();
}

async fn a_living_lease_is_renewed(world: &dyn World) {
    let epoch = world.leases().begin(&unique("instance"), HOUR).await.unwrap();
    for _ in 0..3 {
        world.leases().renew(&epoch, HOUR).await.unwrap();
    }
}

async fn an_ended_lease_is_lost(world: &dyn World) {
    let epoch = world.leases().begin(&unique("instance"), HOUR).await.unwrap();
    world.leases().end(&epoch).await.unwrap();

    let renewed = world.leases().renew(&epoch, HOUR).await;
    assert!(matches!(renewed, Err(LeaseError::Lost)), "{renewed:?}");
    world.leases().end(&epoch).await.unwrap();
}

async fn clocks_are_compared(world: &dyn World) {
    let skew = world.leases().clock_skew_ms().await.unwrap();
    assert!(skew.abs() < 10_000, "a database on this machine has this machine's time: {skew} ms");
}
