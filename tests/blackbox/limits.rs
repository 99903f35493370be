//! Limits on calls in flight: who is refused, how, and that nothing is left of it.

use serde_json::json;

use crate::kit::{Ask, Gate, Reply, USUAL, World, eventually, price};

on_both_databases! {
    a_full_hub_says_when_to_come_back,
    a_key_is_held_to_its_own_limit,
    an_account_is_held_to_its_limit,
    usage_events_are_delivered,
    full_durability_answers_and_survives,
}

/// Starts calls that wait at the gate, and returns once they are upstream.
async fn occupy(world: &World, asks: Vec<Ask>) -> Vec<tokio::task::JoinHandle<u16>> {
    let count = asks.len();
    let running =
        asks.into_iter().map(|ask| tokio::spawn(async move { ask.send().await.status() })).collect();
    eventually("the calls are upstream", async || (world.upstream.seen("slow").len() == count).then_some(()))
        .await;
    running
}

async fn finish(gate: &Gate, running: Vec<tokio::task::JoinHandle<u16>>) {
    gate.open();
    for call in running {
        assert_eq!(call.await.unwrap(), 200);
    }
}

fn slow(world: &World) -> Gate {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::chat("done", Some(USUAL)).after(&gate)]);
    gate
}

async fn a_full_hub_says_when_to_come_back(world: &mut World) {
    world.set("HUB__LIMITS__CALLS", "2");
    let gate = slow(world);
    let hub = world.start().await;
    let running = occupy(world, vec![hub.client().chat("slow"); 2]).await;
    let refused = hub.client().chat("plain").send().await.expect(503);
    assert_eq!(refused.json()["error"]["type"], "service_unavailable_error");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.header("x-should-retry"), Some("true"));
    hub.client().get("/readyz").send().await.expect(200);
    finish(&gate, running).await;
    hub.client().chat("plain").send().await.expect(200);
    assert_eq!(hub.records().await.len(), 3);
}

async fn a_key_is_held_to_its_own_limit(world: &mut World) {
    let gate = slow(world);
    let hub = world.start().await;
    world.json("accounts create alice").await;
    world.json("accounts grant alice 1000").await;
    let made = world.json("keys create --account alice --calls-at-once 1").await;
    let alice = hub.client().with_key(made["key"].as_str().unwrap());
    let running = occupy(world, vec![alice.chat("slow").with("max_tokens", 50)]).await;
    let refused = alice.chat("plain").with("max_tokens", 50).send().await.expect(429);
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    assert!(refused.header("retry-after").is_some());
    hub.client().chat("plain").send().await.expect(200);
    finish(&gate, running).await;
    alice.chat("plain").with("max_tokens", 50).send().await.expect(200);
}

async fn an_account_is_held_to_its_limit(world: &mut World) {
    world.set("HUB__LIMITS__CALLS_PER_ACCOUNT", "2");
    let gate = slow(world);
    let hub = world.start().await;
    let alice = hub.client().with_key(&world.account("alice", "1000").await);
    let ask = alice.chat("slow").with("max_tokens", 50);
    let running = occupy(world, vec![ask.clone(); 2]).await;
    alice.chat("plain").with("max_tokens", 50).send().await.expect(429);
    hub.client().chat("plain").send().await.expect(200);
    finish(&gate, running).await;
}

async fn usage_events_are_delivered(world: &mut World) {
    let hub = world.start().await;
    for _ in 0..5 {
        hub.client().chat("plain").send().await.expect(200);
    }
    let audit = world.json("audit").await;
    assert_eq!((&audit["ok"], &audit["checked"]["outbox"]), (&json!(true), &json!(5)));
    eventually("nothing waits in the outbox", async || {
        (hub.metric("aigne_hub_outbox_waiting").await == 0.0).then_some(())
    })
    .await;
}

async fn full_durability_answers_and_survives(world: &mut World) {
    world.set("HUB__STORAGE__DURABILITY", "full");
    let hub = world.start().await;
    let whole = hub.client().chat("plain").send().await.expect(200);
    let streamed = hub.client().chat("plain").streamed_with_usage().send().await.expect(200);
    hub.kill();
    let hub = world.start().await;
    for answer in [whole, streamed] {
        assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
    }
}
