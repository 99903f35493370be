//! What failed a moment ago is left alone: credentials that rest or are out, and circuits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{Hub, Reply, USUAL, World, price};

on_both_databases! {
    a_limited_credential_is_not_asked_again_before_its_time,
    the_other_credential_serves_while_one_rests,
    a_refused_credential_is_out_until_its_test_succeeds,
    a_model_that_keeps_failing_is_left_alone_and_probed,
}

async fn status(hub: &Hub, model: &str) -> Value {
    hub.client().get(&format!("/api/v2/status?model=fake/{model}")).send().await.expect(200).json()
}

async fn a_limited_credential_is_not_asked_again_before_its_time(world: &mut World) {
    world.set("HUB__RETRY__MAX_ATTEMPTS", "1");
    let limited = Reply::failure_with(429, "rate_limit_exceeded", &[("retry-after", "2")]);
    world.upstream.script("m", [limited, Reply::chat("Hi!", Some(USUAL))]);
    let hub = world.start().await;
    hub.client().chat("m").send().await.expect(429);
    let refused = hub.client().chat("m").send().await.expect(429);
    assert!(refused.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() <= 2));
    assert_eq!(world.upstream.seen("m").len(), 1, "nothing is sent while the credential rests");
    let told = status(&hub, "m").await;
    assert_eq!((&told["available"], &told["code"]), (&json!(false), &json!(429)));
    assert_eq!(
        (&told["upstreams"][0]["provider"], &told["upstreams"][0]["state"]),
        (&json!("fake"), &json!("cooling_down"))
    );
    let metrics = hub.client().get("/metrics").send().await.expect(200).body;
    let gauge = r#"aigne_hub_upstreams_resting{model="",provider="fake",state="cooling_down"} 1"#;
    assert!(metrics.contains(gauge), "{metrics}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    hub.client().chat("m").send().await.expect(200);
    assert_eq!(status(&hub, "m").await["available"], true);
    assert_eq!(world.spent().await, price(USUAL));
}

async fn the_other_credential_serves_while_one_rests(world: &mut World) {
    world.set("FAKE_KEYS", "sk-fake-one,sk-fake-two");
    let limited = Reply::failure_with(429, "rate_limit_exceeded", &[("retry-after", "60")]);
    let well = || Reply::chat("Hi!", Some(USUAL));
    world.upstream.script("m", [limited, well(), well(), well()]);
    let hub = world.start().await;
    for _ in 0..3 {
        hub.client().chat("m").send().await.expect(200);
    }
    let seen = world.upstream.seen("m");
    let keys: Vec<_> = seen.iter().map(|seen| seen.header("authorization").unwrap()).collect();
    assert_eq!(keys.iter().filter(|key| **key == keys[0]).count(), 1, "{keys:?}");
    assert_eq!(world.spent().await, 3 * price(USUAL));
}

async fn a_refused_credential_is_out_until_its_test_succeeds(world: &mut World) {
    world.upstream.script("m", [Reply::failure(401, "invalid_api_key"), Reply::chat("Hi!", Some(USUAL))]);
    let hub = world.start().await;
    hub.client().chat("m").send().await.expect(502);
    let refused = hub.client().chat("m").send().await.expect(502);
    assert_eq!(refused.code(), "upstream_authentication");
    assert_eq!(world.upstream.seen("m").len(), 1);
    let told = status(&hub, "m").await;
    assert_eq!((&told["available"], &told["upstreams"][0]["state"]), (&json!(false), &json!("removed")));
    assert_eq!(told["upstreams"][0]["reason"], "upstream_authentication");
    // The fake's list of models is there for everybody, so that the first test succeeds.
    let since = Instant::now();
    while status(&hub, "m").await["available"] != json!(true) {
        assert!(since.elapsed() < Duration::from_secs(30), "the credential did not come back");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    hub.client().chat("m").send().await.expect(200);
}

async fn a_model_that_keeps_failing_is_left_alone_and_probed(world: &mut World) {
    world.set("HUB__RETRY__MAX_ATTEMPTS", "1");
    let failures = (0..5).map(|_| Reply::failure(500, "server_error"));
    world.upstream.script("m", failures.chain([Reply::chat("Hi!", Some(USUAL))]));
    world.upstream.script("other", [Reply::chat("Hi!", Some(USUAL))]);
    let hub = world.start().await;
    for _ in 0..5 {
        hub.client().chat("m").send().await.expect(502);
    }
    let refused = hub.client().chat("m").send().await.expect(503);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(world.upstream.seen("m").len(), 5);
    // The provider's other models have a circuit of their own.
    hub.client().chat("other").send().await.expect(200);
    tokio::time::sleep(Duration::from_secs(10)).await;
    hub.client().chat("m").send().await.expect(200);
    assert_eq!(status(&hub, "m").await["available"], true);
}
