//! What scenarios are made with: a world around the built program, clients that show the wire, and an
//! upstream that does as it is told.

mod amount;
mod answer;
mod client;
mod command;
mod database;
mod eventually;
mod hub;
mod otlp_sink;
mod proxy;
mod record;
mod reply;
mod upstream;
mod world;

use std::time::Duration;

pub use amount::{Units, shown, units};
pub use answer::{Answer, Flow, delivered};
pub use client::{Ask, Client};
pub use command::{Finished, run};
pub use database::Kind;
pub use eventually::{eventually, within};
pub use hub::{Hub, KEY, PROGRAM};
pub use otlp_sink::OtlpSink;
pub use proxy::Proxy;
pub use record::Record;
pub use reply::{Gate, Reply, Tokens};
pub use upstream::USUAL;
pub use world::{MASTER_KEY, World, price};

/// No scenario takes longer, however busy the machine.
const LIMIT: Duration = Duration::from_secs(180);

/// Plays a scenario on a database of its own, and proves the books afterwards.
pub fn play(kind: Kind, scenario: impl AsyncFnOnce(&mut World)) {
    play_within(LIMIT, kind, scenario);
}

pub fn play_within(limit: Duration, kind: Kind, scenario: impl AsyncFnOnce(&mut World)) {
    alone(limit, async {
        let mut world = World::new(kind).await;
        scenario(&mut world).await;
        world.prove().await;
    });
}

/// Runs something that has no world.
pub fn alone(limit: Duration, work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        assert!(tokio::time::timeout(limit, work).await.is_ok(), "the scenario took longer than {limit:?}");
    });
}
