//! Gemini as an upstream, behind OpenAI's clients and Anthropic's.

use serde_json::{Value, json};

use crate::kit::{Reply, Tokens, USUAL, World, delivered, price};

on_both_databases! {
    an_openai_client_gets_gemini,
    an_anthropic_client_gets_gemini,
    a_stream_of_gemini_shows_its_cost,
    a_blocked_prompt_is_paid_and_told,
    geminis_errors_are_told_in_the_clients_words,
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
        ("google/key", 502, "upstream_authentication"),
        ("google/long", 400, "context_length_exceeded"),
    ] {
        let answer = hub.client().chat(model).send().await.expect(status);
        assert_eq!(answer.code(), code, "{model}");
    }
    assert_eq!(world.spent().await, 0);
}
