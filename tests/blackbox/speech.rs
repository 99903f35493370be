//! Speech: bytes that pass as they come, paid by the characters that were read, or by tokens.

use serde_json::json;

use crate::kit::{Ask, Hub, Reply, World, units};

on_both_databases! {
    speech_is_paid_by_its_characters_and_its_bytes_pass,
    speech_that_is_paid_by_tokens_is_asked_for_as_events,
    speech_as_events_tells_what_it_cost,
    speech_that_breaks_off_ends_without_an_end,
    speech_that_fails_before_it_begins_costs_nothing,
    speech_beyond_the_balance_is_refused,
    the_same_key_brings_the_same_speech,
    the_simulated_voice_speaks,
}

/// 11 characters, 13 bytes.
const TEXT: &str = "größer, hub";

fn ask(hub: &Hub, path: &str, model: &str) -> Ask {
    hub.client().post(path, json!({ "model": model, "input": TEXT, "voice": "alloy", "x_new": 1 }))
}

fn audio() -> Reply {
    Reply::status(200, &[("content-type", "audio/mpeg")])
}

async fn speech_is_paid_by_its_characters_and_its_bytes_pass(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/tts --character 15").await;
    world.upstream.script("tts", [audio().body("ID3-one").body("-two")]);
    let hub = world.start().await;
    for path in ["/v1/audio/speech", "/api/v2/audio/speech"] {
        let answer = ask(&hub, path, "fake/tts").send().await.expect(200);
        assert_eq!(
            (answer.body.as_str(), answer.header("content-type")),
            ("ID3-one-two", Some("audio/mpeg"))
        );
        let record = hub.record(&answer.call_id()).await;
        assert_eq!((record.status.as_str(), record.cost()), ("success", units("0.000165")));
        assert_eq!(record.hold(), record.cost());
        assert!(!record.is_estimated());
        assert_eq!(record.usage_metrics["characters"], 11);
    }
    let seen = world.upstream.reached_by("tts").await;
    assert_eq!((seen.path.as_str(), &seen.json()["x_new"]), ("/v1/audio/speech", &json!(1)));
    assert!(seen.json().get("stream_format").is_none());
}

fn events() -> Reply {
    Reply::status(200, &[("content-type", "text/event-stream")])
        .event(&json!({ "type": "speech.audio.delta", "audio": "SUQz" }))
        .event(&json!({ "type": "speech.audio.delta", "audio": "LW9uZQ==" }))
        .event(&json!({
            "type": "speech.audio.done",
            "usage": { "input_tokens": 5, "output_tokens": 100, "total_tokens": 105 },
        }))
}

async fn speech_that_is_paid_by_tokens_is_asked_for_as_events(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/mini-tts --call-type audio --input 0.6 --output-audio 12").await;
    world.upstream.script("mini-tts", [events()]);
    let hub = world.start().await;
    let answer = ask(&hub, "/v1/audio/speech", "fake/mini-tts").send().await.expect(200);
    assert_eq!(answer.body, "ID3-one", "the client gets the bytes that it wants");
    assert_eq!(world.upstream.reached_by("mini-tts").await.json()["stream_format"], "sse");
    let record = hub.record(&answer.call_id()).await;
    assert_eq!(record.cost(), units("0.001203"));
    assert!(record.cost() <= record.hold() && !record.is_estimated());

    // An upstream that knows no events sends bytes all the same.
    world.upstream.script("mini-tts", [audio().body("x".repeat(16_000))]);
    let answer = ask(&hub, "/v1/audio/speech", "fake/mini-tts").send().await.expect(200);
    let record = hub.record(&answer.call_id()).await;
    assert!(record.is_estimated() && record.cost() > units("0.000252") && record.cost() <= record.hold());
}

async fn speech_as_events_tells_what_it_cost(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/mini-tts --call-type audio --input 0.6 --output-audio 12").await;
    world.upstream.script("mini-tts", [events()]);
    let hub = world.start().await;
    let asked = ask(&hub, "/v1/audio/speech", "fake/mini-tts").with("stream_format", "sse");
    let answer = asked.send().await.expect(200);
    let events = answer.events();
    let last: serde_json::Value = serde_json::from_str(events.last().unwrap()).unwrap();
    assert_eq!((events.len(), &last["type"]), (3, &json!("speech.audio.done")));
    assert_eq!(last["usage"]["output_tokens"], 100);
    assert_eq!(last["usage"]["modelCallId"], answer.call_id());
    assert!(answer.body.contains(r#""aigneHubCredits":0.001203"#), "{}", answer.body);
}

async fn speech_that_breaks_off_ends_without_an_end(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/tts --character 15").await;
    world.upstream.script("tts", [audio().body("ID3-one").cut()]);
    let hub = world.start().await;
    let flow = ask(&hub, "/v1/audio/speech", "fake/tts").open().await;
    let call = flow.head.call_id();
    let (answer, ended) = flow.rest().await;
    assert!(ended.is_err(), "a whole body would say that the speech is whole");
    assert_eq!(answer.body, "ID3-one");
    let record = hub.record(&call).await;
    assert_eq!((record.status.as_str(), record.reason()), ("failed", Some("upstream_cut")));
    assert!(record.is_partial() && record.cost() == units("0.000165"));
}

async fn speech_that_fails_before_it_begins_costs_nothing(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/tts --character 15").await;
    let hub = world.start().await;
    for (reply, status) in [
        (Reply::failure(400, "invalid_voice"), 400),
        (Reply::json(200, r#"{"error":{"message":"no","type":"invalid_request_error"}}"#), 400),
        (Reply::status(200, &[("content-type", "text/html")]).body("<html>"), 502),
        (audio(), 502),
    ] {
        world.upstream.script("tts", [reply]);
        let answer = ask(&hub, "/v1/audio/speech", "fake/tts").send().await;
        assert_eq!(answer.status(), status, "{}", answer.body);
        let record = hub.record(&answer.call_id()).await;
        assert_eq!((record.status.as_str(), record.cost()), ("failed", 0));
    }
    for (field, value) in [("input", json!("")), ("response_format", json!("mp4")), ("model", json!(7))] {
        let answer = ask(&hub, "/v1/audio/speech", "fake/tts").with(field, value).send().await.expect(400);
        assert_eq!(answer.json()["error"]["param"], field);
    }
    assert_eq!(world.spent().await, 0);
}

async fn speech_beyond_the_balance_is_refused(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/tts --character 15").await;
    let hub = world.start().await;
    let poor = hub.client().with_key(&world.account("poor", "0.0001").await);
    let body = json!({ "model": "fake/tts", "input": TEXT, "voice": "alloy" });
    poor.post("/v1/audio/speech", body).send().await.expect(402);
    assert!(world.upstream.seen("tts").is_empty());
}

async fn the_same_key_brings_the_same_speech(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/tts --character 15").await;
    world.upstream.script("tts", [audio().body("ID3-one"), audio().body("ID3-two")]);
    let hub = world.start().await;
    for _ in 0..2 {
        let answer = ask(&hub, "/v1/audio/speech", "fake/tts").idempotency_key("k").send().await.expect(200);
        assert_eq!((answer.body.as_str(), answer.header("content-type")), ("ID3-one", Some("audio/mpeg")));
    }
    assert_eq!(world.spent().await, units("0.000165"));
}

async fn the_simulated_voice_speaks(world: &mut World) {
    world.set_up().await;
    world.json("providers add sim --kind simulated").await;
    let hub = world.start().await;
    let asked = ask(&hub, "/v1/audio/speech", "sim/speech");
    let answer = asked.clone().with("response_format", "wav").send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("audio/wav"));
    assert!(answer.body.starts_with("RIFF"));
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("success", units("0.000165")));
    asked.with("response_format", "opus").send().await.expect(400);
}
