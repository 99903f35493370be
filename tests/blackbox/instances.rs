//! Several hubs on one PostgreSQL: what one is told the others know within a second, and what one leaves
//! behind the others clean up.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::kit::{Gate, Kind, Reply, USUAL, World, eventually, play, price, units, within};

#[test]
fn a_key_revoked_here_is_refused_there_within_a_second() {
    play(Kind::Postgres, async |world: &mut World| {
        let (one, two) = (world.start_named("one").await, world.start_named("two").await);
        let key = world.account("alice", "10").await;
        for hub in [&one, &two] {
            hub.client().with_key(&key).chat("plain").send().await.expect(200);
        }
        let id = world.json("keys list --account alice").await[0]["id"].as_str().unwrap().to_owned();
        world.json(&format!("keys revoke {id}")).await;
        for hub in [&one, &two] {
            within(Duration::from_secs(1), "the key is refused", async || {
                let answer = hub.client().with_key(&key).get("/api/user/info").send().await;
                (answer.status() == 401).then_some(())
            })
            .await;
        }
    });
}

#[test]
fn a_new_price_applies_everywhere_within_a_second() {
    play(Kind::Postgres, async |world: &mut World| {
        let (one, two) = (world.start_named("one").await, world.start_named("two").await);
        world.json("rates set fake/* --input 1 --output 1").await;
        let start = Instant::now();
        for hub in [&one, &two] {
            eventually("the new price applies", async || {
                let answer = hub.client().chat("plain").send().await.expect(200);
                (answer.cost() == Some(units("0.000013"))).then_some(())
            })
            .await;
        }
        assert!(start.elapsed() < Duration::from_secs(2), "it took {:?}", start.elapsed());
    });
}

#[test]
fn the_calls_of_a_dead_instance_are_closed_by_another() {
    play(Kind::Postgres, async |world: &mut World| {
        world.set("HUB__LEASE__TTL", "3s");
        world.upstream.script("endless", [Reply::stream().say("one two three").hang()]);
        let (one, two) = (world.start_named("one").await, world.start_named("two").await);
        let mut flow = one.client().chat("endless").streamed().open().await;
        flow.next_with("three").await;
        let call = flow.head.call_id();
        let mut living = two.client().chat("endless").streamed().open().await;
        living.next_with("three").await;
        let own = living.head.call_id();
        one.kill();
        assert_eq!(two.find_record(&call).await.unwrap().status, "processing");
        // Four thirds of the lease, and the time between two looks.
        let record = within(Duration::from_secs(10), "the call is closed", async || {
            two.find_record(&call).await.filter(|record| record.status != "processing")
        })
        .await;
        assert_eq!((record.status.as_str(), record.reason(), record.cost()), ("failed", Some("stale"), 0));
        assert_eq!(record.state, "voided");
        assert_eq!(two.find_record(&own).await.unwrap().status, "processing", "its own call lives on");
        assert!(two.metric("aigne_hub_stale_calls_reaped_total").await >= 1.0);
        // The dead one comes back and finds nothing left to do.
        let one = world.start_named("one").await;
        one.client().chat("plain").send().await.expect(200);
        drop(living);
        two.record(&own).await;
    });
}

#[test]
fn one_balance_is_spent_once_by_all_instances() {
    play(Kind::Postgres, async |world: &mut World| {
        let gate = Gate::new();
        world.upstream.script("slow", [Reply::chat("done", Some(USUAL)).after(&gate)]);
        let hubs = [world.start_named("one").await, world.start_named("two").await];
        let key = world.account("limited", "1").await;
        let asks = hubs.iter().map(|hub| hub.client().with_key(&key).chat("slow").with("max_tokens", 50));
        let asks: Vec<_> = asks.collect();
        let calls: Vec<_> = (0..20)
            .map(|number| {
                let ask = asks[number % 2].clone();
                tokio::spawn(async move { ask.send().await.status() })
            })
            .collect();
        // One call holds more than a third of the balance.
        eventually("all but those that fit are refused", async || {
            let refused = calls.iter().filter(|call| call.is_finished()).count();
            (refused + world.upstream.seen("slow").len() == 20).then_some(())
        })
        .await;
        let held = world.json("accounts show limited").await;
        assert!(units(held["held"].as_str().unwrap()) <= units("1"), "{held}");
        gate.open();
        let mut accepted = 0;
        for call in calls {
            match call.await.unwrap() {
                200 => accepted += 1,
                402 => {}
                other => panic!("{other}"),
            }
        }
        assert!((1..20).contains(&accepted), "{accepted} accepted");
        assert_eq!(world.balance("limited").await, units("1") - accepted * price(USUAL));
    });
}

#[test]
fn a_storm_over_two_instances_is_one_call() {
    play(Kind::Postgres, async |world: &mut World| {
        let gate = Gate::new();
        world.upstream.script("wanted", [Reply::chat("one", Some(USUAL)).after(&gate)]);
        let hubs = [world.start_named("one").await, world.start_named("two").await];
        let asks: Vec<_> = hubs.iter().map(|hub| hub.client().chat("wanted").idempotency_key("k")).collect();
        let calls: Vec<_> = (0..40)
            .map(|number| {
                let ask = asks[number % 2].clone();
                tokio::spawn(async move { ask.send().await })
            })
            .collect();
        world.upstream.reached_by("wanted").await;
        gate.open();
        for call in calls {
            let answer = call.await.unwrap();
            assert!([200, 409].contains(&answer.status()), "{}", answer.body);
        }
        let bodies = [asks[0].send().await.expect(200).body, asks[1].send().await.expect(200).body];
        assert_eq!(bodies[0], bodies[1]);
        assert_eq!(world.upstream.seen("wanted").len(), 1);
        assert_eq!(world.json("calls list").await.as_array().unwrap().len(), 1);
        assert_eq!(world.json("calls list").await[0]["status"], json!("success"));
    });
}

#[test]
fn two_instances_may_start_at_once_on_an_empty_database() {
    play(Kind::Postgres, async |world: &mut World| {
        let (first, second) = (world.data_dir("one"), world.data_dir("two"));
        let environment = world.environment();
        let (one, two) = tokio::join!(
            crate::kit::Hub::start(&first, environment, &[]),
            crate::kit::Hub::start(&second, environment, &[]),
        );
        for hub in [one, two] {
            hub.client().get("/api/user/info").send().await.expect(200);
            hub.stop().await;
        }
    });
}
