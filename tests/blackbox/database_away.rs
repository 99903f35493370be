//! The database is away for a while: new calls are told to come back, answers in flight finish, and their
//! settlements are recorded when it is back.

use std::time::Duration;

use crate::kit::{Gate, Hub, Kind, Proxy, Reply, USUAL, World, eventually, play, price, shown};

/// A world whose wire to PostgreSQL can be cut.
async fn wired(world: &mut World) -> Proxy {
    world.set_up().await;
    let proxy = Proxy::to(world.database.address().expect("PostgreSQL has an address")).await;
    let mut url = url::Url::parse(&world.database.url().unwrap()).unwrap();
    url.set_ip_host(proxy.address.ip()).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    world.set("HUB__STORAGE__URL", url.as_str());
    proxy
}

/// Refused for now, never for who asks.
async fn assert_refuses_for_now(hub: &Hub) {
    for ask in [hub.client().chat("other"), hub.client().chat("other").streamed()] {
        let answer = ask.send().await.expect(503);
        assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()));
        assert_eq!(answer.header("x-should-retry"), Some("true"));
        assert_eq!(answer.json()["error"]["type"], "service_unavailable_error");
    }
}

async fn is_back(hub: &Hub) {
    eventually("the hub is ready again", async || {
        let ready = hub.client().get("/readyz").send().await;
        (ready.status() == 200).then_some(())
    })
    .await;
}

#[test]
fn answers_in_flight_finish_and_are_settled_when_it_is_back() {
    play(Kind::Postgres, async |world: &mut World| {
        let proxy = wired(world).await;
        let gate = Gate::new();
        world.upstream.script("stream", [Reply::stream().say("one").gate(&gate).say(" two").end(USUAL)]);
        world.upstream.script("whole", [Reply::chat("done", Some(USUAL)).after(&gate)]);
        let hub = world.start().await;
        let mut flow = hub.client().chat("stream").streamed_with_usage().open().await;
        flow.next_with("one").await;
        let ask = hub.client().chat("whole");
        let whole = tokio::spawn(async move { ask.send().await });
        world.upstream.reached_by("whole").await;

        proxy.cut();
        assert_refuses_for_now(&hub).await;
        eventually("the hub says that it is not ready", async || {
            let ready = hub.client().get("/readyz").send().await;
            (ready.status() == 503).then_some(())
        })
        .await;
        hub.client().get("/healthz").send().await.expect(200);

        gate.open();
        let call = flow.head.call_id();
        let usage = flow.next_with("aigneHubCredits").await;
        assert_eq!(shown(&usage), None, "the amount is not known yet");
        assert!(usage.contains(r#""billingStatus":"pending""#), "{usage}");
        assert_eq!(flow.next().await, "[DONE]");
        let whole = whole.await.unwrap().expect(200);
        assert_eq!((whole.text().as_str(), whole.cost()), ("done", None));
        assert_eq!(whole.json()["usage"]["billingStatus"], "pending");

        proxy.mend();
        is_back(&hub).await;
        for call in [call, whole.call_id()] {
            let record = hub.record(&call).await;
            assert_eq!((record.status.as_str(), record.cost()), ("success", price(USUAL)));
        }
        hub.client().chat("other").send().await.expect(200);
        assert_eq!(world.spent().await, 3 * price(USUAL));
    });
}

#[test]
fn a_short_absence_is_bridged() {
    play(Kind::Postgres, async |world: &mut World| {
        let proxy = wired(world).await;
        let hub = world.start().await;
        for _ in 0..5 {
            hub.client().chat("plain").send().await.expect(200);
            // Every connection of the pool is lost, and the database answers again at once.
            proxy.cut();
            tokio::time::sleep(Duration::from_millis(50)).await;
            proxy.mend();
            eventually("calls are taken again", async || {
                let answer = hub.client().chat("plain").send().await;
                assert!([200, 503].contains(&answer.status()), "{}", answer.body);
                (answer.status() == 200).then_some(())
            })
            .await;
        }
    });
}

#[test]
fn commands_say_that_it_is_away() {
    play(Kind::Postgres, async |world: &mut World| {
        let proxy = wired(world).await;
        world.command(&["accounts", "list"]).await.expect(0);
        proxy.cut();
        assert_eq!(world.command(&["audit"]).await.code, 3, "an audit that could not run is no finding");
        let listed = world.command(&["accounts", "list"]).await;
        assert_ne!(listed.code, 0);
        assert_eq!(listed.stderr.trim_end().lines().count(), 1, "one line: {}", listed.stderr);
        proxy.mend();
    });
}

#[test]
fn a_stop_waits_for_what_is_not_settled() {
    play(Kind::Postgres, async |world: &mut World| {
        let proxy = wired(world).await;
        let gate = Gate::new();
        world.upstream.script("stream", [Reply::stream().say("one").gate(&gate).say(" two").end(USUAL)]);
        let hub = world.start().await;
        let mut flow = hub.client().chat("stream").streamed_with_usage().open().await;
        flow.next_with("one").await;
        let call = flow.head.call_id();
        proxy.cut();
        assert_refuses_for_now(&hub).await;
        gate.open();
        flow.next_with("[DONE]").await;
        hub.terminate();
        proxy.mend();
        assert!(hub.ended().await.success());
        let shown = world.json(&format!("calls show {call}")).await;
        assert_eq!(shown["status"], "success");
        assert_eq!(world.spent().await, price(USUAL));
    });
}
