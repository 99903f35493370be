//! Access keys: who may call, until when, and how soon that ends.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::kit::{Answer, KEY, Reply, World, eventually, within};

on_both_databases! {
    only_a_valid_key_opens,
    a_key_expires,
    a_revoked_key_is_refused_within_a_second,
    a_running_stream_of_a_revoked_key_ends,
    a_key_is_shown_once_and_never_logged,
    a_key_has_a_last_use,
}

/// What every key that does not open is answered with, whatever is wrong with it.
fn assert_is_refusal(answer: &Answer) {
    assert_eq!(answer.status(), 401, "{}", answer.body);
    let error = &answer.json()["error"];
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("invalid_request_error"), &json!("invalid_api_key"))
    );
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert!(answer.header("www-authenticate").is_some());
}

async fn only_a_valid_key_opens(world: &mut World) {
    let hub = world.start().await;
    let client = hub.client();
    let refusals = [
        client.without_key().chat("plain"),
        client.with_key("sk-some-other-key-that-nobody-has").chat("plain"),
        client.with_key("short").chat("plain"),
        client.with_key("").chat("plain"),
        client.with_key(&format!("{KEY}x")).chat("plain"),
        client.without_key().chat("plain").header("authorization", &format!("Basic {KEY}")),
        client.without_key().get("/v1/models"),
        client.without_key().get("/api/user/info"),
        // Who is unknown is not told which model there is, nor that the body is no JSON.
        client.without_key().post_bytes("/v1/chat/completions", "{"),
    ];
    let mut bodies = Vec::new();
    for ask in refusals {
        let answer = ask.send().await;
        assert_is_refusal(&answer);
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "all are told the same: {bodies:?}");
    client.chat("plain").send().await.expect(200);
    assert_eq!(world.upstream.all_seen().len(), 1);
}

async fn a_key_expires(world: &mut World) {
    let hub = world.start().await;
    world.json("accounts create alice").await;
    world.json("accounts grant alice 10").await;
    let made = world.json("keys create --account alice --name short-lived --expires 3s").await;
    let alice = hub.client().with_key(made["key"].as_str().unwrap());
    alice.chat("plain").send().await.expect(200);
    eventually("the key expires", async || {
        let answer = alice.chat("plain").send().await;
        (answer.status() != 200).then(|| assert_is_refusal(&answer))
    })
    .await;
}

async fn a_revoked_key_is_refused_within_a_second(world: &mut World) {
    let hub = world.start().await;
    let alice = hub.client().with_key(&world.account("alice", "10").await);
    alice.chat("plain").send().await.expect(200);
    let keys = world.json("keys list --account alice").await;
    let id = keys[0]["id"].as_str().unwrap();
    world.json(&format!("keys revoke {id}")).await;
    let revoked = Instant::now();
    within(Duration::from_secs(1), "the key is refused", async || {
        let answer = alice.get("/api/user/info").send().await;
        (answer.status() != 200).then(|| assert_is_refusal(&answer))
    })
    .await;
    assert!(revoked.elapsed() < Duration::from_secs(1));
    hub.client().chat("plain").send().await.expect(200);
}

async fn a_running_stream_of_a_revoked_key_ends(world: &mut World) {
    world.upstream.script("endless", [Reply::stream().say("one two three").hang()]);
    let hub = world.start().await;
    let alice = hub.client().with_key(&world.account("alice", "10").await);
    let mut flow = alice.chat("endless").streamed().open().await;
    flow.next_with("three").await;
    let call = flow.head.call_id();
    let id = world.json("keys list --account alice").await[0]["id"].as_str().unwrap().to_owned();
    world.json(&format!("keys revoke {id}")).await;
    let ending = tokio::time::timeout(Duration::from_secs(5), flow.rest()).await;
    let (answer, _) = ending.expect("the stream ends within five seconds");
    assert!(!answer.body.contains("[DONE]"));
    let shown = eventually("the call has ended", async || {
        let shown = world.json(&format!("calls show {call}")).await;
        (shown["status"] == "failed").then_some(shown)
    })
    .await;
    assert_eq!(shown["reason"], "key_revoked");
    assert_ne!(shown["cost"], "0", "what was received is paid");
}

async fn a_key_is_shown_once_and_never_logged(world: &mut World) {
    world.set("RUST_LOG", "debug");
    let hub = world.start().await;
    let key = world.account("alice", "10").await;
    hub.client().with_key(&key).chat("plain").saying("a very private prompt").send().await.expect(200);
    hub.client().chat("plain").send().await.expect(200);
    hub.client().with_key("sk-some-other-key-that-nobody-has").chat("plain").send().await.expect(401);
    let listed = world.json("keys list --account alice").await;
    assert!(!listed.to_string().contains(&key), "{listed}");
    hub.stop().await;
    let log = hub.log();
    assert!(!log.is_empty());
    for secret in
        [&key, KEY, "sk-fake-one", "sk-some-other-key", "a very private prompt", crate::kit::MASTER_KEY]
    {
        assert!(!log.contains(secret), "`{secret}` stands in the log");
    }
}

async fn a_key_has_a_last_use(world: &mut World) {
    let hub = world.start().await;
    let key = world.account("alice", "10").await;
    assert_eq!(world.json("keys list --account alice").await[0]["last_used"], json!(null));
    hub.client().with_key(&key).chat("plain").send().await.expect(200);
    hub.stop().await;
    assert!(world.json("keys list --account alice").await[0]["last_used"].is_string());
}
