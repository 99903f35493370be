//! Anthropic's Messages: a Claude upstream behind both dialects, and OpenAI's behind Anthropic's clients.

use serde_json::{Value, json};

use crate::kit::{Gate, Reply, Tokens, USUAL, World, price, units};

on_both_databases! {
    an_anthropic_client_gets_gpt,
    an_anthropic_client_gets_claude_with_every_field,
    an_openai_client_gets_claude,
    a_stream_of_claude_passes_and_shows_its_cost,
    a_stream_of_gpt_becomes_anthropics_events,
    a_tool_is_called_and_answered_across_dialects,
    cache_reads_and_writes_have_their_own_price,
    what_claude_can_not_do_is_refused_and_costs_nothing,
    what_claude_does_without_is_named,
    errors_are_told_as_anthropic_tells_them,
    a_client_that_leaves_pays_for_what_came,
    a_repeat_gets_the_same_message,
    tokens_are_counted_without_a_call,
}

/// A second provider, of Anthropic's kind, at the same fake upstream.
async fn with_claude(world: &mut World) {
    world.set("HUB__PROVIDERS__CLAUDE__KIND", "anthropic");
    world.set("HUB__PROVIDERS__CLAUDE__BASE_URL", &format!("http://{}", world.upstream.address));
    world.set("HUB__PROVIDERS__CLAUDE__API_KEY_ENV", "CLAUDE_KEYS");
    world.set("CLAUDE_KEYS", "sk-ant-fake");
    let prices = ["--input", "3000", "--output", "6000", "--input-cached", "300", "--cache-write-5m", "3750"];
    world.set_up().await;
    world.command(&[&["rates", "set", "claude/*"][..], &prices].concat()).await.expect(0);
}

fn message(content: Value, stop_reason: &str, usage: Value) -> String {
    json!({
        "id": "msg_fake", "type": "message", "role": "assistant", "model": "claude-fake", "content": content,
        "stop_reason": stop_reason, "stop_sequence": null, "usage": usage, "container": null,
    })
    .to_string()
}

fn usage(tokens: Tokens) -> Value {
    json!({ "input_tokens": tokens.input, "output_tokens": tokens.output })
}

/// Events as Anthropic streams them, with their names.
fn claude_stream(events: &[Value]) -> Reply {
    let head = Reply::status(200, &[("content-type", "text/event-stream; charset=utf-8")]);
    events.iter().fold(head, |reply, event| {
        reply.body(format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()))
    })
}

fn beginning(text: &str) -> Vec<Value> {
    vec![
        json!({ "type": "message_start", "message": { "id": "msg_fake", "model": "claude-fake", "content": [],
            "usage": { "input_tokens": 10, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "ping" }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } }),
    ]
}

fn ending() -> Vec<Value> {
    vec![
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null },
            "usage": { "output_tokens": 3 } }),
        json!({ "type": "message_stop" }),
    ]
}

fn body(model: &str) -> Value {
    json!({ "model": model, "max_tokens": 1_000, "messages": [{ "role": "user", "content": "Say something nice." }] })
}

/// Each event's JSON; the line before it names its type.
fn events(stream: &str) -> Vec<Value> {
    let event = |text: &str| {
        let (name, data) = text.split_once('\n').unwrap();
        let json: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(json["type"], name.strip_prefix("event: ").unwrap());
        json
    };
    stream.split_terminator("\n\n").map(event).collect()
}

async fn an_anthropic_client_gets_gpt(world: &mut World) {
    let hub = world.start().await;
    for path in ["/v1/messages", "/anthropic/v1/messages"] {
        // The key as Anthropic's clients send it, and nothing else.
        let ask = hub.client().without_key().post(path, body("fake/plain"));
        let answer = ask.header("x-api-key", crate::kit::KEY).send().await.expect(200);
        let json = answer.json();
        assert_eq!((&json["type"], &json["stop_reason"]), (&json!("message"), &json!("end_turn")));
        assert_eq!(json["content"], json!([{ "type": "text", "text": "Hello there." }]));
        assert_eq!(
            (&json["usage"]["input_tokens"], &json["usage"]["output_tokens"]),
            (&json!(10), &json!(3))
        );
        assert_eq!(answer.cost(), Some(price(USUAL)));
        assert_eq!(answer.header("request-id"), answer.header("x-request-id"));
        let record = hub.record(&answer.call_id()).await;
        assert_eq!((record.status.as_str(), record.cost()), ("success", price(USUAL)));
    }
    assert_eq!(world.upstream.reached_by("plain").await.json()["max_tokens"], 1_000);
}

async fn an_anthropic_client_gets_claude_with_every_field(world: &mut World) {
    with_claude(world).await;
    let own = message(json!([{ "type": "text", "text": "Hi", "new": 1 }]), "end_turn", usage(USUAL));
    world.upstream.script("sonnet", [Reply::json(200, own)]);
    let hub = world.start().await;
    let mut asked = body("claude/sonnet");
    asked["brand_new"] = json!({ "a": [1.50] });
    let ask = hub.client().post("/v1/messages", asked).header("anthropic-version", "2026-10-21");
    let answer = ask.header("anthropic-beta", "one,two").send().await.expect(200);
    assert_eq!(answer.json()["content"][0]["new"], 1, "what nobody here knows is kept");
    assert_eq!(answer.json()["id"], "msg_fake");
    assert_eq!(answer.cost(), Some(price(USUAL)));
    let seen = world.upstream.reached_by("sonnet").await;
    assert_eq!(seen.path, "/v1/messages");
    assert_eq!((seen.header("x-api-key"), seen.header("authorization")), (Some("sk-ant-fake"), None));
    assert_eq!(
        (seen.header("anthropic-version"), seen.header("anthropic-beta")),
        (Some("2026-10-21"), Some("one,two"))
    );
    assert!(seen.text.contains("\"brand_new\":{\"a\":[1.5]}"), "{}", seen.text);
}

async fn an_openai_client_gets_claude(world: &mut World) {
    with_claude(world).await;
    let tokens = Tokens::of(20, 7);
    let own = message(json!([{ "type": "text", "text": "Bonjour" }]), "max_tokens", usage(tokens));
    world.upstream.script("sonnet", [Reply::json(200, own)]);
    let hub = world.start().await;
    let answer = hub.client().chat("claude/sonnet").with("max_tokens", 7).send().await.expect(200);
    assert_eq!(answer.text(), "Bonjour");
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "length");
    assert_eq!(answer.cost(), Some(price(tokens)));
    let seen = world.upstream.reached_by("sonnet").await;
    assert_eq!(
        (&seen.json()["max_tokens"], seen.header("anthropic-version")),
        (&json!(7), Some("2023-06-01"))
    );
}

async fn a_stream_of_claude_passes_and_shows_its_cost(world: &mut World) {
    with_claude(world).await;
    world.upstream.script("sonnet", [claude_stream(&[beginning("Hello"), ending()].concat())]);
    let hub = world.start().await;
    let mut asked = body("claude/sonnet");
    asked["stream"] = json!(true);
    let answer = hub.client().post("/v1/messages", asked).send().await.expect(200);
    let events = events(&answer.body);
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let shown = &events[4]["usage"];
    assert_eq!(shown["modelCallId"], json!(answer.call_id()));
    assert_eq!(units(&shown["aigneHubCredits"].to_string()), price(USUAL));
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
    // The same answer for a client of the other dialect.
    let answer = hub.client().chat("claude/sonnet").streamed_with_usage().send().await.expect(200);
    assert_eq!(crate::kit::delivered(&answer.events()), "Hello");
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
}

async fn a_stream_of_gpt_becomes_anthropics_events(world: &mut World) {
    let hub = world.start().await;
    let mut asked = body("fake/plain");
    asked["stream"] = json!(true);
    let answer = hub.client().post("/anthropic/v1/messages", asked).send().await.expect(200);
    let events = events(&answer.body);
    let said: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(said, "Hello there.");
    let delta = &events[events.len() - 2];
    assert_eq!(delta["delta"]["stop_reason"], "end_turn");
    assert_eq!(units(&delta["usage"]["aigneHubCredits"].to_string()), price(USUAL));
    assert_eq!(events.last().unwrap()["type"], "message_stop");
}

async fn a_tool_is_called_and_answered_across_dialects(world: &mut World) {
    with_claude(world).await;
    let call =
        json!([{ "type": "tool_use", "id": "toolu_1", "name": "weather", "input": { "city": "Zürich" } }]);
    let said = json!([{ "type": "text", "text": "Sunny." }]);
    world.upstream.script(
        "sonnet",
        [
            Reply::json(200, message(call, "tool_use", usage(USUAL))),
            Reply::json(200, message(said, "end_turn", usage(USUAL))),
        ],
    );
    let hub = world.start().await;
    let function = json!({ "name": "weather", "parameters": { "type": "object" } });
    let tools = json!([{ "type": "function", "function": function }]);
    let ask = |messages: Value| {
        hub.client().chat("claude/sonnet").with("tools", tools.clone()).with("messages", messages)
    };
    let first = ask(json!([{ "role": "user", "content": "Weather?" }])).send().await.expect(200);
    let called = first.json()["choices"][0]["message"].clone();
    assert_eq!(called["tool_calls"][0]["function"]["arguments"], json!(r#"{"city":"Zürich"}"#));
    let result = json!({ "role": "tool", "tool_call_id": "toolu_1", "content": "sunny" });
    let second =
        ask(json!([{ "role": "user", "content": "Weather?" }, called, result])).send().await.expect(200);
    assert_eq!(second.text(), "Sunny.");
    let sent = world.upstream.seen("sonnet")[1].json();
    assert_eq!(sent["messages"][1]["content"][0]["input"], json!({ "city": "Zürich" }));
    assert_eq!(sent["messages"][2]["content"][0]["tool_use_id"], "toolu_1");
}

async fn cache_reads_and_writes_have_their_own_price(world: &mut World) {
    with_claude(world).await;
    let reported = json!({ "input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 40,
        "cache_creation": { "ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 0 }, "output_tokens": 3 });
    let own = message(json!([{ "type": "text", "text": "Hi" }]), "end_turn", reported);
    world.upstream.script("sonnet", [Reply::json(200, own)]);
    let hub = world.start().await;
    let text = "word ".repeat(100);
    let marked = json!([{ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } }]);
    let mut asked = body("claude/sonnet");
    asked["messages"] = json!([{ "role": "user", "content": marked }]);
    let answer = hub.client().post("/v1/messages", asked).send().await.expect(200);
    let expected = 10 * 30_000_000 + 100 * 3_000_000 + 40 * 37_500_000 + 3 * 60_000_000;
    assert_eq!(answer.cost(), Some(expected));
    assert_eq!(hub.record(&answer.call_id()).await.cost(), expected);
}

async fn what_claude_can_not_do_is_refused_and_costs_nothing(world: &mut World) {
    with_claude(world).await;
    let hub = world.start().await;
    for (field, value) in
        [("n", json!(2)), ("logprobs", json!(true)), ("modalities", json!(["text", "audio"]))]
    {
        let answer = hub.client().chat("claude/sonnet").with(field, value).send().await.expect(400);
        assert_eq!(
            (answer.json()["error"]["param"].as_str(), answer.code().as_str()),
            (Some(field), "unsupported_parameter")
        );
    }
    let mut asked = body("fake/plain");
    asked["tools"] = json!([{ "type": "web_search_20250305", "name": "web_search" }]);
    let answer = hub.client().post("/v1/messages", asked).send().await.expect(400);
    assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    assert!(answer.body.contains("tools[0]"), "{}", answer.body);
    assert!(world.upstream.all_seen().is_empty());
    assert_eq!(world.spent().await, 0);
}

async fn what_claude_does_without_is_named(world: &mut World) {
    with_claude(world).await;
    let own = message(json!([{ "type": "text", "text": "Hi" }]), "end_turn", usage(USUAL));
    world.upstream.script("sonnet", [Reply::json(200, own)]);
    let hub = world.start().await;
    let ask = hub.client().chat("claude/sonnet").with("seed", 7).with("brand_new", json!({ "a": 1 }));
    let answer = ask.send().await.expect(200);
    assert_eq!(answer.header("x-aigne-hub-dropped"), Some("brand_new, seed"));
    assert!(!world.upstream.reached_by("sonnet").await.text.contains("seed"));
    let plain = hub.client().chat("claude/sonnet").send().await.expect(200);
    assert_eq!(plain.header("x-aigne-hub-dropped"), None);
}

async fn errors_are_told_as_anthropic_tells_them(world: &mut World) {
    with_claude(world).await;
    let told =
        |kind: &str| json!({ "type": "error", "error": { "type": kind, "message": "no" } }).to_string();
    world.upstream.script("busy", [Reply::json(529, told("overloaded_error"))]);
    world.upstream.script("wrong", [Reply::json(400, told("invalid_request_error"))]);
    world.upstream.script("key", [Reply::json(401, told("authentication_error"))]);
    let hub = world.start().await;
    for (model, status, kind) in [
        ("claude/wrong", 400, "invalid_request_error"),
        ("claude/busy", 529, "overloaded_error"),
        ("claude/key", 500, "api_error"),
        ("nobody/has-it", 404, "not_found_error"),
    ] {
        let answer = hub.client().post("/v1/messages", body(model)).send().await.expect(status);
        let json = answer.json();
        assert_eq!((&json["type"], &json["error"]["type"]), (&json!("error"), &json!(kind)), "{model}");
        assert_eq!(json["request_id"].as_str(), answer.header("request-id"));
    }
    let nameless =
        hub.client().without_key().post("/v1/messages", body("fake/plain")).send().await.expect(401);
    assert_eq!(nameless.json()["error"]["type"], "authentication_error");
    let unknown = hub.client().get("/anthropic/v1/nothing").send().await.expect(404);
    assert_eq!(unknown.json()["type"], "error");
    assert_eq!(world.spent().await, 0);
}

async fn a_client_that_leaves_pays_for_what_came(world: &mut World) {
    with_claude(world).await;
    let gate = Gate::new();
    world.upstream.script("slow", [claude_stream(&beginning("Hello there, this is long")).gate(&gate)]);
    let hub = world.start().await;
    let mut asked = body("claude/slow");
    asked["stream"] = json!(true);
    let mut flow = hub.client().post("/v1/messages", asked).open().await;
    flow.next_with("Hello").await;
    drop(flow);
    world.upstream.hung_up_on("slow").await;
    let record = hub.record(&hub.only_record().await.id).await;
    assert_eq!((record.status.as_str(), record.reason()), ("failed", Some("client_disconnected")));
    assert!(record.is_partial() && record.cost() > 0, "{record:?}");
    gate.open();
}

async fn a_repeat_gets_the_same_message(world: &mut World) {
    let hub = world.start().await;
    let ask = || hub.client().post("/v1/messages", body("fake/plain")).header("idempotency-key", "again");
    let first = ask().send().await.expect(200);
    let second = ask().send().await.expect(200);
    assert_eq!(first.body, second.body);
    assert_eq!(second.header("idempotent-replay"), Some("true"));
    assert_eq!(world.spent().await, price(USUAL));
}

async fn tokens_are_counted_without_a_call(world: &mut World) {
    let hub = world.start().await;
    let asked =
        json!({ "model": "fake/plain", "messages": [{ "role": "user", "content": "one two three" }] });
    let answer = hub.client().post("/v1/messages/count_tokens", asked).send().await.expect(200);
    let counted = answer.json()["input_tokens"].as_u64().unwrap();
    assert!((3..30).contains(&counted), "{counted}");
    let models =
        hub.client().get("/v1/models").header("anthropic-version", "2023-06-01").send().await.expect(200);
    assert_eq!((&models.json()["has_more"], &models.json()["object"]), (&json!(false), &Value::Null));
    assert!(world.upstream.all_seen().is_empty());
    assert_eq!(world.spent().await, 0);
}
