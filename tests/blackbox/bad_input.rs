//! Bad input: the right status, OpenAI's error shape, the field's name; no record, no upstream call.

use serde_json::{Value, json};

use crate::kit::{Answer, Ask, Client, World};

on_both_databases! {
    bad_fields_are_named,
    bad_bodies_are_refused,
    models_that_cannot_be_called_are_told_apart,
    a_body_may_not_be_too_large,
    bad_heads_are_refused,
    paths_and_methods_that_do_not_exist_are_refused,
}

const CHAT: &str = "/v1/chat/completions";

/// OpenAI's error shape, with the text at the top as well, and the headers that every refusal has.
fn error(answer: &Answer, status: u16, code: Option<&str>, param: Option<&str>) {
    assert_eq!(answer.status(), status, "{}", answer.body);
    let body = answer.json();
    let error = body["error"].as_object().unwrap_or_else(|| panic!("no error: {body}"));
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    assert!(error["type"].is_string() && error.contains_key("param") && error.contains_key("code"), "{body}");
    assert_eq!(body["message"], error["message"]);
    if let Some(code) = code {
        assert_eq!(error["code"], code, "{body}");
    }
    if let Some(param) = param {
        assert_eq!(error["param"], param, "{body}");
    }
    assert!(answer.header("x-request-id").is_some());
    assert!(answer.header("x-should-retry").is_some());
}

/// Nothing of all this is a call.
async fn assert_nothing_happened(world: &World) {
    assert!(world.upstream.all_seen().is_empty(), "the upstream was called");
    assert_eq!(world.json("calls list").await, json!([]));
    assert_eq!(world.spent().await, 0);
}

async fn bad_fields_are_named(world: &mut World) {
    let hub = world.start().await;
    let client = hub.client();
    let message = |content: Value| json!([{ "role": "user", "content": content }]);
    let many: Value = vec![json!({ "role": "user", "content": "x" }); 5_000].into();
    let cases = [
        ("messages", json!([]), "messages"),
        ("messages", json!("hello"), "messages"),
        ("messages", json!(null), "messages"),
        ("messages", json!([{ "role": "wizard", "content": "x" }]), "messages[0].role"),
        ("messages", json!([{ "content": "x" }]), "messages[0].role"),
        ("messages", message(json!(7)), "messages[0].content"),
        ("messages", message(json!([{ "type": "hologram" }])), "messages[0].content[0].type"),
        (
            "messages",
            message(json!([{ "type": "local", "path": "/etc/passwd" }])),
            "messages[0].content[0].type",
        ),
        (
            "messages",
            message(json!([{ "type": "image_url", "image_url": {} }])),
            "messages[0].content[0].image_url.url",
        ),
        ("messages", many, "messages"),
        ("model", json!(7), "model"),
        ("model", json!(null), "model"),
        ("model", json!(""), "model"),
        ("model", json!("fake/../secret"), "model"),
        ("model", json!("fake/mod el"), "model"),
        ("model", json!("m".repeat(10_000)), "model"),
        ("max_tokens", json!(-1), "max_tokens"),
        ("max_tokens", json!(0), "max_tokens"),
        ("max_tokens", json!(1.5), "max_tokens"),
        ("max_tokens", json!("10"), "max_tokens"),
        ("max_tokens", json!(1e300), "max_tokens"),
        ("max_completion_tokens", json!(-5), "max_completion_tokens"),
        ("n", json!(0), "n"),
        ("n", json!(11), "n"),
        ("n", json!(u64::MAX), "n"),
        ("temperature", json!(2.5), "temperature"),
        ("temperature", json!("hot"), "temperature"),
        ("top_p", json!(-0.1), "top_p"),
        ("stream", json!("yes"), "stream"),
        ("tools", json!({}), "tools"),
        ("tools", json!([{ "type": "function" }]), "tools[0].function"),
        ("response_format", json!({ "type": "poem" }), "response_format.type"),
    ];
    for (field, value, param) in cases {
        let answer = client.chat("plain").with(field, value.clone()).send().await;
        let shown: String = value.to_string().chars().take(80).collect();
        assert_eq!(answer.status(), 400, "{field}: {shown}: {}", answer.body);
        let named = answer.json()["error"]["param"].as_str().unwrap_or_default().to_owned();
        assert!(named.starts_with(param), "{field}: {shown}: `{named}` is named, not `{param}`");
        error(&answer, 400, None, None);
        assert!(answer.body.len() < 2_000, "the answer repeats the input: {}", answer.body);
    }
    assert_nothing_happened(world).await;
}

async fn bad_bodies_are_refused(world: &mut World) {
    let hub = world.start().await;
    let client = hub.client();
    let deep =
        format!(r#"{{"model":"fake/plain","messages":[{}1{}]}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let deep_unknown = format!(
        r#"{{"model":"fake/plain","messages":[{{"role":"user","content":"x"}}],"x":{}1{}}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", b"".to_vec()),
        ("no JSON", b"hello".to_vec()),
        ("cut", br#"{"model":"fake/plain","messages":[{"role":"us"#.to_vec()),
        (
            "more after it",
            br#"{"model":"fake/plain","messages":[{"role":"user","content":"x"}]} {}"#.to_vec(),
        ),
        ("a list", b"[]".to_vec()),
        (
            "a byte order mark",
            [b"\xef\xbb\xbf", &br#"{"model":"fake/plain","messages":[{"role":"user","content":"x"}]}"#[..]]
                .concat(),
        ),
        (
            "invalid UTF-8",
            [
                br#"{"model":"fake/plain","messages":[{"role":"user","content":""#,
                &b"\xff\xfe"[..],
                br#""}]}"#,
            ]
            .concat(),
        ),
        (
            "a lone surrogate",
            br#"{"model":"fake/plain","messages":[{"role":"user","content":"\ud800"}]}"#.to_vec(),
        ),
        (
            "NaN",
            br#"{"model":"fake/plain","messages":[{"role":"user","content":"x"}],"temperature":NaN}"#
                .to_vec(),
        ),
        (
            "1e400",
            br#"{"model":"fake/plain","messages":[{"role":"user","content":"x"}],"temperature":1e400}"#
                .to_vec(),
        ),
        ("deep nesting", deep.into_bytes()),
        ("deep nesting in an unknown field", deep_unknown.into_bytes()),
    ];
    for (what, body) in bodies {
        for path in [CHAT, "/api/v2/chat/completions"] {
            let answer = client.post_bytes(path, body.clone()).send().await;
            assert_eq!(answer.status(), 400, "{what}: {}", answer.body);
            error(&answer, 400, None, None);
        }
    }
    let cut = client.post_bytes(CHAT, r#"{"model": oops}"#).send().await;
    error(&cut, 400, Some("invalid_json"), None);
    let vectors = client.post("/v1/embeddings", json!({ "model": "fake/plain", "input": [] })).send().await;
    error(&vectors, 400, None, Some("input"));
    assert_nothing_happened(world).await;
    hub.client().get("/healthz").send().await.expect(200);
}

async fn models_that_cannot_be_called_are_told_apart(world: &mut World) {
    world.set("HUB__PROVIDERS__BARE__KIND", "openai");
    world.set("HUB__PROVIDERS__BARE__MODELS", "unpriced, priced");
    world.set_up().await;
    world.json("rates set bare/priced --input 1 --output 1").await;
    let hub = world.start().await;
    let ask = hub.client().chat("plain");
    for (model, status, code) in [
        ("nobody/has-this", 404, "model_not_found"),
        ("bare/unheard-of", 404, "model_not_found"),
        ("bare/unpriced", 400, "model_not_priced"),
        // Priced and known, but the provider has no credential.
        ("bare/priced", 503, "provider_unavailable"),
    ] {
        for streams in [false, true] {
            let answer = ask.clone().with("model", model).with("stream", streams).send().await;
            error(&answer, status, Some(code), None);
        }
    }
    let vectors = json!({ "model": "fake/plain", "input": "x" });
    error(&hub.client().post("/v1/embeddings", vectors).send().await, 400, Some("model_not_priced"), None);
    assert_nothing_happened(world).await;
}

async fn a_body_may_not_be_too_large(world: &mut World) {
    world.set("HUB__SERVER__BODY_LIMIT", "100KiB");
    let hub = world.start().await;
    let large = hub.client().chat("plain").saying(&"x".repeat(200 << 10));
    error(&large.send().await, 413, Some("request_too_large"), None);
    assert_nothing_happened(world).await;
    hub.client().chat("plain").saying(&"x".repeat(50 << 10)).send().await.expect(200);
}

async fn bad_heads_are_refused(world: &mut World) {
    let hub = world.start().await;
    let typed = |content_type: &str| {
        hub.client().chat("plain").without_header("content-type").header("content-type", content_type)
    };
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
    {
        error(&typed(content_type).send().await, 415, None, None);
    }
    let untyped = hub.client().chat("plain").without_header("content-type");
    error(&untyped.send().await, 415, None, None);
    error(&hub.client().chat("plain").header("content-encoding", "gzip").send().await, 415, None, None);
    error(
        &hub.client().chat("plain").header("authorization", "Bearer another").send().await,
        400,
        None,
        None,
    );
    for key in [&"k".repeat(256), "tab\there"] {
        let answer = hub.client().chat("plain").idempotency_key(key).send().await;
        assert_eq!(answer.status(), 400, "{}", answer.body);
    }
    assert_nothing_happened(world).await;
}

async fn paths_and_methods_that_do_not_exist_are_refused(world: &mut World) {
    let hub = world.start().await;
    let client: Client = hub.client();
    let ask = |method: &str, path: &str| -> Ask { client.ask(method, path) };
    for path in [
        "/",
        "/v1",
        "/v1/chat",
        "/v2/chat/completions",
        "/api/v2/nothing",
        "/v1/chat/completions/",
        "//v1/models",
        "/v1/../v1/models",
        "/v1%2fmodels",
    ] {
        let answer = ask("GET", path).send().await;
        assert!([400, 404].contains(&answer.status()), "{path}: {}", answer.status());
        error(&answer, answer.status(), None, None);
    }
    for (method, path, allow) in [
        ("GET", CHAT, "POST"),
        ("DELETE", CHAT, "POST"),
        ("POST", "/v1/models", "GET"),
        ("PUT", "/healthz", "GET"),
    ] {
        let answer = ask(method, path).send().await;
        error(&answer, 405, None, None);
        assert!(answer.header("allow").is_some_and(|methods| methods.contains(allow)), "{method} {path}");
    }
    assert_nothing_happened(world).await;
}
