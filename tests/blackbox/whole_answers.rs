//! Answers in one piece: what the client gets, what it costs, and what stands in the record.

use serde_json::json;

use crate::kit::{Gate, Reply, Tokens, USUAL, World, eventually, price, units};

on_both_databases! {
    an_answer_shows_its_exact_cost,
    cached_and_reasoning_tokens_are_priced_once,
    a_tool_call_comes_through,
    the_upstream_gets_what_the_client_sent,
    tokens_are_counted_where_the_upstream_reports_none,
    an_upstream_beyond_its_own_cap_costs_the_operator,
    a_price_change_spares_calls_that_run,
    a_price_of_nothing_charges_nothing,
    embeddings_are_paid_by_their_input,
    upstream_connections_are_used_again,
    a_listed_model_goes_by_its_bare_name,
}

async fn an_answer_shows_its_exact_cost(world: &mut World) {
    let hub = world.start().await;
    let answer = hub.client().chat("plain").send().await.expect(200);
    assert_eq!(answer.text(), "Hello there.");
    assert_eq!(answer.cost(), Some(price(USUAL)));
    assert_eq!(answer.json()["usage"]["modelCallId"], json!(answer.call_id()));
    assert!(answer.header("x-request-id").is_some());

    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("success", price(USUAL)));
    assert_eq!((record.input_tokens(), record.output_tokens()), (10, 3));
    assert!(!record.is_estimated() && record.attempts.len() <= 1);
    assert_eq!(world.spent().await, price(USUAL));
}

async fn cached_and_reasoning_tokens_are_priced_once(world: &mut World) {
    let tokens = Tokens { input: 100, cached: 60, output: 20, reasoning: 8 };
    world.upstream.script("thinks", [Reply::chat("Well.", Some(tokens))]);
    let hub = world.start().await;
    let answer = hub.client().chat("thinks").saying(&"word ".repeat(100)).send().await.expect(200);
    assert_eq!(answer.cost(), Some(price(tokens)));
    let record = hub.record(&answer.call_id()).await;
    let usage = &record.usage_metrics;
    assert_eq!((record.input_tokens(), record.output_tokens()), (40, 20));
    assert_eq!((&usage["cacheReadInputTokens"], &usage["reasoningTokens"]), (&json!(60), &json!(8)));
}

async fn a_tool_call_comes_through(world: &mut World) {
    let arguments = r#"{"city":"Zürich"}"#;
    world.upstream.script("tools", [Reply::tool_call("weather", arguments, Tokens::of(30, 12))]);
    let hub = world.start().await;
    let parameters = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let tool = json!({ "type": "function", "function": { "name": "weather", "parameters": parameters } });
    let answer = hub.client().chat("tools").with("tools", json!([tool])).send().await.expect(200);
    let choice = &answer.json()["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], json!(null));
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], arguments);
    assert_eq!(answer.cost(), Some(price(Tokens::of(30, 12))));
}

async fn the_upstream_gets_what_the_client_sent(world: &mut World) {
    let hub = world.start().await;
    let image =
        json!({ "type": "image_url", "image_url": { "url": "https://example.com/a.png", "detail": "low" } });
    let content = json!([{ "type": "text", "text": "What is it?" }, image]);
    let ask = hub.client().chat("fields").with("messages", json!([{ "role": "user", "content": content }]));
    let format =
        json!({ "type": "json_schema", "json_schema": { "name": "it", "schema": { "type": "object" } } });
    let ask = ask
        .with("seed", 7)
        .with("x_new_field", json!({ "a": [1, 2] }))
        .with("response_format", format.clone());
    ask.with("temperature", json!(0.10)).with("max_completion_tokens", 50).send().await.expect(200);

    let seen = world.upstream.reached_by("fields").await;
    let body = seen.json();
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!((&body["seed"], &body["x_new_field"]), (&json!(7), &json!({ "a": [1, 2] })));
    assert_eq!((&body["response_format"], &body["messages"][0]["content"]), (&format, &content));
    assert_eq!(body["max_completion_tokens"], 50);
    assert_eq!(seen.header("authorization"), Some("Bearer sk-fake-one"));
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    assert!(seen.header("user-agent").is_some_and(|agent| agent.contains("aigne-hub")));
}

async fn tokens_are_counted_where_the_upstream_reports_none(world: &mut World) {
    world.upstream.script("silent", [Reply::chat("one two three four five", None)]);
    let hub = world.start().await;
    let answer = hub.client().chat("silent").send().await.expect(200);
    let record = hub.record(&answer.call_id()).await;
    assert!(record.is_estimated());
    assert!((5..=40).contains(&record.input_tokens()), "{}", record.input_tokens());
    assert!((4..=10).contains(&record.output_tokens()), "{}", record.output_tokens());
    let counted = Tokens::of(record.input_tokens(), record.output_tokens());
    assert_eq!((answer.cost(), record.cost()), (Some(price(counted)), price(counted)));
}

async fn an_upstream_beyond_its_own_cap_costs_the_operator(world: &mut World) {
    world.upstream.script("greedy", [Reply::chat("much", Some(Tokens::of(10, 100_000)))]);
    let hub = world.start().await;
    let answer = hub.client().chat("greedy").with("max_tokens", 20).send().await.expect(200);
    let record = hub.record(&answer.call_id()).await;
    assert!(record.hold() > 0);
    assert_eq!((record.cost(), answer.cost()), (record.hold(), Some(record.hold())));
}

async fn a_price_change_spares_calls_that_run(world: &mut World) {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::chat("late", Some(USUAL)).after(&gate)]);
    let hub = world.start().await;
    let ask = hub.client().chat("slow");
    let call = tokio::spawn(async move { ask.send().await });
    world.upstream.reached_by("slow").await;
    world.json("rates set fake/* --input 1 --output 1").await;
    eventually("the new price applies", async || {
        let answer = hub.client().chat("other").send().await.expect(200);
        (answer.cost() == Some(units("0.000013"))).then_some(())
    })
    .await;
    gate.open();
    assert_eq!(call.await.unwrap().expect(200).cost(), Some(price(USUAL)));
}

async fn a_price_of_nothing_charges_nothing(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/free --input 0 --output 0").await;
    let hub = world.start().await;
    let poor = hub.client().with_key(&world.account("poor", "0").await);
    let answer = poor.chat("free").send().await.expect(200);
    assert_eq!(answer.cost(), Some(0));
    assert_eq!(world.balance("poor").await, 0);
}

async fn embeddings_are_paid_by_their_input(world: &mut World) {
    world.set_up().await;
    world.json("rates set fake/vectors --call-type embedding --input 100").await;
    let hub = world.start().await;
    let body = json!({ "model": "fake/vectors", "input": ["one", "two"], "encoding_format": "float" });
    for path in ["/v1/embeddings", "/api/v2/embeddings"] {
        let answer = hub.client().post(path, body.clone()).send().await.expect(200);
        assert_eq!(answer.json()["data"][0]["embedding"], json!([0.25, -0.5]));
        assert_eq!(answer.cost(), Some(units("0.001")));
        let record = hub.record(&answer.call_id()).await;
        assert_eq!((record.status.as_str(), record.cost()), ("success", units("0.001")));
    }
}

async fn upstream_connections_are_used_again(world: &mut World) {
    let hub = world.start().await;
    for _ in 0..10 {
        hub.client().chat("plain").send().await.expect(200);
        hub.client().chat("plain").streamed().send().await.expect(200);
    }
    let seen = world.upstream.seen("plain");
    let connections = seen.iter().map(|seen| seen.connection).max();
    assert_eq!(seen.len(), 20);
    // A connection belongs to a worker, and there are two.
    assert!(connections <= Some(4), "20 calls took {connections:?} connections");
}

async fn a_listed_model_goes_by_its_bare_name(world: &mut World) {
    world.set("HUB__PROVIDERS__FAKE__MODELS", "listed, other");
    let hub = world.start().await;
    let ask = hub.client().chat("listed");
    for name in ["listed", "fake/listed", "FAKE/listed", "aignehub/fake/listed", "fake:listed"] {
        ask.clone().with("model", name).send().await.expect(200);
    }
    assert_eq!(world.upstream.seen("listed").len(), 5);
    let listed = hub.client().get("/v1/models").send().await.expect(200).json();
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    assert_eq!(ids, [&json!("fake/listed"), &json!("fake/other")]);
    assert_eq!(hub.client().get("/v1/models/fake/listed").send().await.expect(200).json()["object"], "model");
    assert_eq!(hub.client().get("/api/v2/models").send().await.expect(200).json(), listed);
}
