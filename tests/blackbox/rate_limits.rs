//! Requests and tokens for each minute: exact under parallel load, told in each dialect's way, and changed
//! beside a running hub.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Answer, Client, Gate, Reply, USUAL, World, eventually, within};

on_both_databases! {
    of_many_requests_at_once_exactly_the_limit_is_served,
    the_keys_of_an_account_share_its_limit,
    tokens_are_reserved_by_the_bound_and_corrected_by_the_usage,
    each_dialect_tells_what_is_left_in_its_own_words,
    limits_change_beside_a_running_hub_within_a_second,
    the_configured_limits_are_for_those_without_their_own,
}

/// An account with credits and a key that is limited so.
async fn limited(world: &World, hub: &Client, name: &str, flags: &str) -> (Client, Value) {
    world.json(&format!("accounts create {name}")).await;
    world.json(&format!("accounts grant {name} 10000")).await;
    let made = world.json(format!("keys create --account {name} {flags}").trim_end()).await;
    (hub.with_key(made["key"].as_str().unwrap()), made)
}

async fn many(client: &Client, count: usize) -> Vec<Answer> {
    let asks = (0..count).map(|_| {
        let ask = client.chat("plain").with("max_tokens", 5);
        tokio::spawn(async move { ask.send().await })
    });
    let mut answers = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        answers.push(ask.await.unwrap());
    }
    answers
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status() == status).count()
}

async fn of_many_requests_at_once_exactly_the_limit_is_served(world: &mut World) {
    let hub = world.start().await;
    let (alice, made) = limited(world, &hub.client(), "alice", "--rpm 20").await;
    assert_eq!(made["limits"]["requests_per_minute"], 20);
    let answers = many(&alice, 60).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 429)), (20, 40));
    for refused in answers.iter().filter(|answer| answer.status() == 429) {
        let error = &refused.json()["error"];
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("rate_limit_error"), &json!("rate_limit_exceeded"))
        );
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert_eq!(refused.header("x-should-retry"), Some("true"));
    }
    assert_eq!(world.upstream.all_seen().len(), 20);
    hub.client().chat("plain").send().await.expect(200);
    assert_eq!(hub.metric("aigne_hub_open_calls").await, 0.0);
}

async fn the_keys_of_an_account_share_its_limit(world: &mut World) {
    let hub = world.start().await;
    let (first, _) = limited(world, &hub.client(), "alice", "--rpm 6").await;
    world.json("accounts limit alice --rpm 10").await;
    let second = world.json("keys create --account alice").await;
    let second = hub.client().with_key(second["key"].as_str().unwrap());
    assert_eq!(with_status(&many(&first, 9).await, 200), 6);
    assert_eq!(with_status(&many(&second, 9).await, 200), 4);
}

async fn tokens_are_reserved_by_the_bound_and_corrected_by_the_usage(world: &mut World) {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::chat("done", Some(USUAL)).after(&gate)]);
    let hub = world.start().await;
    let (alice, made) = limited(world, &hub.client(), "alice", "--tpm 1000").await;
    let running = {
        let ask = alice.chat("slow").with("max_tokens", 600);
        tokio::spawn(async move { ask.send().await })
    };
    world.upstream.reached_by("slow").await;
    let refused = alice.chat("plain").with("max_tokens", 600).send().await.expect(429);
    assert_eq!(refused.code(), "rate_limit_exceeded");
    assert!(refused.header("x-ratelimit-remaining-tokens").unwrap().parse::<u64>().unwrap() < 400);
    gate.open();
    // 13 tokens, whatever was reserved.
    let answer = running.await.unwrap().expect(200);
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("987"));
    let answer = alice.chat("plain").with("max_tokens", 600).send().await.expect(200);
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("974"));
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), Some("1000"));
    // What the balance refuses takes nothing.
    let id = made["id"].as_str().unwrap();
    world.json(&format!("keys limit {id} --tpm 100000000")).await;
    world.upstream.script("plain", [Reply::failure(400, "bad_thing")]);
    alice.chat("plain").with("max_tokens", 5).send().await.expect(400);
    let answer = alice.chat("fake/other").with("max_tokens", 5).send().await.expect(200);
    let left: u64 = answer.header("x-ratelimit-remaining-tokens").unwrap().parse().unwrap();
    assert!([961, 99_999_961].contains(&left), "{left}");
}

async fn each_dialect_tells_what_is_left_in_its_own_words(world: &mut World) {
    let hub = world.start().await;
    let (alice, _) = limited(world, &hub.client(), "alice", "--rpm 3 --tpm 1000000").await;
    let messages = json!([{ "role": "user", "content": "Hi." }]);
    let anthropic =
        alice.post("/v1/messages", json!({ "model": "fake/plain", "max_tokens": 9, "messages": messages }));
    let openai = alice.chat("plain").streamed().send().await.expect(200);
    assert_eq!(openai.header("x-ratelimit-limit-requests"), Some("3"));
    assert_eq!(openai.header("x-ratelimit-remaining-requests"), Some("2"));
    let reset = openai.header("x-ratelimit-reset-requests").unwrap();
    assert!(reset.ends_with('s'), "{reset}");
    let claude = anthropic.send().await.expect(200);
    assert_eq!(claude.header("anthropic-ratelimit-requests-limit"), Some("3"));
    assert_eq!(claude.header("anthropic-ratelimit-requests-remaining"), Some("1"));
    assert_eq!(claude.header("anthropic-ratelimit-tokens-limit"), Some("1000000"));
    let reset = claude.header("anthropic-ratelimit-requests-reset").unwrap();
    assert!(reset.ends_with('Z') && reset.contains('T'), "{reset}");
    assert_eq!(claude.header("x-ratelimit-limit-requests"), None);
    alice.chat("plain").send().await.expect(200);

    let refused = anthropic.send().await.expect(429);
    assert_eq!(
        (&refused.json()["type"], &refused.json()["error"]["type"]),
        (&json!("error"), &json!("rate_limit_error"))
    );
    assert_eq!(refused.header("anthropic-ratelimit-requests-remaining"), Some("0"));
    assert!(refused.header("retry-after").is_some());
    let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi." }] }] });
    let refused =
        alice.post("/v1beta/models/fake/plain:generateContent", contents).send().await.expect(429).json();
    assert_eq!(refused["error"]["status"], "RESOURCE_EXHAUSTED");
    let detail = &refused["error"]["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.RetryInfo");
    assert!(detail["retryDelay"].as_str().unwrap().ends_with('s'), "{detail}");
    // Who has no limits is told of none.
    let free = hub.client().chat("plain").send().await.expect(200);
    assert_eq!(free.header("x-ratelimit-limit-requests"), None);
}

async fn limits_change_beside_a_running_hub_within_a_second(world: &mut World) {
    let hub = world.start().await;
    let (alice, made) = limited(world, &hub.client(), "alice", "--rpm 1").await;
    alice.chat("plain").send().await.expect(200);
    alice.chat("plain").send().await.expect(429);
    let id = made["id"].as_str().unwrap();
    let changed = world.json(&format!("keys limit {id} --rpm none")).await;
    assert_eq!(changed["limits"]["requests_per_minute"], 0);
    within(Duration::from_secs(1), "the limit is gone", async || {
        (alice.chat("plain").send().await.status() == 200).then_some(())
    })
    .await;
    let changed = world.json("accounts limit alice --rpm 1").await;
    assert_eq!(changed["limits"]["requests_per_minute"], 1);
    eventually("the account is limited", async || {
        (alice.chat("plain").send().await.status() == 429).then_some(())
    })
    .await;
    let text = world.command(&["keys", "limit", id, "--rpm", "lots"]).await;
    assert_ne!(text.code, 0);
    assert!(text.stderr.contains("none"), "{}", text.stderr);
}

async fn the_configured_limits_are_for_those_without_their_own(world: &mut World) {
    world.set("HUB__LIMITS__REQUESTS_PER_KEY", "2");
    let hub = world.start().await;
    let (alice, _) = limited(world, &hub.client(), "alice", "").await;
    let (bob, _) = limited(world, &hub.client(), "bob", "--rpm none").await;
    assert_eq!(with_status(&many(&alice, 5).await, 200), 2);
    assert_eq!(with_status(&many(&bob, 5).await, 200), 5);
}
