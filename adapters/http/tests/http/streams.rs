//! Answers in pieces.

use std::time::Duration;

use hub_domain::error::UpstreamClass;
use serde_json::{Value, json};

use crate::client::{Connection, post};
use crate::hub::{ANN, Hub};
use crate::runner::{COST, Script};
use crate::whole_answers::upstream;

pub const STREAM: &str = r#"{"model":"sim/chat","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
pub const WITH_USAGE: &str = r#"{"model":"sim/chat","stream":true,"stream_options":{"include_usage":true},
    "messages":[{"role":"user","content":"hi"}]}"#;

/// The data of each event.
fn events(text: &str) -> Vec<&str> {
    text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect()
}

fn json(event: &str) -> Value {
    serde_json::from_str(event).unwrap_or_else(|error| panic!("{error}: {event}"))
}

#[actix_web::test]
async fn a_stream_has_its_pieces_in_order_and_ends_with_done() {
    let hub = Hub::start().await;
    for path in ["/v1/chat/completions", "/api/v2/chat/completions"] {
        let answer = post(path, STREAM).key(ANN).send(hub.address).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert_eq!(answer.header("x-accel-buffering"), Some("no"));
        assert_eq!(answer.header("content-encoding"), None);
        let call = hub.runner.arrived().pop().unwrap().id.to_string();
        assert_eq!(answer.header("x-aigne-hub-call-id"), Some(call.as_str()));

        let events = events(answer.text());
        let (last, chunks) = events.split_last().unwrap();
        assert_eq!(*last, "[DONE]");
        let chunks: Vec<_> = chunks.iter().map(|event| json(event)).collect();
        assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk"));
        let text: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(text, "Hello, world");
        assert!(chunks.iter().any(|chunk| chunk["choices"][0]["finish_reason"] == "stop"));
        assert!(!answer.text().contains("aigneHubCredits"), "nobody asked for the usage");
    }
}

#[actix_web::test]
async fn the_last_chunk_has_the_exact_cost_where_the_usage_was_asked_for() {
    let hub = Hub::start().await;
    let answer = post("/v1/chat/completions", WITH_USAGE).key(ANN).send(hub.address).await;
    let events = events(answer.text());
    let usage = json(events[events.len() - 2]);
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["total_tokens"], 10);
    let call = hub.runner.arrived().pop().unwrap().id.to_string();
    assert_eq!(usage["usage"]["modelCallId"], call.as_str());
    assert!(events[events.len() - 2].contains(&format!("\"aigneHubCredits\":{COST}")));
}

#[actix_web::test]
async fn a_piece_is_sent_before_the_next_one_exists() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::Live);
    let mut client = Connection::open(hub.address).await;
    client.send(post("/v1/chat/completions", STREAM).key(ANN)).await;
    let call = hub.runner.live_call().await;
    call.begin().await;
    assert_eq!(client.head().await.status, 200);
    for word in ["one", "two", "three"] {
        call.say(word).await;
        let mut seen = client.chunk().await.unwrap();
        while !seen.contains(word) {
            seen = client.chunk().await.unwrap();
        }
        assert!(seen.ends_with("\n\n"));
    }
    call.finish().await;
    let mut rest = String::new();
    while let Some(chunk) = client.chunk().await {
        rest.push_str(&chunk);
    }
    assert!(rest.ends_with("data: [DONE]\n\n"), "{rest}");
}

#[actix_web::test]
async fn the_head_goes_out_before_there_is_content() {
    let hub = Hub::with(|settings| settings.stream_keep_alive = Duration::from_millis(50)).await;
    hub.runner.plays(Script::Live);
    let mut client = Connection::open(hub.address).await;
    client.send(post("/v1/chat/completions", STREAM).key(ANN)).await;
    let call = hub.runner.live_call().await;
    assert_eq!(client.head().await.status, 200);
    for _ in 0..2 {
        assert_eq!(client.chunk().await.unwrap(), ": keep-alive\n\n");
    }
    call.say("late").await;
    loop {
        let chunk = client.chunk().await.unwrap();
        if chunk.contains("late") {
            break;
        }
        assert_eq!(chunk, ": keep-alive\n\n");
    }
    assert_eq!(client.chunk().await.unwrap(), ": keep-alive\n\n");
}

#[actix_web::test]
async fn pieces_that_are_there_together_are_sent_together() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::Says(vec!["a"; 20]));
    let mut client = Connection::open(hub.address).await;
    client.send(post("/v1/chat/completions", STREAM).key(ANN)).await;
    client.head().await;
    let first = client.chunk().await.unwrap();
    assert!(events(&first).len() > 20, "{first}");
    assert!(first.ends_with("data: [DONE]\n\n"));
    assert_eq!(client.chunk().await, None);
}

#[actix_web::test]
async fn a_call_that_fails_late_says_so_in_its_last_event() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::Live);
    let mut client = Connection::open(hub.address).await;
    client.send(post("/v1/chat/completions", STREAM).key(ANN)).await;
    let call = hub.runner.live_call().await;
    call.begin().await;
    call.say("one").await;
    client.head().await;
    client.chunk().await;
    call.fail(upstream(UpstreamClass::Timeout)).await;
    let mut rest = String::new();
    while let Some(chunk) = client.chunk().await {
        rest.push_str(&chunk);
    }
    assert_eq!(json(events(&rest).last().unwrap())["error"]["code"], "timeout");
}

#[actix_web::test]
async fn a_connection_serves_another_call_after_a_stream() {
    let hub = Hub::start().await;
    let mut client = Connection::open(hub.address).await;
    for _ in 0..3 {
        client.send(post("/v1/chat/completions", STREAM).key(ANN)).await;
        assert!(client.answer().await.text().ends_with("data: [DONE]\n\n"));
    }
}

#[actix_web::test]
async fn what_an_upstream_of_the_same_dialect_says_passes_as_it_is() {
    let hub = Hub::start().await;
    let piece = concat!(
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","x_new":1e-7,"#,
        r#""choices":[{"index":0,"delta":{"content":"raw"}}]}"#
    );
    hub.runner.plays(Script::Raw(vec![piece]));
    let answer = post("/v1/chat/completions", STREAM).key(ANN).send(hub.address).await;
    assert_eq!(events(answer.text())[0], piece);
}

#[actix_web::test]
async fn an_error_before_the_first_content_has_its_own_status() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::FailsUpstream(upstream(UpstreamClass::Overloaded)));
    let answer = post("/v1/chat/completions", STREAM).key(ANN).send(hub.address).await;
    assert_eq!(answer.status(), 503);
    answer.error_code();
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[actix_web::test]
async fn an_error_in_the_middle_is_the_last_event_and_nothing_is_done() {
    let hub = Hub::start().await;
    for script in [Script::BreaksOff(upstream(UpstreamClass::Transport)), Script::SaysNothing] {
        hub.runner.plays(script);
        let answer = post("/v1/chat/completions", STREAM).key(ANN).send(hub.address).await;
        assert_eq!(answer.status(), 200);
        let events = events(answer.text());
        let error = &json(events.last().unwrap())["error"];
        assert!(error["message"].is_string() && error["code"].is_string(), "{error}");
        assert!(!answer.text().contains("[DONE]"));
    }
}
