//! Providers that are like OpenAI: known by name, charged by what each reports in its own way, and asked in the way
//! that each takes.

use serde_json::{Value, json};

use crate::kit::{Reply, World, eventually, units};

on_both_databases! {
    a_key_is_enough_for_each_and_its_usage_is_charged_exactly,
    each_is_asked_as_it_wants_to_be,
    a_server_of_ones_own_needs_no_key,
}

/// A provider, its variables, what it reports, and what that costs at a price of 1,000 credits for a million tokens
/// in, 100 cached, 2,000 out.
const CASES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "deepseek",
        "DEEPSEEK_API_KEY",
        "DEEPSEEK_BASE_URL",
        r#"{"prompt_tokens":120,"completion_tokens":500,"total_tokens":620,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":56,"completion_tokens_details":{"reasoning_tokens":450}}"#,
        "1.0624",
    ),
    (
        "xai",
        "XAI_API_KEY",
        "XAI_BASE_URL",
        r#"{"prompt_tokens":1012,"completion_tokens":149,"total_tokens":1441,"prompt_tokens_details":{"cached_tokens":12},"completion_tokens_details":{"reasoning_tokens":280},"cost_in_usd_ticks":1}"#,
        "1.8592",
    ),
    (
        "openrouter",
        "OPENROUTER_API_KEY",
        "OPENROUTER_BASE_URL",
        r#"{"prompt_tokens":1000,"completion_tokens":300,"total_tokens":1300,"cost":0.00014,"prompt_tokens_details":{"cached_tokens":800,"cache_write_tokens":100},"completion_tokens_details":{"reasoning_tokens":200}}"#,
        "0.88",
    ),
    (
        "mistral",
        "MISTRAL_API_KEY",
        "MISTRAL_BASE_URL",
        r#"{"prompt_tokens":15,"completion_tokens":7,"total_tokens":22,"prompt_tokens_details":{"cached_tokens":5}}"#,
        "0.0245",
    ),
    (
        "groq",
        "GROQ_API_KEY",
        "GROQ_BASE_URL",
        r#"{"queue_time":0.03,"prompt_tokens":18,"completion_tokens":556,"total_tokens":574,"completion_tokens_details":{"reasoning_tokens":301}}"#,
        "1.13",
    ),
    (
        "together",
        "TOGETHER_API_KEY",
        "TOGETHER_BASE_URL",
        r#"{"prompt_tokens":21,"completion_tokens":45,"total_tokens":66,"cached_tokens":0}"#,
        "0.111",
    ),
    (
        "doubao",
        "ARK_API_KEY",
        "DOUBAO_BASE_URL",
        r#"{"prompt_tokens":100,"completion_tokens":60,"total_tokens":160,"prompt_tokens_details":{"cached_tokens":40},"completion_tokens_details":{"reasoning_tokens":50}}"#,
        "0.184",
    ),
    (
        "poe",
        "POE_API_KEY",
        "POE_BASE_URL",
        r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#,
        "0.02",
    ),
    (
        "ollama",
        "OLLAMA_API_KEY",
        "OLLAMA_BASE_URL",
        r#"{"prompt_tokens":26,"completion_tokens":298,"total_tokens":324}"#,
        "0.622",
    ),
    (
        "lmstudio",
        "LM_STUDIO_API_KEY",
        "LM_STUDIO_BASE_URL",
        r#"{"prompt_tokens":26,"completion_tokens":2,"total_tokens":28}"#,
        "0.03",
    ),
    (
        "vllm",
        "VLLM_API_KEY",
        "VLLM_BASE_URL",
        r#"{"prompt_tokens":8,"total_tokens":20,"completion_tokens":12,"prompt_tokens_details":null}"#,
        "0.032",
    ),
];

/// Every provider at the fake upstream, with a key of its own and a price for whatever it has.
async fn set_up(world: &mut World) {
    let base = format!("http://{}/v1", world.upstream.address);
    for (name, key, address, ..) in CASES {
        world.set(key, &format!("sk-of-{name}"));
        world.set(address, &base);
    }
    world.set_up().await;
    for (name, ..) in CASES {
        world.json(&format!("rates set {name}/* --input 1000 --input-cached 100 --output 2000")).await;
    }
}

fn whole(usage: &str) -> Reply {
    let usage: Value = serde_json::from_str(usage).unwrap();
    let choice =
        json!({ "index": 0, "message": { "role": "assistant", "content": "hi" }, "finish_reason": "stop" });
    let body = json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage });
    Reply::json(200, body.to_string())
}

/// Usage comes with the last piece, as most of them have it.
fn streamed(usage: &str) -> Reply {
    let usage: Value = serde_json::from_str(usage).unwrap();
    let choice = json!({ "index": 0, "delta": {}, "finish_reason": "stop" });
    let last = json!({ "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], "usage": usage });
    Reply::stream().say("hi").event(&last).done()
}

async fn a_key_is_enough_for_each_and_its_usage_is_charged_exactly(world: &mut World) {
    set_up(world).await;
    for (name, .., usage, _) in CASES {
        world.upstream.script(&format!("m-{name}"), [whole(usage), streamed(usage)]);
    }
    let hub = world.start().await;
    let mut spent = 0;
    for (name, .., cost) in CASES {
        let model = format!("m-{name}");
        let ask = || hub.client().chat(&format!("{name}/{model}"));
        for answer in [ask().send().await.expect(200), ask().streamed_with_usage().send().await.expect(200)] {
            let record = hub.record(&answer.call_id()).await;
            assert_eq!(record.cost(), units(cost), "{name}");
            assert!(!record.is_estimated(), "{name}");
            spent += record.cost();
        }
        for seen in world.upstream.seen(&model) {
            let key = format!("Bearer sk-of-{name}");
            assert_eq!(
                (seen.path.as_str(), seen.header("authorization")),
                ("/v1/chat/completions", Some(key.as_str()))
            );
        }
    }
    assert_eq!(world.spent().await, spent);
    let text = world.command(&["providers", "list"]).await.expect(0).stdout;
    assert!(CASES.iter().all(|(name, ..)| text.contains(name)), "{text}");
}

async fn each_is_asked_as_it_wants_to_be(world: &mut World) {
    set_up(world).await;
    let hub = world.start().await;
    let schema =
        json!({ "type": "json_schema", "json_schema": { "name": "n", "schema": { "type": "object" } } });
    for (name, ..) in CASES {
        let model = format!("m-{name}");
        let body = json!({
            "model": format!("{name}/{model}"), "max_completion_tokens": 64, "user": "u", "x_new": [1], "seed": 7,
            "response_format": schema.clone(), "stream": true,
            "messages": [{ "role": "developer", "content": "d" }, { "role": "user", "content": "u", "y": 1 }],
        });
        let answer = hub.client().post("/v1/chat/completions", body).send().await.expect(200);
        let sent = world.upstream.reached_by(&model).await.json();
        let messages = sent["messages"].as_array().unwrap();
        assert_eq!(messages[messages.len() - 2]["role"], "system", "{name}");
        assert_eq!((&messages[messages.len() - 1]["y"], &sent["x_new"]), (&json!(1), &json!([1])), "{name}");
        let limit =
            if matches!(*name, "deepseek" | "mistral") { "max_tokens" } else { "max_completion_tokens" };
        let limits = ["max_tokens", "max_completion_tokens"].map(|field| sent.get(field).is_some());
        assert_eq!(
            (&sent[limit], limits.iter().filter(|is_there| **is_there).count()),
            (&json!(64), 1),
            "{name}"
        );
        let is_mistral = *name == "mistral";
        assert_eq!(sent.get("stream_options").is_none(), is_mistral, "{name}");
        assert_eq!(sent.get("random_seed").is_some(), is_mistral, "{name}");
        assert_eq!(sent.get("user").is_none(), is_mistral, "{name}");
        let dropped = answer.header("x-aigne-hub-dropped");
        assert_eq!(dropped, is_mistral.then_some("user"), "{name}");
        let kind = if *name == "deepseek" { "json_object" } else { "json_schema" };
        assert_eq!(
            (&sent["response_format"]["type"], messages.len()),
            (&json!(kind), if kind == "json_object" { 3 } else { 2 }),
            "{name}"
        );
    }
}

async fn a_server_of_ones_own_needs_no_key(world: &mut World) {
    let hub = world.start().await;
    world.json(&format!("providers add ollama --base-url http://{}/v1", world.upstream.address)).await;
    world.json("providers add deepseek").await;
    world.json("rates set ollama/* --input 1 --output 1").await;
    eventually("the server without a key serves", async || {
        let answer = hub.client().chat("ollama/own").send().await;
        (answer.status() == 200).then_some(())
    })
    .await;
    assert_eq!(world.upstream.reached_by("own").await.header("authorization"), None);
    // One that everybody knows to want a key is not asked without one.
    let refused = hub.client().chat("deepseek/deepseek-v4-pro").send().await;
    assert_eq!(refused.status(), 503);
}
