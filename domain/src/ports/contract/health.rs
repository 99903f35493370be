//! The contract of [`Health`](crate::ports::Health).

use super::World;
use super::stage::{Stage, tokens};

pub async fn health(world: &dyn World) {
    a_store_that_works_says_so(world).await;
    counters_never_go_back(world).await;
}

async fn a_store_that_works_says_so(world: &dyn World) {
    world.health().ping().await.unwrap();
}

async fn counters_never_go_back(world: &dyn World) {
    let before = world.health().report();
    let stage = Stage::set(world, 1_000).await;
    stage.run(&stage.call(9, Some(9)), tokens(1, 1)).await;
    let after = world.health().report();

    assert!(after.groups >= before.groups && after.commands >= before.commands);
}
