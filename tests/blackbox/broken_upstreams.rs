//! Upstreams that fail before they have said anything: what is tried again, what the client is told, and
//! that nobody pays.

use std::time::{Duration, Instant};

use crate::kit::{Reply, USUAL, World, price};

on_both_databases! {
    a_rate_limited_call_is_tried_again_when_the_upstream_wants,
    an_upstream_that_wants_a_long_pause_is_not_waited_for,
    an_upstream_that_always_fails_is_given_up,
    a_stream_that_breaks_before_its_content_is_tried_again,
    another_credential_is_tried_where_one_is_refused,
    a_refused_credential_is_the_hubs_fault,
    a_bad_request_is_told_and_not_tried_again,
    an_answer_that_is_no_json_is_a_failure,
    an_upstream_that_says_nothing_is_a_time_out,
    an_upstream_that_is_not_there_is_a_failure,
    a_redirect_is_not_followed,
}

async fn a_rate_limited_call_is_tried_again_when_the_upstream_wants(world: &mut World) {
    let refusal = Reply::failure_with(429, "rate_limit_exceeded", &[("retry-after", "1")]);
    world.upstream.script("busy", [refusal.clone(), Reply::chat("Now.", Some(USUAL))]);
    world.upstream.script("busy-stream", [refusal, Reply::stream().say("Now.").end(USUAL)]);
    let hub = world.start().await;
    let start = Instant::now();
    let answer = hub.client().chat("busy").send().await.expect(200);
    assert!(start.elapsed() >= Duration::from_secs(1), "asked again after {:?}", start.elapsed());
    assert_eq!((answer.text().as_str(), answer.cost()), ("Now.", Some(price(USUAL))));
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.attempts.len()), ("success", 2));
    assert_eq!(record.attempts[0]["status"], 429);
    assert_eq!(world.upstream.seen("busy").len(), 2);

    let answer = hub.client().chat("busy-stream").streamed_with_usage().send().await.expect(200);
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
    assert_eq!(world.upstream.seen("busy-stream").len(), 2);
}

async fn an_upstream_that_wants_a_long_pause_is_not_waited_for(world: &mut World) {
    world
        .upstream
        .script("shut", [Reply::failure_with(429, "rate_limit_exceeded", &[("retry-after", "120")])]);
    let hub = world.start().await;
    let answer = hub.client().chat("shut").send().await.expect(429);
    assert_eq!(answer.code(), "rate_limit_exceeded");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.header("x-should-retry"), Some("true"));
    assert_eq!(world.upstream.seen("shut").len(), 1);
    assert_eq!(world.spent().await, 0);
}

async fn an_upstream_that_always_fails_is_given_up(world: &mut World) {
    world.upstream.script("down", [Reply::failure(500, "server_error")]);
    let hub = world.start().await;
    for ask in [hub.client().chat("down"), hub.client().chat("down").streamed()] {
        let answer = ask.send().await.expect(502);
        assert_eq!(answer.json()["error"]["type"], "upstream_error");
        assert_eq!(answer.json()["message"], answer.json()["error"]["message"]);
        assert_eq!(answer.header("x-should-retry"), Some("true"));
        let record = hub.record(&answer.call_id()).await;
        assert_eq!((record.status.as_str(), record.state.as_str(), record.cost()), ("failed", "voided", 0));
        assert_eq!(record.attempts.len(), 3);
    }
    assert_eq!(world.upstream.seen("down").len(), 6);
    assert_eq!(world.spent().await, 0);
}

async fn a_stream_that_breaks_before_its_content_is_tried_again(world: &mut World) {
    world.upstream.script("stumbles", [Reply::stream().cut(), Reply::stream().say("Up again.").end(USUAL)]);
    let hub = world.start().await;
    let answer = hub.client().chat("stumbles").streamed_with_usage().send().await.expect(200);
    assert!(answer.body.contains("Up again."));
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.cost(), record.attempts.len()), (price(USUAL), 2));
}

async fn another_credential_is_tried_where_one_is_refused(world: &mut World) {
    world.set("FAKE_KEYS", "sk-fake-one,sk-fake-two");
    let refusals = [Reply::failure(401, "invalid_api_key"), Reply::chat("Yes.", Some(USUAL))];
    world.upstream.script("guarded", refusals);
    let hub = world.start().await;
    hub.client().chat("guarded").send().await.expect(200);
    let seen = world.upstream.seen("guarded");
    let mut keys: Vec<_> = seen.iter().map(|seen| seen.header("authorization").unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["Bearer sk-fake-one", "Bearer sk-fake-two"]);
}

async fn a_refused_credential_is_the_hubs_fault(world: &mut World) {
    world.upstream.script("guarded", [Reply::failure(401, "invalid_api_key")]);
    let hub = world.start().await;
    let answer = hub.client().chat("guarded").send().await.expect(502);
    assert_eq!(answer.code(), "upstream_authentication");
    assert!(!answer.body.contains("the fake says"), "the upstream's text is told: {}", answer.body);
    assert_eq!(world.spent().await, 0);
}

async fn a_bad_request_is_told_and_not_tried_again(world: &mut World) {
    let body = r#"{"error":{"message":"no such voice","type":"invalid_request_error","param":"voice","code":"bad_voice"}}"#;
    world.upstream.script("picky", [Reply::json(400, body)]);
    let hub = world.start().await;
    let answer = hub.client().chat("picky").send().await.expect(400);
    assert_eq!(answer.json()["error"]["param"], "voice");
    assert!(answer.body.contains("no such voice"), "{}", answer.body);
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert_eq!(world.upstream.seen("picky").len(), 1);
    assert_eq!(world.spent().await, 0);
}

async fn an_answer_that_is_no_json_is_a_failure(world: &mut World) {
    world.upstream.script("garbled", [Reply::json(200, "<html>it works</html>")]);
    world.upstream.script("garbled-stream", [Reply::stream().body("data: {\"choices\": [oops\n\n")]);
    let hub = world.start().await;
    for ask in [hub.client().chat("garbled"), hub.client().chat("garbled-stream").streamed()] {
        let answer = ask.send().await.expect(502);
        assert!(!answer.body.contains("it works"), "{}", answer.body);
        assert_eq!(hub.record(&answer.call_id()).await.cost(), 0);
    }
}

async fn an_upstream_that_says_nothing_is_a_time_out(world: &mut World) {
    world.set("HUB__TIMEOUTS__FIRST_BYTE", "1s");
    world.set("HUB__RETRY__MAX_ATTEMPTS", "1");
    world.upstream.script("mute", [Reply::default().hang()]);
    let hub = world.start().await;
    let answer = hub.client().chat("mute").send().await.expect(504);
    assert_eq!(answer.code(), "timeout");
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("failed", 0));
    world.upstream.hung_up_on("mute").await;
}

async fn an_upstream_that_is_not_there_is_a_failure(world: &mut World) {
    // Nobody listens on the first port.
    world.set("HUB__PROVIDERS__FAKE__BASE_URL", "http://127.0.0.1:1/v1");
    let hub = world.start().await;
    let answer = hub.client().chat("plain").send().await.expect(502);
    assert!(!answer.body.contains("127.0.0.1"), "an address is told: {}", answer.body);
    assert_eq!(hub.record(&answer.call_id()).await.cost(), 0);
}

async fn a_redirect_is_not_followed(world: &mut World) {
    let elsewhere = format!("http://localhost:{}/v1/elsewhere", world.upstream.address.port());
    world.upstream.script("moved", [Reply::status(307, &[("location", &elsewhere)])]);
    let hub = world.start().await;
    hub.client().chat("moved").send().await.expect(502);
    assert!(world.upstream.all_seen().iter().all(|seen| seen.path == "/v1/chat/completions"));
}
