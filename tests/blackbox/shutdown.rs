//! SIGTERM: nothing new is taken, what runs may finish, the rest is settled for what was delivered.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::kit::{Gate, Reply, Tokens, USUAL, World, eventually, price, shown, within};

on_both_databases! {
    a_running_stream_finishes,
    after_the_grace_the_rest_is_settled,
    load_balancers_see_it_first,
    a_second_signal_ends_it_at_once,
}

async fn a_running_stream_finishes(world: &mut World) {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::stream().say("one").gate(&gate).say(" two").end(USUAL)]);
    let hub = world.start().await;
    let mut flow = hub.client().chat("slow").streamed_with_usage().open().await;
    flow.next_with("one").await;
    hub.terminate();
    within(Duration::from_secs(5), "new calls are refused", async || {
        match timeout(Duration::from_secs(2), hub.client().chat("plain").try_send()).await {
            Ok(Ok(answer)) if answer.status() == 200 => None,
            Ok(Ok(answer)) => {
                assert_eq!(answer.status(), 503, "{}", answer.body);
                assert!(answer.header("retry-after").is_some());
                Some(())
            }
            // Or nobody listens any more.
            Ok(Err(_)) => Some(()),
            Err(_) => panic!("a new call is left without an answer"),
        }
    })
    .await;
    gate.open();
    flow.next_with("two").await;
    assert_eq!(shown(&flow.next_with("aigneHubCredits").await), Some(price(USUAL)));
    assert_eq!(flow.next().await, "[DONE]");
    let call = flow.head.call_id();
    assert!(hub.ended().await.success(), "{}", hub.log());
    assert_eq!(world.json(&format!("calls show {call}")).await["status"], "success");
}

async fn after_the_grace_the_rest_is_settled(world: &mut World) {
    world.set("HUB__SHUTDOWN__GRACE", "1s");
    world.upstream.script("endless", [Reply::stream().say("one two three").hang()]);
    world.upstream.script("mute", [Reply::default().hang()]);
    let hub = world.start().await;
    let mut flow = hub.client().chat("endless").streamed().open().await;
    flow.next_with("three").await;
    let call = flow.head.call_id();
    let ask = hub.client().chat("mute");
    let whole = tokio::spawn(async move { ask.send().await });
    world.upstream.reached_by("mute").await;
    let start = Instant::now();
    hub.terminate();
    let (answer, _) = flow.rest().await;
    assert!(answer.events().last().is_some_and(|event| event.contains("error")), "{}", answer.body);
    assert!(!answer.body.contains("[DONE]"));
    let whole = whole.await.unwrap();
    assert_eq!(whole.status(), 503, "{}", whole.body);
    assert!(hub.ended().await.success(), "{}", hub.log());
    assert!(start.elapsed() < Duration::from_secs(15), "it took {:?}", start.elapsed());

    let record = world.json(&format!("calls show {call}")).await;
    assert_eq!((&record["status"], &record["reason"]), (&"failed".into(), &"shutting_down".into()));
    let meter = |name: &str| record["usage"][name].as_u64().unwrap();
    let delivered = price(Tokens::of(meter("input"), meter("output")));
    assert_eq!(crate::kit::units(record["cost"].as_str().unwrap()), delivered);
    assert!(delivered > 0);
}

async fn load_balancers_see_it_first(world: &mut World) {
    world.set("HUB__SHUTDOWN__PROPAGATION", "2s");
    let hub = world.start().await;
    hub.terminate();
    eventually("the hub says that it is not ready", async || {
        let ready = hub.client().get("/readyz").send().await;
        (ready.status() == 503).then_some(())
    })
    .await;
    // A load balancer that has not looked yet still sends calls.
    hub.client().chat("plain").send().await.expect(200);
    hub.client().get("/healthz").send().await.expect(200);
    assert!(hub.ended().await.success());
}

async fn a_second_signal_ends_it_at_once(world: &mut World) {
    world.upstream.script("mute", [Reply::default().hang()]);
    let hub = world.start().await;
    let waiting = hub.client().chat("mute").dispatch().await.unwrap();
    world.upstream.reached_by("mute").await;
    hub.terminate();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(hub.has_ended().is_none(), "it waits for its call");
    let start = Instant::now();
    hub.terminate();
    hub.ended().await;
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    drop(waiting);
    // What was left open is closed by the next start.
    let hub = world.start().await;
    let record = hub.only_record().await;
    assert_eq!((record.status.as_str(), record.reason(), record.cost()), ("failed", Some("stale"), 0));
}
