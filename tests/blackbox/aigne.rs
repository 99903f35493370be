//! AIGNE's own clients: what they ask before their first call, their dialect, and the older one of
//! `chat/completions`.

use serde_json::{Value, json};

use crate::kit::{Reply, USUAL, World, price};

on_both_databases! {
    a_client_finds_the_hub_and_its_models_before_it_has_a_key,
    a_native_call_is_answered_and_paid,
    a_native_stream_ends_with_its_cost,
    a_native_stream_that_breaks_ends_with_an_error_event,
    a_native_client_gets_tools_as_objects,
    a_native_client_is_told_its_errors,
    the_older_dialect_is_answered_in_three_forms,
    the_older_dialect_is_told_its_errors,
    vectors_are_had_in_both_forms,
}

const CHAT: &str = "/api/v2/chat";
const COMPLETIONS: &str = "/api/v2/chat/completions";

fn native(model: &str) -> Value {
    json!({
        "input": {
            "messages": [{ "role": "user", "content": "Say hi" }],
            "modelOptions": { "model": format!("fake/{model}") },
            "outputFileType": "url",
        },
        "agent": "$CHAT_MODEL",
        "options": { "userContext": {}, "memories": [], "streaming": false },
    })
}

fn streaming(model: &str) -> Value {
    let mut body = native(model);
    body["options"]["streaming"] = json!(true);
    body
}

async fn a_client_finds_the_hub_and_its_models_before_it_has_a_key(world: &mut World) {
    world.set("HUB__SERVER__BASE_PATH", "/ai-kit");
    world.set_up().await;
    world.command(&["rates", "set", "fake/priced", "--input", "0.25", "--output", "2"]).await.expect(0);
    let embedding = ["rates", "set", "fake/vectors", "--call-type", "embedding", "--input", "0.02"];
    world.command(&embedding).await.expect(0);
    let hub = world.start().await;
    let nobody = hub.client().without_key();
    let found = nobody.get("/__blocklet__.js?type=json").send().await.expect(200).json();
    let point = &found["componentMountPoints"][0];
    assert_eq!(point["did"], "z8ia3xzq2tMq8CRHfaXj1BTYJyYnEcHbqP8cJ");
    assert_eq!((&point["mountPoint"], &found["prefix"]), (&json!("/ai-kit"), &json!("/ai-kit")));
    let script = nobody.get("/__blocklet__.js").send().await.expect(200);
    assert!(script.body.starts_with("window.blocklet = {"), "{}", script.body);

    let models = nobody.get("/ai-kit/api/ai/models").send().await.expect(200).json();
    let entry = |key: &str| models.as_array().unwrap().iter().find(|entry| entry["key"] == key).cloned();
    let chat = entry("fake/priced").unwrap();
    assert_eq!(
        (&chat["model"], &chat["type"], &chat["provider"]),
        (&json!("priced"), &json!("chat"), &json!("fake"))
    );
    assert_eq!(chat["input_credits_per_token"], "0.00000025");
    assert_eq!(chat["output_credits_per_token"], "0.000002");
    assert_eq!(chat["status"], json!({ "available": true }));
    let vectors = nobody.get("/api/ai-providers/models?type=embedding").send().await.expect(200).json();
    assert_eq!(
        vectors.as_array().unwrap().iter().map(|entry| &entry["key"]).collect::<Vec<_>>(),
        ["fake/vectors"]
    );
    let refused = nobody.get("/api/ai/models?type=smell").send().await.expect(400);
    assert_eq!(refused.json()["error"]["param"], "type");
}

async fn a_native_call_is_answered_and_paid(world: &mut World) {
    world.set_up().await;
    world.upstream.script("m", [Reply::chat("Hi!", Some(USUAL))]);
    let hub = world.start().await;
    let answer = hub.client().post(CHAT, native("m")).send().await.expect(200);
    let json = answer.json();
    assert_eq!((&json["text"], &json["modelWithProvider"]), (&json!("Hi!"), &json!("fake/m")));
    assert_eq!(json["usage"]["inputTokens"], USUAL.input - USUAL.cached);
    assert_eq!(json["usage"]["outputTokens"], USUAL.output);
    assert_eq!(json["usage"]["modelCallId"], answer.call_id());
    assert_eq!(answer.cost(), Some(price(USUAL)));
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
    let sent = world.upstream.reached_by("m").await.json();
    assert_eq!(sent["messages"], json!([{ "role": "user", "content": "Say hi" }]));
    // The framework's own notes are none of a provider's business.
    assert!(sent["input"].is_null() && sent["agent"].is_null());
}

async fn a_native_stream_ends_with_its_cost(world: &mut World) {
    world.set_up().await;
    world.upstream.script("m", [Reply::stream().say("Hi").say("!").finish("stop").end(USUAL)]);
    let hub = world.start().await;
    let answer = hub.client().post(CHAT, streaming("m")).send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let events: Vec<Value> =
        answer.events().iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let text: String = events.iter().filter_map(|event| event["delta"]["text"]["text"].as_str()).collect();
    assert_eq!(text, "Hi!");
    let last = &events.last().unwrap()["delta"]["json"];
    assert_eq!(
        (&last["modelWithProvider"], &last["usage"]["outputTokens"]),
        (&json!("fake/m"), &json!(USUAL.output))
    );
    assert_eq!(answer.cost(), Some(price(USUAL)));
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
}

async fn a_native_stream_that_breaks_ends_with_an_error_event(world: &mut World) {
    world.set_up().await;
    world.upstream.script("m", [Reply::stream().say("Hi").cut()]);
    let hub = world.start().await;
    let answer = hub.client().post(CHAT, streaming("m")).send().await.expect(200);
    let (_, error) = answer.body.split_once("event: error\ndata: ").unwrap();
    let error: Value = serde_json::from_str(error.trim_end()).unwrap();
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    assert_eq!(hub.record(&answer.call_id()).await.status, "failed");
}

async fn a_native_client_gets_tools_as_objects(world: &mut World) {
    world.set_up().await;
    world.upstream.script(
        "m",
        [Reply::tool_call("weather", r#"{"city":"Oslo"}"#, USUAL), Reply::chat("12 C", Some(USUAL))],
    );
    let hub = world.start().await;
    let mut body = native("m");
    body["input"]["tools"] = json!([{ "type": "function", "function": { "name": "weather", "parameters": { "type": "object" } } }]);
    let answer = hub.client().post(CHAT, body.clone()).send().await.expect(200).json();
    let call = answer["toolCalls"][0].clone();
    assert_eq!(call["function"], json!({ "name": "weather", "arguments": { "city": "Oslo" } }));
    let messages = body["input"]["messages"].as_array_mut().unwrap();
    messages.push(json!({ "role": "agent", "toolCalls": [call.clone()] }));
    messages.push(json!({ "role": "tool", "toolCallId": call["id"], "content": "12 C" }));
    let answer = hub.client().post(CHAT, body).send().await.expect(200).json();
    assert_eq!(answer["text"], "12 C");
    let sent = world.upstream.seen("m").pop().unwrap().json();
    assert_eq!(sent["messages"][1]["tool_calls"][0]["function"]["arguments"], r#"{"city":"Oslo"}"#);
    assert_eq!(sent["messages"][2], json!({ "role": "tool", "tool_call_id": call["id"], "content": "12 C" }));
}

async fn a_native_client_is_told_its_errors(world: &mut World) {
    world.set_up().await;
    let hub = world.start().await;
    let client = hub.client();
    let mut local = native("m");
    local["input"]["messages"][0]["content"] = json!([{ "type": "local", "path": "/etc/passwd" }]);
    let refused = client.post(CHAT, local).send().await.expect(400);
    assert_eq!(refused.json()["error"]["param"], "input.messages[0].content[0].type");
    let refused = client.post(CHAT, json!({ "input": {} })).send().await.expect(400);
    assert_eq!(refused.json()["error"]["param"], "input.messages");
    assert!(refused.json()["message"].is_string());
    let unknown = native("m").to_string().replace("fake/m", "nobody/m");
    client.post_bytes(CHAT, unknown).send().await.expect(404);
    client.without_key().post(CHAT, native("m")).send().await.expect(401);
    world.upstream.script("m", [Reply::failure(400, "invalid_prompt")]);
    let failed = client.post(CHAT, streaming("m")).send().await.expect(400);
    assert!(failed.json()["error"]["message"].is_string());
}

async fn the_older_dialect_is_answered_in_three_forms(world: &mut World) {
    world.set_up().await;
    let whole = Reply::chat("Hi!", Some(USUAL));
    let stream = || Reply::stream().say("Hi").say("!").finish("stop").end(USUAL);
    world.upstream.script("m", [whole, stream(), stream()]);
    let hub = world.start().await;
    let body = json!({ "model": "fake/m", "prompt": "Say hi", "maxTokens": "20" });
    let json = hub.client().post("/api/v2/completions", body.clone()).send().await.expect(200);
    let seen = world.upstream.reached_by("m").await.json();
    assert_eq!(seen["messages"], json!([{ "role": "user", "content": "Say hi" }]));
    let told = json.json();
    assert_eq!(
        (&told["role"], &told["text"], &told["content"]),
        (&json!("assistant"), &json!("Hi!"), &json!("Hi!"))
    );
    assert_eq!((json.text().as_str(), json.cost()), ("Hi!", Some(price(USUAL))));

    let events = hub.client().post(COMPLETIONS, body.clone()).header("accept", "text/event-stream");
    let events = events.send().await.expect(200);
    let first: Value = serde_json::from_str(&events.events()[0]).unwrap();
    assert_eq!(first["delta"], json!({ "role": "assistant", "content": "Hi", "toolCalls": [] }));
    let last: Value = serde_json::from_str(events.events().last().unwrap()).unwrap();
    assert_eq!(last["usage"]["promptTokens"], USUAL.input);
    assert_eq!(events.cost(), Some(price(USUAL)));

    let mut streamed = body;
    streamed["stream"] = json!(true);
    let text = hub.client().post(COMPLETIONS, streamed).send().await.expect(200);
    assert_eq!((text.body.as_str(), text.header("content-type")), ("Hi!", Some("text/plain; charset=utf-8")));
    assert_eq!(hub.record(&text.call_id()).await.cost(), price(USUAL));
}

async fn the_older_dialect_is_told_its_errors(world: &mut World) {
    world.set_up().await;
    let hub = world.start().await;
    let ask = |body: Value| hub.client().post(COMPLETIONS, body);
    let refused = ask(json!({ "model": "fake/m", "prompt": "x", "topP": 3 })).send().await.expect(400);
    assert_eq!(refused.json()["error"]["param"], "topP");
    world.upstream.script("m", [Reply::stream().say("Hi").cut(), Reply::failure(400, "invalid_prompt")]);
    let body = json!({ "model": "fake/m", "prompt": "x", "stream": true });
    let broken = ask(body.clone()).send().await.expect(200);
    assert!(broken.body.starts_with("HiERROR: "), "{}", broken.body);
    ask(body).send().await.expect(400);
}

async fn vectors_are_had_in_both_forms(world: &mut World) {
    world.set_up().await;
    let rate = ["rates", "set", "fake/vectors", "--call-type", "embedding", "--input", "1000"];
    world.command(&rate).await.expect(0);
    let list = json!({ "object": "list", "model": "vectors", "usage": { "prompt_tokens": 3, "total_tokens": 3 },
        "data": [{ "object": "embedding", "index": 1, "embedding": [0.5] }, { "object": "embedding", "index": 0, "embedding": [0.25] }] });
    world
        .upstream
        .script("vectors", [Reply::json(200, list.to_string()), Reply::json(200, list.to_string())]);
    let hub = world.start().await;
    let nested = json!({ "model": "fake/vectors", "input": { "input": ["a", "b"] } });
    let answer = hub.client().post("/api/v2/embeddings", nested).send().await.expect(200);
    assert_eq!(answer.json()["embeddings"], json!([[0.25], [0.5]]));
    assert_eq!(answer.json()["usage"]["inputTokens"], 3);
    assert_eq!(hub.record(&answer.call_id()).await.cost(), answer.cost().unwrap());
    let flat = json!({ "model": "fake/vectors", "input": ["a", "b"] });
    let answer = hub.client().post("/api/v2/embeddings", flat).send().await.expect(200);
    assert_eq!(answer.json()["object"], "list");
    let wrong = json!({ "model": "fake/vectors", "input": { "input": 7 } });
    let refused = hub.client().post("/api/v2/embeddings", wrong).send().await.expect(400);
    assert_eq!(refused.json()["error"]["param"], "input.input");
}
