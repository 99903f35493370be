//! An upstream of OpenAI's Responses, behind every client; and models that have nothing else.

use serde_json::{Value, json};

use crate::kit::{Reply, Tokens, USUAL, World, delivered, eventually, price, units};

on_both_databases! {
    a_client_of_responses_is_passed_on,
    a_stream_passes_byte_for_byte_and_shows_its_cost,
    a_model_without_chat_completions_answers_every_client,
    a_tool_is_called_and_answered_through_responses,
    a_failure_in_the_stream_ends_it_as_failed,
    a_stream_that_is_cut_is_paid_for_what_came,
    an_answer_cut_short_by_its_limit_is_paid_and_incomplete,
    what_the_provider_would_run_is_refused_and_costs_nothing,
    a_client_that_leaves_stops_the_upstream,
    a_provider_is_added_with_responses,
}

const PATH: &str = "/v1/responses";

async fn with_responses(world: &mut World) {
    world.set("HUB__PROVIDERS__FAKE__RESPONSES", "true");
    world.set_up().await;
}

fn usage(tokens: Tokens) -> Value {
    json!({
        "input_tokens": tokens.input, "input_tokens_details": { "cached_tokens": tokens.cached },
        "output_tokens": tokens.output, "output_tokens_details": { "reasoning_tokens": tokens.reasoning },
        "total_tokens": tokens.input + tokens.output,
    })
}

fn message(text: &str) -> Value {
    json!({ "id": "msg_fake", "type": "message", "role": "assistant", "status": "completed",
        "content": [{ "type": "output_text", "text": text, "annotations": [], "logprobs": [] }] })
}

fn response(status: &str, output: &Value, usage: Value) -> Value {
    json!({
        "id": "resp_fake", "object": "response", "created_at": 1_700_000_000, "status": status, "error": null,
        "incomplete_details": null, "model": "fake-2026", "output": output, "usage": usage, "brand_new": 1,
    })
}

fn whole(output: Value, tokens: Tokens) -> Reply {
    Reply::json(200, response("completed", &output, usage(tokens)).to_string())
}

/// Events as OpenAI streams them, with their names and numbers.
fn stream(events: &[Value]) -> Reply {
    let head = Reply::status(200, &[("content-type", "text/event-stream; charset=utf-8")]);
    events.iter().enumerate().fold(head, |reply, (number, event)| reply.body(written(number, event)))
}

fn written(number: usize, event: &Value) -> String {
    let mut event = event.clone();
    event["sequence_number"] = json!(number);
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
}

fn beginning(text: &str) -> Vec<Value> {
    vec![
        json!({ "type": "response.created", "response": response("in_progress", &json!([]), Value::Null) }),
        json!({ "type": "response.output_item.added", "output_index": 0,
            "item": { "id": "msg_fake", "type": "message", "role": "assistant", "content": [] } }),
        json!({ "type": "response.content_part.added", "output_index": 0, "content_index": 0, "item_id": "msg_fake",
            "part": { "type": "output_text", "text": "", "annotations": [] } }),
        json!({ "type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "msg_fake",
            "delta": text, "logprobs": [], "brand_new": [1.5] }),
    ]
}

fn ending(text: &str, tokens: Tokens) -> Vec<Value> {
    let output = json!([message(text)]);
    vec![
        json!({ "type": "response.output_item.done", "output_index": 0, "item": message(text) }),
        json!({ "type": "response.completed", "response": response("completed", &output, usage(tokens)) }),
    ]
}

fn ask(model: &str) -> Value {
    json!({ "model": model, "input": "Say hi", "max_output_tokens": 40 })
}

fn events(body: &str) -> Vec<Value> {
    let data = body.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

async fn a_client_of_responses_is_passed_on(world: &mut World) {
    with_responses(world).await;
    let tokens = Tokens { input: 20, cached: 12, output: 40, reasoning: 30 };
    world.upstream.script("m", [whole(json!([message("Hi!")]), tokens)]);
    let hub = world.start().await;
    let mut asked = ask("fake/m");
    asked["brand_new"] = json!({ "a": 1.5 });
    let answer = hub.client().post(PATH, asked).send().await.expect(200);
    let shown = answer.json();
    assert_eq!((&shown["id"], &shown["brand_new"]), (&json!("resp_fake"), &json!(1)), "kept as it came");
    assert_eq!(shown["usage"]["input_tokens_details"]["cached_tokens"], 12);
    assert_eq!(shown["usage"]["modelCallId"], json!(answer.call_id()));
    assert_eq!(answer.cost(), Some(price(tokens)));
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(tokens));
    let seen = world.upstream.reached_by("m").await;
    assert_eq!(seen.path, "/v1/responses");
    let sent = seen.json();
    assert_eq!((&sent["store"], &sent["brand_new"]), (&json!(false), &json!({ "a": 1.5 })));
    assert_eq!((&sent["model"], &sent["max_output_tokens"]), (&json!("m"), &json!(40)));
}

async fn a_stream_passes_byte_for_byte_and_shows_its_cost(world: &mut World) {
    with_responses(world).await;
    let told = [beginning("Hi!"), ending("Hi!", USUAL)].concat();
    world.upstream.script("m", [stream(&told)]);
    let hub = world.start().await;
    let mut asked = ask("fake/m");
    asked["stream"] = json!(true);
    let answer = hub.client().post(PATH, asked).send().await.expect(200);
    let but_the_last: String =
        told[..told.len() - 1].iter().enumerate().map(|(number, event)| written(number, event)).collect();
    assert!(answer.body.starts_with(&but_the_last), "{}", answer.body);
    let last = events(&answer.body).pop().unwrap();
    assert_eq!((&last["type"], &last["response"]["brand_new"]), (&json!("response.completed"), &json!(1)));
    assert_eq!(units(&last["response"]["usage"]["aigneHubCredits"].to_string()), price(USUAL));
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
}

async fn a_model_without_chat_completions_answers_every_client(world: &mut World) {
    with_responses(world).await;
    world.upstream.script("o3-pro", [whole(json!([message("Hi!")]), USUAL)]);
    let hub = world.start().await;
    let chat = hub.client().chat("fake/o3-pro").with("temperature", 0.5).send().await.expect(200);
    assert_eq!(chat.text(), "Hi!");
    assert_eq!(chat.header("x-aigne-hub-dropped"), Some("temperature"));
    let user = json!([{ "role": "user", "content": "x" }]);
    let claude = json!({ "model": "fake/o3-pro", "max_tokens": 50, "messages": user });
    let claude = hub.client().post("/v1/messages", claude).send().await.expect(200);
    assert_eq!(claude.json()["content"], json!([{ "type": "text", "text": "Hi!" }]));
    let gemini = json!({ "contents": [{ "parts": [{ "text": "x" }] }] });
    let gemini =
        hub.client().post("/v1beta/models/fake/o3-pro:generateContent", gemini).send().await.expect(200);
    assert_eq!(gemini.json()["candidates"][0]["content"]["parts"][0]["text"], "Hi!");
    for answer in [&chat, &claude, &gemini] {
        assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
    }
    for seen in world.upstream.seen("o3-pro") {
        assert_eq!((seen.path.as_str(), &seen.json()["store"]), ("/v1/responses", &json!(false)));
    }
    // And in pieces.
    world.upstream.script("o3-pro", [stream(&[beginning("Hi"), ending("Hi", USUAL)].concat())]);
    let answer = hub.client().chat("fake/o3-pro").streamed_with_usage().send().await.expect(200);
    assert_eq!(delivered(&answer.events()), "Hi");
    assert_eq!(answer.cost(), Some(price(USUAL)));
    // Other models of the same provider are asked as ever.
    hub.client().chat("fake/plain").send().await.expect(200);
    assert_eq!(world.upstream.reached_by("plain").await.path, "/v1/chat/completions");
}

async fn a_tool_is_called_and_answered_through_responses(world: &mut World) {
    with_responses(world).await;
    let call = json!({ "id": "fc_1", "type": "function_call", "call_id": "call_7", "name": "weather",
        "arguments": "{\"city\":\"Oslo\"}", "status": "completed" });
    let thought = json!({ "id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA=" });
    let replies = [whole(json!([thought, call]), USUAL), whole(json!([message("12 C")]), USUAL)];
    world.upstream.script("o3-pro", replies);
    let hub = world.start().await;
    let tool = json!({ "name": "weather", "input_schema": { "type": "object" } });
    let mut body = json!({ "model": "fake/o3-pro", "max_tokens": 2_000, "tools": [tool],
        "thinking": { "type": "enabled", "budget_tokens": 1_024 },
        "messages": [{ "role": "user", "content": "Weather?" }] });
    let said = hub.client().post("/v1/messages", body.clone()).send().await.expect(200).json();
    assert_eq!(said["stop_reason"], "tool_use");
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({ "role": "assistant", "content": said["content"] }));
    messages.push(json!({ "role": "user", "content": [
        { "type": "tool_result", "tool_use_id": "call_7", "content": "12 C" }] }));
    let answer = hub.client().post("/v1/messages", body).send().await.expect(200).json();
    assert_eq!(answer["content"][0]["text"], "12 C");
    let sent = world.upstream.seen("o3-pro").pop().unwrap().json();
    let items = sent["input"].as_array().unwrap();
    assert_eq!(items[1], json!({ "type": "reasoning", "summary": [], "encrypted_content": "gAAA=" }));
    assert_eq!((&items[2]["call_id"], &items[3]["call_id"]), (&json!("call_7"), &json!("call_7")));
}

async fn a_failure_in_the_stream_ends_it_as_failed(world: &mut World) {
    with_responses(world).await;
    let mut failed = response("failed", &json!([]), usage(USUAL));
    failed["error"] = json!({ "code": "server_error", "message": "it broke" });
    let failed = json!({ "type": "response.failed", "response": failed });
    world.upstream.script("m", [stream(&[beginning("Hi"), vec![failed]].concat())]);
    let hub = world.start().await;
    let mut asked = ask("fake/m");
    asked["stream"] = json!(true);
    let answer = hub.client().post(PATH, asked).send().await.expect(200);
    let told = events(&answer.body);
    let last = told.last().unwrap();
    assert_eq!((&last["type"], &last["sequence_number"]), (&json!("response.failed"), &json!(4)));
    assert_eq!(last["response"]["id"], "resp_fake");
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("failed", price(USUAL)), "it says what it used");
}

async fn a_stream_that_is_cut_is_paid_for_what_came(world: &mut World) {
    with_responses(world).await;
    world.upstream.script("m", [stream(&beginning("Hi")).cut()]);
    let hub = world.start().await;
    let mut asked = ask("fake/m");
    asked["stream"] = json!(true);
    let answer = hub.client().post(PATH, asked).send().await.expect(200);
    assert_eq!(events(&answer.body).last().unwrap()["type"], "response.failed");
    let record = hub.record(&answer.call_id()).await;
    assert_eq!(record.status, "failed");
    assert!(record.cost() > 0 && record.cost() < record.hold(), "{}", record.cost());
}

async fn an_answer_cut_short_by_its_limit_is_paid_and_incomplete(world: &mut World) {
    with_responses(world).await;
    let mut cut = response("incomplete", &json!([message("Hi")]), usage(USUAL));
    cut["incomplete_details"] = json!({ "reason": "max_output_tokens" });
    let cut = json!({ "type": "response.incomplete", "response": cut });
    world.upstream.script("o3-pro", [stream(&[beginning("Hi"), vec![cut]].concat())]);
    let hub = world.start().await;
    let answer = hub.client().chat("fake/o3-pro").streamed_with_usage().send().await.expect(200);
    assert!(answer.body.contains("\"finish_reason\":\"length\""), "{}", answer.body);
    assert_eq!(answer.cost(), Some(price(USUAL)));
    let mut asked = ask("fake/o3-pro");
    asked["stream"] = json!(true);
    let answer = hub.client().post(PATH, asked).send().await.expect(200);
    let last = events(&answer.body).pop().unwrap();
    assert_eq!(last["response"]["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
}

async fn what_the_provider_would_run_is_refused_and_costs_nothing(world: &mut World) {
    with_responses(world).await;
    let hub = world.start().await;
    let before = world.balance("bootstrap").await;
    let mut asked = ask("fake/m");
    asked["tools"] = json!([{ "type": "web_search" }]);
    let refused = hub.client().post(PATH, asked).send().await.expect(400);
    assert_eq!(
        (refused.code().as_str(), &refused.json()["error"]["param"]),
        ("unsupported_parameter", &json!("tools[0]"))
    );
    let stop = hub.client().chat("fake/o3-pro").with("stop", "x").send().await.expect(400);
    assert_eq!(stop.json()["error"]["param"], "stop");
    assert!(world.upstream.all_seen().is_empty());
    assert_eq!(world.balance("bootstrap").await, before);
}

async fn a_client_that_leaves_stops_the_upstream(world: &mut World) {
    with_responses(world).await;
    world.upstream.script("m", [stream(&beginning("Hi")).hang()]);
    let hub = world.start().await;
    let mut asked = ask("fake/m");
    asked["stream"] = json!(true);
    let mut flow = hub.client().post(PATH, asked).open().await.expect(200).await;
    flow.next_with("output_text.delta").await;
    let call = flow.head.call_id();
    drop(flow);
    world.upstream.hung_up_on("m").await;
    let record = eventually("the call ends", async || {
        hub.find_record(&call).await.filter(|record| record.status != "processing")
    })
    .await;
    assert_eq!((record.status.as_str(), record.reason()), ("failed", Some("client_disconnected")));
    assert!(record.cost() > 0);
}

async fn a_provider_is_added_with_responses(world: &mut World) {
    world.set_up().await;
    let address = format!("http://{}/v1", world.upstream.address);
    let add = |name: &str, more: &str| {
        format!("providers add {name} --kind openai --base-url {address} --api-key-env FAKE_KEYS{more}")
    };
    let added = world.json(&add("native", " --responses")).await;
    assert_eq!(added["responses"], true);
    assert_eq!(world.json(&add("other", " --responses=false")).await["responses"], false);
    assert_eq!(world.json(&add("third", "")).await["responses"], Value::Null);
    world.upstream.script("o1-pro", [whole(json!([message("Hi!")]), USUAL)]);
    for name in ["native", "other"] {
        world
            .command(&["rates", "set", &format!("{name}/*"), "--input", "3000", "--output", "6000"])
            .await
            .expect(0);
    }
    let hub = world.start().await;
    assert_eq!(hub.client().chat("native/o1-pro").send().await.expect(200).text(), "Hi!");
    assert_eq!(world.upstream.reached_by("o1-pro").await.path, "/v1/responses");
    hub.client().chat("other/codex-mini-latest").send().await.expect(200);
    assert_eq!(world.upstream.reached_by("codex-mini-latest").await.path, "/v1/chat/completions");
}
