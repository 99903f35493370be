//! Gemini as an upstream, behind OpenAI's clients and Anthropic's, and any upstream behind Gemini's clients.

use serde_json::{Value, json};

use crate::kit::{Reply, Tokens, USUAL, World, delivered, price};

on_both_databases! {
    an_openai_client_gets_gemini,
    an_anthropic_client_gets_gemini,
    a_stream_of_gemini_shows_its_cost,
    a_blocked_prompt_is_paid_and_told,
    geminis_errors_are_told_in_the_clients_words,
    a_gemini_client_gets_gpt,
    a_gemini_client_gets_gemini_with_every_field,
    a_gemini_client_streams_events_or_one_array,
    a_gemini_client_is_told_its_errors,
    a_gemini_client_counts_and_lists_without_a_call,
    a_repeat_of_another_model_is_another_call,
    vectors_are_had_across_dialects,
}

/// A second provider, of Google's kind, at the same fake upstream, which knows a model by its path.
async fn with_gemini(world: &mut World) {
    world.set("HUB__PROVIDERS__GOOGLE__KIND", "google");
    world.set("HUB__PROVIDERS__GOOGLE__BASE_URL", &format!("http://{}", world.upstream.address));
    world.set("HUB__PROVIDERS__GOOGLE__API_KEY_ENV", "GOOGLE_KEYS");
    world.set("GOOGLE_KEYS", "goog-fake");
    world.set_up().await;
    world.command(&["rates", "set", "google/*", "--input", "3000", "--output", "6000"]).await.expect(0);
}

fn usage(tokens: Tokens) -> Value {
    json!({ "promptTokenCount": tokens.input, "candidatesTokenCount": tokens.output,
        "totalTokenCount": tokens.input + tokens.output })
}

fn response(parts: Value, finish: &str) -> Value {
    json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": finish, "index": 0 }],
        "usageMetadata": usage(USUAL), "modelVersion": "gemini-fake", "responseId": "r1" })
}

async fn an_openai_client_gets_gemini(world: &mut World) {
    with_gemini(world).await;
    let call = json!([{ "functionCall": { "name": "weather", "args": { "city": "Zürich" } } }]);
    world.upstream.script("flash", [Reply::json(200, response(call, "STOP").to_string())]);
    let hub = world.start().await;
    // `gemini` is another name of `google`.
    let answer = hub.client().chat("gemini/flash").with("user", "u").send().await.expect(200);
    let choice = &answer.json()["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], json!(r#"{"city":"Zürich"}"#));
    assert_eq!((answer.cost(), answer.header("x-aigne-hub-dropped")), (Some(price(USUAL)), Some("user")));
    let seen = world.upstream.reached_by("flash").await;
    assert_eq!(seen.path, "/v1beta/models/flash:generateContent");
    assert_eq!((seen.header("x-goog-api-key"), seen.header("authorization")), (Some("goog-fake"), None));
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
}

async fn an_anthropic_client_gets_gemini(world: &mut World) {
    with_gemini(world).await;
    world
        .upstream
        .script("flash", [Reply::json(200, response(json!([{ "text": "Hoi" }]), "MAX_TOKENS").to_string())]);
    let hub = world.start().await;
    let body = json!({ "model": "google/flash", "max_tokens": 7, "messages": [{ "role": "user", "content": "Hi" }] });
    let answer = hub.client().post("/v1/messages", body).send().await.expect(200);
    assert_eq!(answer.json()["content"], json!([{ "type": "text", "text": "Hoi" }]));
    assert_eq!(answer.json()["stop_reason"], "max_tokens");
    assert_eq!(answer.cost(), Some(price(USUAL)));
    let sent = world.upstream.reached_by("flash").await.json();
    assert_eq!(sent["generationConfig"]["maxOutputTokens"], 7);
}

async fn a_stream_of_gemini_shows_its_cost(world: &mut World) {
    with_gemini(world).await;
    let first = json!({ "candidates": [{ "content": { "parts": [{ "text": "Hello" }] }, "index": 0 }], "responseId": "r1" });
    let head = Reply::status(200, &[("content-type", "text/event-stream")]);
    let reply = head.event(&first).event(&response(json!([{ "text": " there." }]), "STOP"));
    world.upstream.script("flash", [reply]);
    let hub = world.start().await;
    let answer = hub.client().chat("google/flash").streamed_with_usage().send().await.expect(200);
    assert_eq!(delivered(&answer.events()), "Hello there.");
    assert_eq!(answer.events().last().unwrap(), "[DONE]");
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
    assert_eq!(
        world.upstream.reached_by("flash").await.path,
        "/v1beta/models/flash:streamGenerateContent?alt=sse"
    );
}

async fn a_blocked_prompt_is_paid_and_told(world: &mut World) {
    with_gemini(world).await;
    let blocked = json!({ "promptFeedback": { "blockReason": "SAFETY" },
        "usageMetadata": { "promptTokenCount": 10, "totalTokenCount": 10 } });
    world.upstream.script("flash", [Reply::json(200, blocked.to_string())]);
    let hub = world.start().await;
    let answer = hub.client().chat("google/flash").send().await.expect(200);
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "content_filter");
    assert_eq!(answer.cost(), Some(price(Tokens::of(10, 0))));
}

async fn geminis_errors_are_told_in_the_clients_words(world: &mut World) {
    with_gemini(world).await;
    let told = |code: u16, status: &str, message: &str| {
        let error = json!({ "error": { "code": code, "message": message, "status": status } });
        Reply::json(code, error.to_string())
    };
    world.upstream.script("wrong", [told(400, "INVALID_ARGUMENT", "no such thing")]);
    world.upstream.script("key", [told(400, "INVALID_ARGUMENT", "API key not valid.")]);
    world
        .upstream
        .script("long", [told(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum")]);
    let hub = world.start().await;
    for (model, status, code) in [
        ("google/wrong", 400, "invalid_argument"),
        ("google/long", 400, "context_length_exceeded"),
        // Last: the key is not used again afterwards.
        ("google/key", 502, "upstream_authentication"),
    ] {
        let answer = hub.client().chat(model).send().await.expect(status);
        assert_eq!(answer.code(), code, "{model}");
    }
    assert_eq!(world.spent().await, 0);
}

fn asked() -> Value {
    json!({ "contents": [{ "role": "user", "parts": [{ "text": "Say something nice." }] }],
        "generationConfig": { "maxOutputTokens": 100 } })
}

async fn a_gemini_client_gets_gpt(world: &mut World) {
    let hub = world.start().await;
    let key = crate::kit::KEY;
    let nameless = hub.client().without_key();
    for path in [
        "/v1beta/models/fake/plain:generateContent".to_owned(),
        "/gemini/v1/models/fake%2Fplain:generateContent".to_owned(),
        format!("/gemini/v1beta/models/fake/plain:generateContent?key={key}"),
    ] {
        let ask = nameless.post(&path, asked());
        let ask = if path.contains("?key=") { ask } else { ask.header("x-goog-api-key", key) };
        let answer = ask.send().await.expect(200);
        let json = answer.json();
        let candidate = &json["candidates"][0];
        assert_eq!(candidate["content"], json!({ "role": "model", "parts": [{ "text": "Hello there." }] }));
        assert_eq!(candidate["finishReason"], "STOP");
        let usage = &json["usageMetadata"];
        assert_eq!((&usage["promptTokenCount"], &usage["candidatesTokenCount"]), (&json!(10), &json!(3)));
        assert_eq!(answer.cost(), Some(price(USUAL)));
        assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
    }
    assert_eq!(world.upstream.reached_by("plain").await.json()["max_tokens"], 100);
}

async fn a_gemini_client_gets_gemini_with_every_field(world: &mut World) {
    with_gemini(world).await;
    let mut own = response(json!([{ "text": "Hi", "thoughtSignature": "c2ln" }]), "STOP");
    own["new"] = json!(1);
    world.upstream.script("flash", [Reply::json(200, own.to_string())]);
    let hub = world.start().await;
    let mut body = asked();
    body["brandNew"] = json!({ "a": 1 });
    let answer =
        hub.client().post("/v1beta/models/google/flash:generateContent", body).send().await.expect(200);
    let json = answer.json();
    assert_eq!(
        (&json["new"], &json["candidates"][0]["content"]["parts"][0]["thoughtSignature"]),
        (&json!(1), &json!("c2ln"))
    );
    assert_eq!(answer.cost(), Some(price(USUAL)));
    let seen = world.upstream.reached_by("flash").await.json();
    assert_eq!(
        (&seen["brandNew"], &seen["generationConfig"]),
        (&json!({ "a": 1 }), &json!({ "maxOutputTokens": 100 }))
    );
}

async fn a_gemini_client_streams_events_or_one_array(world: &mut World) {
    let hub = world.start().await;
    let path = "/v1beta/models/fake/plain:streamGenerateContent";
    let events = hub.client().post(&format!("{path}?alt=sse"), asked()).send().await.expect(200);
    assert!(events.header("content-type").unwrap().starts_with("text/event-stream"));
    let blocks = events.body.strip_suffix("\r\n\r\n").unwrap().split("\r\n\r\n");
    let events: Vec<Value> =
        blocks.map(|block| serde_json::from_str(block.strip_prefix("data: ").unwrap()).unwrap()).collect();
    let array = hub.client().post(path, asked()).send().await.expect(200);
    assert_eq!(array.header("content-type"), Some("application/json"));
    let array: Vec<Value> = serde_json::from_str(&array.body).unwrap();
    for pieces in [events, array] {
        let part =
            |piece: &Value| piece["candidates"][0]["content"]["parts"][0]["text"].as_str().map(str::to_owned);
        assert_eq!(pieces.iter().filter_map(part).collect::<String>(), "Hello there.");
        let usage = &pieces.last().unwrap()["usageMetadata"];
        assert_eq!(crate::kit::units(&usage["aigneHubCredits"].to_string()), price(USUAL));
    }
    assert_eq!(world.spent().await, 2 * price(USUAL));
}

async fn a_gemini_client_is_told_its_errors(world: &mut World) {
    world.upstream.script("busy", [Reply::failure(429, "rate_limit_exceeded")]);
    let hub = world.start().await;
    let nameless = hub.client().without_key();
    let answer = nameless.post("/v1beta/models/fake/plain:generateContent", asked()).send().await.expect(401);
    assert_eq!(answer.json()["error"]["status"], "UNAUTHENTICATED");
    for (path, status, word) in [
        ("/v1beta/models/nobody/has-it:generateContent", 404, "NOT_FOUND"),
        ("/v1beta/models/fake/plain:dance", 404, "NOT_FOUND"),
        ("/v1beta/models/fake/busy:generateContent", 429, "RESOURCE_EXHAUSTED"),
    ] {
        let error = hub.client().post(path, asked()).send().await.expect(status).json()["error"].clone();
        assert_eq!((&error["code"], &error["status"]), (&json!(status), &json!(word)), "{path}");
    }
    let bad =
        hub.client().post("/v1beta/models/fake/plain:generateContent", json!({})).send().await.expect(400);
    assert_eq!(bad.json()["error"]["status"], "INVALID_ARGUMENT");
    assert!(bad.body.contains("contents"), "{}", bad.body);
    assert_eq!(world.spent().await, 0);
}

async fn a_gemini_client_counts_and_lists_without_a_call(world: &mut World) {
    let hub = world.start().await;
    let answer = hub.client().post("/v1beta/models/fake/plain:countTokens", asked()).send().await.expect(200);
    let counted = answer.json()["totalTokens"].as_u64().unwrap();
    assert!((3..30).contains(&counted), "{counted}");
    let models = hub.client().get("/v1beta/models").send().await.expect(200).json();
    assert!(models["models"].is_array(), "{models}");
    assert!(world.upstream.all_seen().is_empty());
}

async fn a_repeat_of_another_model_is_another_call(world: &mut World) {
    let hub = world.start().await;
    let ask = |model: &str| {
        let path = format!("/v1beta/models/fake/{model}:generateContent");
        hub.client().post(&path, asked()).idempotency_key("again")
    };
    let first = ask("one").send().await.expect(200);
    assert_eq!(ask("one").send().await.expect(200).body, first.body);
    ask("two").send().await.expect(200);
    assert_eq!(world.spent().await, 2 * price(USUAL));
}

async fn vectors_are_had_across_dialects(world: &mut World) {
    with_gemini(world).await;
    for model in ["fake/*", "google/*"] {
        world
            .command(&["rates", "set", model, "--call-type", "embedding", "--input", "3000"])
            .await
            .expect(0);
    }
    let hub = world.start().await;
    // Google's client, OpenAI's vectors.
    let content = json!({ "parts": [{ "text": "a text of several words" }] });
    let one = json!({ "content": content });
    let answer =
        hub.client().post("/v1beta/models/fake/vectors:embedContent", one.clone()).send().await.expect(200);
    assert_eq!(answer.json()["embedding"]["values"], json!([0.25, -0.5]));
    assert_eq!(answer.cost(), Some(price(Tokens::of(USUAL.input, 0))));
    let batch = json!({ "requests": [one] });
    let answer =
        hub.client().post("/v1beta/models/fake/vectors:batchEmbedContents", batch).send().await.expect(200);
    assert_eq!(answer.json()["embeddings"], json!([{ "values": [0.25, -0.5] }]));
    let bad =
        hub.client().post("/v1beta/models/fake/vectors:embedContent", json!({})).send().await.expect(400);
    assert!(bad.body.contains("content"), "{}", bad.body);
    // OpenAI's client, Google's vectors, which come without a usage.
    let vectors = json!({ "embeddings": [{ "values": [0.5, 1] }, { "values": [2, 3] }] });
    world.upstream.script("vectors-2", [Reply::json(200, vectors.to_string())]);
    let body = json!({ "model": "google/vectors-2", "input": ["one", "two"], "dimensions": 2 });
    let answer = hub.client().post("/v1/embeddings", body).send().await.expect(200);
    assert_eq!(answer.json()["data"][1]["embedding"], json!([2, 3]));
    let record = hub.record(&answer.call_id()).await;
    assert!(record.is_estimated() && record.cost() > 0);
    let sent = world.upstream.reached_by("vectors-2").await;
    assert_eq!(sent.path, "/v1beta/models/vectors-2:batchEmbedContents");
    assert_eq!(sent.json()["requests"][0]["outputDimensionality"], 2);
}
