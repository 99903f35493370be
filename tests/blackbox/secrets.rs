//! Secrets at rest: sealed with a key that can be changed while the hub serves, and with no other.

use serde_json::{Value, json};

use crate::kit::{Hub, World};

on_both_databases!(
    a_key_that_the_hub_made_is_changed_while_it_serves,
    a_configured_key_is_changed_in_three_steps,
    a_hub_with_another_key_does_not_start,
    what_a_lost_key_has_sealed_is_given_up_when_told,
    a_key_comes_from_a_file_or_a_command,
);

const KEY: &str = "HUB__SECRETS__MASTER_KEY";
const OLD: &str = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";
const NEW: &str = "ff112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";

/// A provider whose key is sealed in the database.
async fn add_provider(world: &mut World) {
    world.set_up().await;
    world.set("STORED_KEY", "sk-stored-0123456789");
    let base_url = format!("http://{}/v1", world.upstream.address);
    let add = ["providers", "add", "stored", "--kind", "openai", "--base-url", &base_url];
    world.command(&[&add[..], &["--api-key-env", "STORED_KEY"]].concat()).await.expect(0);
    let price = ["rates", "set", "stored/*", "--input", "1", "--output", "1"];
    world.command(&price).await.expect(0);
}

/// A call with the sealed key whose answer is kept, or was.
async fn ask(hub: &Hub, key: &str) -> String {
    let ask = hub.client().chat("stored/plain").idempotency_key(key);
    ask.send().await.expect(200).body
}

async fn status(world: &World, code: i32) -> Value {
    world.command(&["secrets", "status", "--json"]).await.expect(code).json()
}

async fn rotate(world: &World, code: i32) -> Value {
    world.command(&["secrets", "rotate", "--json"]).await.expect(code).json()
}

/// The texts under each key: the current one, and all others.
fn sealed(status: &Value) -> (u64, u64) {
    let texts = |key: &Value| key["credentials"].as_u64().unwrap() + key["answers"].as_u64().unwrap();
    let keys = status["keys"].as_array().unwrap();
    let (current, others): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key["current"] == true);
    (current.into_iter().map(texts).sum(), others.into_iter().map(texts).sum())
}

async fn a_key_that_the_hub_made_is_changed_while_it_serves(world: &mut World) {
    world.unset(KEY);
    add_provider(world).await;
    let hub = world.start().await;
    let first = ask(&hub, "one").await;
    let before = status(world, 0).await;
    assert_eq!(sealed(&before), (2, 0), "{before:#}");

    let rotated = rotate(world, 0).await;
    assert_eq!(
        (&rotated["ok"], &rotated["made"], &rotated["resealed"]),
        (&json!(true), &json!(true), &json!(2))
    );
    assert_ne!(rotated["key"], before["key"]);
    assert_eq!(ask(&hub, "one").await, first, "what was kept is read again");
    ask(&hub, "two").await;
    let after = status(world, 0).await;
    assert_eq!((sealed(&after), &after["key"]), ((3, 0), &rotated["key"]), "{after:#}");

    // Again, with a new start between.
    hub.stop().await;
    let hub = world.start().await;
    assert_eq!(ask(&hub, "one").await, first);
    assert_eq!(rotate(world, 0).await["resealed"], 3);
    ask(&hub, "three").await;
    assert_eq!(ask(&hub, "one").await, first);
    assert_eq!(sealed(&status(world, 0).await), (4, 0));
    let file = std::fs::read_to_string(world.data_dir("one").join("master.key")).unwrap();
    assert_eq!(file.lines().count(), 2, "the key and the one before it");
}

async fn a_configured_key_is_changed_in_three_steps(world: &mut World) {
    world.set(KEY, OLD);
    add_provider(world).await;
    let hub = world.start().await;
    let first = ask(&hub, "one").await;
    assert_eq!(rotate(world, 0).await["resealed"], 0, "there is no other key");
    hub.stop().await;

    world.set(KEY, &format!("{NEW},{OLD}"));
    let hub = world.start().await;
    assert_eq!(ask(&hub, "one").await, first);
    ask(&hub, "two").await;
    let between = status(world, 0).await;
    assert_eq!(sealed(&between), (1, 2), "{between:#}");
    let rotated = rotate(world, 0).await;
    assert_eq!((&rotated["made"], &rotated["resealed"]), (&json!(false), &json!(2)));
    assert_eq!(rotate(world, 0).await["resealed"], 0, "it can be run again");
    hub.stop().await;

    world.set(KEY, NEW);
    let hub = world.start().await;
    assert_eq!(ask(&hub, "one").await, first);
    ask(&hub, "three").await;
    assert_eq!(sealed(&status(world, 0).await), (4, 0));
}

async fn a_hub_with_another_key_does_not_start(world: &mut World) {
    world.set(KEY, OLD);
    add_provider(world).await;
    // First it is known by what is sealed, then, though nothing is sealed any more, by its name.
    for is_empty in [false, true] {
        if is_empty {
            world.command(&["providers", "remove", "stored"]).await.expect(0);
        }
        world.set(KEY, NEW);
        let add = ["providers", "add", "more", "--kind", "openai", "--api-key-env", "STORED_KEY"];
        for command in [&["serve"][..], &add] {
            let refused = world.command(command).await.expect(78);
            assert_eq!(refused.stderr.trim_end().lines().count(), 1, "{}", refused.stderr);
            assert!(refused.stderr.contains("secrets.master_key"), "{}", refused.stderr);
            assert!(!refused.stderr.contains(NEW) && !refused.stderr.contains(OLD), "{}", refused.stderr);
        }
        // The books need no key, nor do commands that seal nothing.
        for command in [&["audit"][..], &["migrate"], &["accounts", "list"], &["providers", "list"]] {
            world.command(command).await.expect(0);
        }
        if !is_empty {
            let shown = status(world, 1).await;
            assert_eq!((&shown["ok"], sealed(&shown)), (&json!(false), (0, 1)), "{shown:#}");
        }
        world.set(KEY, OLD);
        world.start().await.stop().await;
    }
}

async fn what_a_lost_key_has_sealed_is_given_up_when_told(world: &mut World) {
    world.set(KEY, OLD);
    add_provider(world).await;
    let hub = world.start().await;
    ask(&hub, "one").await;
    hub.stop().await;

    world.set(KEY, NEW);
    let rotated = rotate(world, 1).await;
    assert_eq!((&rotated["unreadable"], &rotated["forgotten"]), (&json!(2), &json!(0)));
    world.command(&["serve"]).await.expect(78);
    let forget = ["secrets", "rotate", "--forget-unreadable", "--json"];
    assert_eq!(world.command(&forget).await.expect(0).json()["forgotten"], 2);
    let hub = world.start().await;
    // The call was paid for, and its answer is gone: it is not made again.
    let again = hub.client().chat("stored/plain").idempotency_key("one").send().await;
    assert_eq!(again.status(), 409, "{}", again.text());
    // A server of one's own is asked without a key from now on; whether that is enough it says itself.
    hub.client().chat("stored/keyless").send().await.expect(200);
    assert_eq!(world.upstream.reached_by("keyless").await.header("authorization"), None);
}

async fn a_key_comes_from_a_file_or_a_command(world: &mut World) {
    world.unset(KEY);
    let file = world.data_dir("one").join("keys");
    std::fs::write(&file, format!("{OLD}\n")).unwrap();
    world.set("HUB__SECRETS__MASTER_KEY_FILE", &file.display().to_string());
    add_provider(world).await;
    let hub = world.start().await;
    ask(&hub, "one").await;

    // A file is read again as soon as settings change.
    std::fs::write(&file, format!("{NEW}\n{OLD}\n")).unwrap();
    assert_eq!(rotate(world, 0).await["resealed"], 2);
    ask(&hub, "one").await;
    hub.stop().await;

    world.unset("HUB__SECRETS__MASTER_KEY_FILE");
    world.set("HUB__SECRETS__MASTER_KEY_COMMAND", &format!("printf '%s' {NEW}"));
    let hub = world.start().await;
    ask(&hub, "one").await;
    hub.stop().await;
    world.set("HUB__SECRETS__MASTER_KEY_COMMAND", "exit 7");
    let refused = world.command(&["serve"]).await.expect(78);
    assert!(refused.stderr.contains("secrets.master_key_command"), "{}", refused.stderr);
    world.set("HUB__SECRETS__MASTER_KEY_COMMAND", &format!("printf '%s' {NEW}"));
    world.set(KEY, NEW);
    let refused = world.command(&["config", "check"]).await.expect(78);
    assert!(refused.stderr.contains("secrets.master_key_command"), "{}", refused.stderr);
    world.unset(KEY);
}
