//! Images: paid by what was delivered, on every path.

use serde_json::json;

use crate::kit::{Reply, World, units};

on_both_databases! {
    images_are_paid_by_their_number,
    fewer_images_than_asked_for_cost_less,
    tokens_of_images_are_priced_by_their_meters,
    images_that_fail_cost_nothing,
    images_beyond_the_balance_are_refused,
}

const ONE: &str = r#"{"created":1700000000,"data":[{"b64_json":"QUJD"}]}"#;
const TWO: &str = r#"{"created":1700000000,"data":[{"b64_json":"QUJD"},{"url":"https://e.org/b.png"}]}"#;

async fn images_are_paid_by_their_number(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/painter --call-type image --image 0.5").await;
    world.upstream.script("painter", [TWO, TWO, TWO].map(|body| Reply::json(200, body)));
    let hub = world.start().await;
    let body = json!({ "model": "fake/painter", "prompt": "a cat", "n": 2, "size": "256x256", "x_new": 1 });
    for path in ["/v1/images/generations", "/api/v2/images/generations", "/api/v2/image/generations"] {
        let answer = hub.client().post(path, body.clone()).send().await.expect(200);
        assert_eq!(answer.json()["data"][0]["b64_json"], "QUJD");
        assert_eq!(answer.json()["data"][1]["url"], "https://e.org/b.png");
        assert_eq!(answer.cost(), Some(units("1")));
        let record = hub.record(&answer.call_id()).await;
        assert_eq!(
            (record.status.as_str(), record.cost(), record.hold()),
            ("success", units("1"), units("1"))
        );
        assert_eq!(record.usage_metrics["numberOfImageGeneration"], 2);
        assert!(!record.is_estimated());
    }
    let seen = world.upstream.reached_by("painter").await;
    assert_eq!(seen.path, "/v1/images/generations");
    assert_eq!((&seen.json()["size"], &seen.json()["x_new"]), (&json!("256x256"), &json!(1)));
}

async fn fewer_images_than_asked_for_cost_less(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/painter --call-type image --image 0.5").await;
    world.upstream.script("painter", [Reply::json(200, ONE)]);
    let hub = world.start().await;
    let body = json!({ "model": "fake/painter", "prompt": "a cat", "n": 2 });
    let answer = hub.client().post("/v1/images/generations", body).send().await.expect(200);
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((answer.cost(), record.hold()), (Some(units("0.5")), units("1")));
}

async fn tokens_of_images_are_priced_by_their_meters(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/tokens --call-type image --input 5 --output-image 40").await;
    let usage = r#"{"input_tokens":10,"output_tokens":1000,"total_tokens":1010}"#;
    let body = format!(r#"{{"created":1,"data":[{{"b64_json":"QUJD"}}],"usage":{usage}}}"#);
    world.upstream.script("tokens", [Reply::json(200, body)]);
    let hub = world.start().await;
    let body = json!({ "model": "fake/tokens", "prompt": "a cat" });
    let answer = hub.client().post("/v1/images/generations", body).send().await.expect(200);
    assert_eq!(answer.json()["usage"]["output_tokens"], 1000);
    assert_eq!(answer.cost(), Some(units("0.04005")));
    assert!(hub.record(&answer.call_id()).await.hold() >= units("0.04005"));
}

async fn images_that_fail_cost_nothing(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/painter --call-type image --image 0.5").await;
    world.upstream.script("painter", [Reply::failure(400, "moderation_blocked")]);
    let hub = world.start().await;
    let body = json!({ "model": "fake/painter", "prompt": "a cat" });
    let answer = hub.client().post("/v1/images/generations", body).send().await.expect(400);
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("failed", 0));
    assert_eq!(world.spent().await, 0);
}

async fn images_beyond_the_balance_are_refused(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/painter --call-type image --image 0.5").await;
    let hub = world.start().await;
    let poor = hub.client().with_key(&world.account("poor", "0.9").await);
    let body = json!({ "model": "fake/painter", "prompt": "a cat", "n": 2 });
    poor.post("/v1/images/generations", body).send().await.expect(402);
    assert!(world.upstream.seen("painter").is_empty());
}
