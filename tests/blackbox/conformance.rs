//! Conformance of clients and upstreams: cases that go through the whole hub, in the dialects of several clients.

use serde_json::{Value, json};

use crate::kit::{Answer, Client, Reply, USUAL, World, delivered, price};

on_both_databases! {
    a_stream_is_read_in_whatever_framing_it_comes,
    ten_thousand_events_at_once_keep_their_order,
    one_event_may_be_an_image_of_many_megabytes,
    a_path_that_leaves_its_place_reaches_nobody,
    of_several_resting_credentials_the_first_to_be_back_is_told,
    an_error_that_comes_as_a_first_piece_is_tried_again,
    arguments_keep_their_numbers_for_every_client,
    a_call_without_arguments_has_an_empty_object_for_every_client,
    thoughts_come_before_the_answer_for_every_client,
    an_end_that_nobody_knows_is_a_plain_one,
    nothing_of_a_clients_credentials_goes_upstream,
    an_upstreams_secrets_are_not_repeated,
}

/// The same question in the words of each dialect.
async fn asked_by_all(client: &Client, model: &str) -> [(&'static str, Answer); 4] {
    let hi = json!([{ "role": "user", "content": "Hi" }]);
    let openai = json!({ "model": model, "messages": hi });
    let anthropic = json!({ "model": model, "max_tokens": 100, "messages": hi });
    let gemini = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] });
    let aigne = json!({ "input": { "messages": hi, "modelOptions": { "model": model } } });
    [
        ("openai", client.post("/v1/chat/completions", openai).send().await.expect(200)),
        ("anthropic", client.post("/v1/messages", anthropic).send().await.expect(200)),
        (
            "gemini",
            client.post(&format!("/v1beta/models/{model}:generateContent"), gemini).send().await.expect(200),
        ),
        ("aigne", client.post("/api/v2/chat", aigne).send().await.expect(200)),
    ]
}

fn answer(message: &Value, finish: &str) -> Reply {
    let usage = json!({ "prompt_tokens": USUAL.input, "completion_tokens": USUAL.output, "total_tokens": USUAL.input + USUAL.output,
        "prompt_tokens_details": { "cached_tokens": USUAL.cached } });
    let choice = json!({ "index": 0, "message": message, "finish_reason": finish });
    Reply::json(200, json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage }).to_string())
}

fn calling(arguments: &str) -> Reply {
    let call =
        json!({ "id": "call_1", "type": "function", "function": { "name": "f", "arguments": arguments } });
    answer(&json!({ "role": "assistant", "content": null, "tool_calls": [call] }), "tool_calls")
}

fn events_head() -> Reply {
    Reply::status(200, &[("content-type", "text/event-stream")])
}

fn piece(text: &str) -> Value {
    let choice =
        json!({ "index": 0, "delta": { "role": "assistant", "content": text }, "finish_reason": null });
    json!({ "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice] })
}

async fn a_stream_is_read_in_whatever_framing_it_comes(world: &mut World) {
    let (one, two, three) = (piece("a"), piece("é😀"), piece("c"));
    // A line may end between two members.
    let two = two.to_string();
    let (begin, rest) = two.split_at(two.find(',').unwrap() + 1);
    let odd = || {
        events_head()
            .body("\u{feff}: OPENROUTER PROCESSING\r\n\r\n\r\n")
            .body(format!("data:{one}\r"))
            .body("\n\r\n")
            .body(format!(": keep-alive\n\nid: 7\nretry: 10\ndata: {begin}\ndata:{rest}\n\n"))
            .body(format!("event: message\ndata: {three}\n\n"))
            .end(USUAL)
            .body("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"late\"}}]}\n\n")
    };
    world.upstream.script("odd", [odd(), odd()]);
    let hub = world.start().await;
    let openai = hub.client().chat("odd").streamed_with_usage().send().await.expect(200);
    assert_eq!(delivered(&openai.events()), "aé😀c");
    let body = json!({ "model": "fake/odd", "max_tokens": 9, "stream": true, "messages": [{ "role": "user", "content": "Hi" }] });
    let anthropic = hub.client().post("/v1/messages", body).send().await.expect(200);
    let said = ["\"text\":\"a\"", "\"text\":\"é😀\"", "\"text\":\"c\"", "message_stop"];
    let places: Vec<_> =
        said.iter().map(|text| anthropic.body.find(text).unwrap_or_else(|| panic!("{text}"))).collect();
    assert!(places.is_sorted() && !anthropic.body.contains("late"), "{}", anthropic.body);
    assert_eq!(world.spent().await, 2 * price(USUAL));
}

async fn ten_thousand_events_at_once_keep_their_order(world: &mut World) {
    let all: String = (0..10_000).map(|n| format!("data: {}\n\n", piece(&format!("{n} ")))).collect();
    world.upstream.script("many", [events_head().body(all).end(USUAL)]);
    let hub = world.start().await;
    let answer = hub.client().chat("many").streamed_with_usage().send().await.expect(200);
    let expected: String = (0..10_000).map(|n| format!("{n} ")).collect();
    assert_eq!(delivered(&answer.events()), expected);
    assert_eq!(world.spent().await, price(USUAL));
}

async fn one_event_may_be_an_image_of_many_megabytes(world: &mut World) {
    let large = "A".repeat(20 * 1024 * 1024);
    world.upstream.script("large", [events_head().event(&piece(&large)).end(USUAL)]);
    let hub = world.start().await;
    let answer = hub.client().chat("large").streamed_with_usage().send().await.expect(200);
    assert_eq!(delivered(&answer.events()).len(), large.len());
    assert_eq!(world.spent().await, price(USUAL));
}

async fn a_path_that_leaves_its_place_reaches_nobody(world: &mut World) {
    let hub = world.start().await;
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] });
    for model in ["..%2F..%2Fx", "fake%2F..%2F..%2Fx", "%2e%2e%2fx", "fake/../x"] {
        let answer =
            hub.client().post(&format!("/v1beta/models/{model}:generateContent"), body.clone()).send().await;
        assert!(matches!(answer.status(), 400 | 404), "{model}: {}", answer.status());
    }
    assert!(world.upstream.all_seen().is_empty());
    assert_eq!(world.spent().await, 0);
}

async fn of_several_resting_credentials_the_first_to_be_back_is_told(world: &mut World) {
    world.set("FAKE_KEYS", "sk-fake-one,sk-fake-two");
    let limited = |wait| Reply::failure_with(429, "rate_limit_exceeded", &[("retry-after", wait)]);
    world.upstream.script("m", [limited("50"), limited("30")]);
    let hub = world.start().await;
    let refused = hub.client().chat("m").send().await.expect(429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((25..=30).contains(&wait), "{wait}");
    assert_eq!(refused.header("x-should-retry"), Some("true"));
    assert_eq!(world.upstream.seen("m").len(), 2);
}

async fn an_error_that_comes_as_a_first_piece_is_tried_again(world: &mut World) {
    world.set("FAKE_KEYS", "sk-fake-one,sk-fake-two");
    let error = json!({ "error": { "code": 429, "message": "slow down", "type": "rate_limit_error" } });
    world.upstream.script("m", [events_head().event(&error), Reply::stream().say("Hi!").end(USUAL)]);
    let hub = world.start().await;
    let answer = hub.client().chat("m").streamed_with_usage().send().await.expect(200);
    assert_eq!(delivered(&answer.events()), "Hi!");
    assert_eq!(hub.record(&answer.call_id()).await.status, "success");
    assert_eq!(world.spent().await, price(USUAL));
}

async fn arguments_keep_their_numbers_for_every_client(world: &mut World) {
    let arguments = r#"{"n":12345678901234567890,"x":1e400,"y":1.50}"#;
    world.upstream.script("m", [(); 4].map(|()| calling(arguments)));
    let hub = world.start().await;
    for (client, answer) in asked_by_all(&hub.client(), "fake/m").await {
        let body = answer.body.replace("\\\"", "\"").replace(": ", ":");
        assert!(body.contains(arguments), "{client}: {}", answer.body);
    }
    assert_eq!(world.spent().await, 4 * price(USUAL));
}

async fn a_call_without_arguments_has_an_empty_object_for_every_client(world: &mut World) {
    world.upstream.script("m", [(); 4].map(|()| calling("")));
    let hub = world.start().await;
    for (client, answer) in asked_by_all(&hub.client(), "fake/m").await {
        let json = answer.json();
        let (path, expected) = match client {
            "openai" => ("/choices/0/message/tool_calls/0/function/arguments", json!("")),
            "anthropic" => ("/content/0/input", json!({})),
            "gemini" => ("/candidates/0/content/parts/0/functionCall/args", json!({})),
            _ => ("/toolCalls/0/function/arguments", json!({})),
        };
        assert_eq!(json.pointer(path), Some(&expected), "{client}: {json}");
    }
}

async fn thoughts_come_before_the_answer_for_every_client(world: &mut World) {
    let message = json!({ "role": "assistant", "reasoning_content": "hm", "content": "Hi!" });
    world.upstream.script("m", [(); 4].map(|()| answer(&message, "stop")));
    let hub = world.start().await;
    for (client, answer) in asked_by_all(&hub.client(), "fake/m").await {
        let json = answer.json();
        let (thoughts, text) = match client {
            "openai" => ("/choices/0/message/reasoning_content", "/choices/0/message/content"),
            "anthropic" => ("/content/0/thinking", "/content/1/text"),
            "gemini" => ("/candidates/0/content/parts/0/text", "/candidates/0/content/parts/1/text"),
            _ => ("/thoughts", "/text"),
        };
        assert_eq!(
            (json.pointer(thoughts), json.pointer(text)),
            (Some(&json!("hm")), Some(&json!("Hi!"))),
            "{client}: {json}"
        );
    }
}

async fn an_end_that_nobody_knows_is_a_plain_one(world: &mut World) {
    let message = json!({ "role": "assistant", "content": "Hi!" });
    world.upstream.script("m", [(); 4].map(|()| answer(&message, "eos")));
    let hub = world.start().await;
    for (client, answer) in asked_by_all(&hub.client(), "fake/m").await {
        let json = answer.json();
        let (path, expected) = match client {
            "anthropic" => ("/stop_reason", "end_turn"),
            "gemini" => ("/candidates/0/finishReason", "STOP"),
            _ => continue,
        };
        assert_eq!(json.pointer(path), Some(&json!(expected)), "{client}: {json}");
    }
    assert!(hub.settled_records().await.iter().all(|record| record.status == "success"));
}

async fn nothing_of_a_clients_credentials_goes_upstream(world: &mut World) {
    let hub = world.start().await;
    let secret = "secret-of-the-client";
    let ask = hub.client().chat("m").header("cookie", secret).header("proxy-authorization", secret);
    ask.header("x-api-key", secret).header("x-goog-api-key", secret).send().await;
    let ask = hub.client().chat("m").header("cookie", secret);
    ask.send().await.expect(200);
    for seen in world.upstream.seen("m") {
        for name in ["cookie", "proxy-authorization", "x-api-key", "x-goog-api-key"] {
            assert_eq!(seen.header(name), None, "{name}");
        }
        assert_eq!(seen.header("authorization"), Some("Bearer sk-fake-one"));
    }
}

async fn an_upstreams_secrets_are_not_repeated(world: &mut World) {
    let key = "sk-abcdefghijklmnopqrstuvwxyz0123456789";
    let body = json!({ "error": { "message": format!("the model does not like {key} at all"), "type": "invalid_request_error", "code": "bad" } });
    world.upstream.script("m", [Reply::json(400, body.to_string())]);
    let hub = world.start().await;
    let answer = hub.client().chat("m").send().await.expect(400);
    assert!(!answer.body.contains("abcdefgh") && answer.body.contains("does not like"), "{}", answer.body);
    hub.settled_records().await;
    assert!(!hub.log().contains(key));
    assert_eq!(world.spent().await, 0);
}
