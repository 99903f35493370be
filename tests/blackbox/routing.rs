//! Virtual models and bare names: which provider model a call takes, what leads to the next one, and what it
//! costs.

use serde_json::{Value, json};

use crate::kit::{Ask, Client, Gate, Hub, Reply, Tokens, USUAL, World, delivered, eventually, price};

on_both_databases! {
    the_next_target_answers_when_the_first_one_fails_and_its_price_is_charged,
    a_stream_that_breaks_before_its_first_content_is_taken_up_by_the_next_target,
    a_target_that_is_too_slow_is_left_for_the_next,
    a_request_that_is_too_long_goes_to_the_next_target_where_that_is_asked_for,
    targets_are_asked_as_often_as_they_weigh,
    providers_that_have_the_same_model_take_turns,
    credentials_are_used_as_often_as_they_weigh,
    a_target_that_the_balance_does_not_cover_is_not_taken,
    virtual_models_come_and_go_while_the_hub_runs,
    the_configuration_names_virtual_models,
    an_idempotent_repeat_tells_of_the_target_that_answered,
    what_an_instance_leaves_alone_is_listed_with_its_provider,
}

/// The same upstream again, as a provider that is twice as dear.
async fn with_another(world: &mut World) {
    world.set("HUB__PROVIDERS__DEAR__KIND", "openai");
    world.set("HUB__PROVIDERS__DEAR__BASE_URL", &format!("http://{}/v1", world.upstream.address));
    world.set("HUB__PROVIDERS__DEAR__API_KEY_ENV", "DEAR_KEYS");
    world.set("DEAR_KEYS", "sk-dear-one");
    world.set_up().await;
    let prices = ["--input", "6000", "--output", "12000", "--input-cached", "600"];
    world.command(&[&["rates", "set", "dear/*"][..], &prices].concat()).await.expect(0);
}

async fn add(world: &World, words: &[&str]) {
    world.command(&[&["models", "add"][..], words].concat()).await.expect(0);
}

/// A chat call of a name as it stands.
fn ask(client: &Client, name: &str) -> Ask {
    let messages = json!([{ "role": "user", "content": "Say something nice." }]);
    client.post("/v1/chat/completions", json!({ "model": name, "messages": messages }))
}

/// Waits until the hub knows a name, or no more.
async fn until_known(hub: &Hub, name: &str, is_known: bool) {
    eventually("the hub sees the change", async || {
        let one = hub.client().get(&format!("/v1/models/{name}")).send().await;
        (one.status() == if is_known { 200 } else { 404 }).then_some(())
    })
    .await;
}

async fn the_next_target_answers_when_the_first_one_fails_and_its_price_is_charged(world: &mut World) {
    with_another(world).await;
    add(world, &["smart", "--target", "fake/first", "--target", "dear/second"]).await;
    world.upstream.script("first", [Reply::failure(500, "server_error")]);
    world.upstream.script("second", [Reply::chat("Hi!", Some(USUAL))]);
    let hub = world.start().await;

    let answer = ask(&hub.client(), "smart").send().await.expect(200);
    assert_eq!((world.upstream.seen("first").len(), world.upstream.seen("second").len()), (1, 1));
    assert_eq!(world.spent().await, 2 * price(USUAL));

    let record = hub.record(&answer.call_id()).await;
    assert_eq!(record.cost(), 2 * price(USUAL));
    let tries: Vec<_> =
        record.attempts.iter().map(|one| (one["provider"].clone(), one["model"].clone())).collect();
    assert_eq!(tries, [(json!("fake"), json!("first")), (json!("dear"), json!("second"))]);

    world.upstream.script("first", [Reply::chat("Hi!", Some(USUAL))]);
    ask(&hub.client(), "smart").send().await.expect(200);
    assert_eq!(world.spent().await, 3 * price(USUAL), "the first target's price, though more was held");
}

async fn a_stream_that_breaks_before_its_first_content_is_taken_up_by_the_next_target(world: &mut World) {
    with_another(world).await;
    add(world, &["smart", "--target", "fake/first", "--target", "dear/second"]).await;
    world.upstream.script("first", [Reply::stream().cut()]);
    world.upstream.script("second", [Reply::stream().say("Hello").say(" there.").end(USUAL)]);
    let hub = world.start().await;
    let answer = ask(&hub.client(), "smart").streamed().send().await.expect(200);
    assert_eq!(delivered(&answer.events()), "Hello there.");
    assert_eq!(world.spent().await, 2 * price(USUAL));

    // After content there is no other target: what was delivered is told as broken.
    world.upstream.script("first", [Reply::stream().say("Hel").cut()]);
    let broken = ask(&hub.client(), "smart").streamed().send().await.expect(200);
    assert!(broken.body.contains("\"error\""), "{}", broken.body);
    assert_eq!(world.upstream.seen("second").len(), 1);
}

async fn a_target_that_is_too_slow_is_left_for_the_next(world: &mut World) {
    with_another(world).await;
    let slow = "fake/first first_content=300ms";
    add(world, &["quick", "--target", slow, "--target", "dear/second"]).await;
    add(world, &["whole", "--target", "fake/third total=300ms", "--target", "dear/second"]).await;
    add(world, &["patient", "--fallback", "errors", "--target", slow, "--target", "dear/second"]).await;
    world.set("HUB__RETRY__MAX_ATTEMPTS", "1");
    let gate = Gate::new();
    world.upstream.script("first", [Reply::stream().gate(&gate).say("Late").end(USUAL)]);
    world.upstream.script("second", [Reply::stream().say("Quick").end(USUAL)]);
    world.upstream.script("third", [Reply::stream().gate(&gate).end(USUAL)]);
    let hub = world.start().await;
    for name in ["quick", "whole"] {
        let answer = ask(&hub.client(), name).streamed().send().await.expect(200);
        assert_eq!(delivered(&answer.events()), "Quick", "{name}");
    }
    assert_eq!(world.spent().await, 4 * price(USUAL));
    ask(&hub.client(), "patient").streamed().send().await.expect(504);
    assert_eq!(world.spent().await, 4 * price(USUAL));
    gate.open();
}

async fn a_request_that_is_too_long_goes_to_the_next_target_where_that_is_asked_for(world: &mut World) {
    with_another(world).await;
    let both = ["--target", "fake/small", "--target", "dear/large"];
    add(world, &[&["long", "--fallback", "context_length"][..], &both].concat()).await;
    add(world, &[&["short", "--fallback", "errors"][..], &both].concat()).await;
    world.upstream.script("small", [Reply::failure(400, "context_length_exceeded")]);
    world.upstream.script("large", [Reply::chat("Hi!", Some(USUAL))]);
    let hub = world.start().await;
    ask(&hub.client(), "long").send().await.expect(200);
    assert_eq!(world.spent().await, 2 * price(USUAL));
    let refused = ask(&hub.client(), "short").send().await.expect(400);
    assert_eq!(refused.code(), "context_length_exceeded");
    assert_eq!(world.upstream.seen("large").len(), 1);
}

async fn targets_are_asked_as_often_as_they_weigh(world: &mut World) {
    with_another(world).await;
    let weighted = ["mixed", "--strategy", "weighted"];
    let targets =
        ["--target", "fake/often weight=3", "--target", "dear/seldom", "--target", "dear/spare weight=0"];
    add(world, &[&weighted[..], &targets].concat()).await;
    let hub = world.start().await;
    for _ in 0..8 {
        ask(&hub.client(), "mixed").send().await.expect(200);
    }
    let count = |model| world.upstream.seen(model).len();
    assert_eq!((count("often"), count("seldom"), count("spare")), (6, 2, 0));
    assert_eq!(world.spent().await, (6 + 2 * 2) * price(USUAL));

    // Who only stands by is there when the others fail.
    world.upstream.script("often", [Reply::failure(503, "overloaded")]);
    world.upstream.script("seldom", [Reply::failure(503, "overloaded")]);
    ask(&hub.client(), "mixed").send().await.expect(200);
    assert_eq!(count("spare"), 1);
}

async fn providers_that_have_the_same_model_take_turns(world: &mut World) {
    with_another(world).await;
    for provider in ["fake", "dear"] {
        let model = format!("{provider}/twin");
        let priced = ["rates", "set", &model, "--input", "10", "--output", "10"];
        world.command(&priced).await.expect(0);
    }
    let hub = world.start().await;
    for _ in 0..4 {
        ask(&hub.client(), "twin").send().await.expect(200);
    }
    let keys: Vec<_> = world
        .upstream
        .seen("twin")
        .iter()
        .map(|seen| seen.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(keys.iter().filter(|key| key.contains("dear")).count(), 2, "{keys:?}");
    assert_ne!(keys[0], keys[1], "{keys:?}");

    world.upstream.script("twin", [Reply::failure(500, "server_error"), Reply::chat("Hi!", Some(USUAL))]);
    ask(&hub.client(), "twin").send().await.expect(200);
    let seen = world.upstream.seen("twin");
    assert_ne!(seen[4].header("authorization"), seen[5].header("authorization"), "the other one stands in");
}

async fn credentials_are_used_as_often_as_they_weigh(world: &mut World) {
    world.set("STORED_ONE", "sk-stored-one-0001");
    world.set("STORED_TWO", "sk-stored-two-0002");
    world.set_up().await;
    let base = format!("http://{}/v1", world.upstream.address);
    let stored = [
        "providers",
        "add",
        "stored",
        "--kind",
        "openai",
        "--base-url",
        &base,
        "--api-key-env",
        "STORED_ONE",
    ];
    world.command(&stored).await.expect(0);
    world.command(&["rates", "set", "stored/*", "--input", "10", "--output", "10"]).await.expect(0);
    let hub = world.start().await;
    let second =
        ["providers", "credentials", "add", "stored", "--api-key-env", "STORED_TWO", "--weight", "300"];
    world.command(&second).await.expect(0);
    // Seen within a second, whatever the hub is doing.
    eventually("the second key is used", async || {
        ask(&hub.client(), "stored/warm-up").send().await.expect(200);
        let seen = world.upstream.seen("warm-up");
        seen.iter().any(|seen| seen.header("authorization").unwrap().contains("two")).then_some(())
    })
    .await;
    for _ in 0..8 {
        ask(&hub.client(), "stored/m").send().await.expect(200);
    }
    let seen = world.upstream.seen("m");
    let first = seen.iter().filter(|seen| seen.header("authorization").unwrap().contains("one")).count();
    assert_eq!(first, 2, "a quarter");

    world.command(&["providers", "credentials", "remove", "stored", "0001"]).await.expect(0);
    let listed = world.json("providers credentials list stored").await;
    assert_eq!((&listed[0]["key"], &listed[0]["weight"]), (&json!("…0002"), &json!(300)));
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

async fn a_target_that_the_balance_does_not_cover_is_not_taken(world: &mut World) {
    with_another(world).await;
    add(world, &["smart", "--target", "fake/first", "--target", "dear/second"]).await;
    let hub = world.start().await;
    let quote =
        json!({ "model": "fake/first", "max_tokens": 100, "messages": [{ "role": "user", "content": "x" }] });
    let quoted = hub.client().post("/api/v2/quote", quote.clone()).send().await.expect(200).json();
    let needed = quoted["credits"].to_string();
    let poor = hub.client().with_key(&world.account("poor", &needed).await);
    let call = || {
        let Value::Object(mut body) = quote.clone() else { unreachable!() };
        body.insert("model".to_owned(), json!("smart"));
        poor.post("/v1/chat/completions", Value::Object(body))
    };
    world.upstream.script("first", [Reply::failure(500, "server_error")]);
    call().send().await.expect(502);
    assert_eq!(world.upstream.seen("second").len(), 0, "it costs more than there is");
    world.upstream.script("first", [Reply::chat("Hi!", Some(Tokens::of(1, 1)))]);
    // The circuit has not opened yet: three tries failed.
    call().send().await.expect(200);
}

async fn virtual_models_come_and_go_while_the_hub_runs(world: &mut World) {
    with_another(world).await;
    let hub = world.start().await;
    ask(&hub.client(), "team/smart").send().await.expect(404);
    add(world, &["team/smart", "--target", "fake/first"]).await;
    until_known(&hub, "team/smart", true).await;
    ask(&hub.client(), "team/smart").send().await.expect(200);
    assert_eq!(world.upstream.seen("first").len(), 1);
    let listed = hub.client().get("/v1/models").send().await.expect(200).json();
    let found = listed["data"].as_array().unwrap().iter().find(|model| model["id"] == "team/smart").cloned();
    assert_eq!(found.unwrap()["owned_by"], "aigne-hub");

    add(world, &["team/smart", "--target", "dear/second", "--replace"]).await;
    eventually("the hub sees the other target", async || {
        ask(&hub.client(), "aignehub/team/smart").send().await.expect(200);
        world.upstream.seen("second").first().map(|_| ())
    })
    .await;
    world.command(&["models", "remove", "team/smart"]).await.expect(0);
    until_known(&hub, "team/smart", false).await;
    ask(&hub.client(), "team/smart").send().await.expect(404);
}

async fn the_configuration_names_virtual_models(world: &mut World) {
    with_another(world).await;
    world.set("HUB__MODELS__SMART__TARGETS", "fake/first, dear/second");
    world.set("HUB__MODELS__SMART__FALLBACK", "errors");
    add(world, &["smart", "--target", "dear/other"]).await;
    let hub = world.start().await;
    world.upstream.script("first", [Reply::failure(404, "model_not_found")]);
    ask(&hub.client(), "smart").send().await.expect(200);
    assert_eq!((world.upstream.seen("second").len(), world.upstream.seen("other").len()), (1, 0));
    let listed = world.json("models list").await;
    let shown: Vec<_> =
        listed.as_array().unwrap().iter().map(|one| (&one["source"], &one["shadowed"])).collect();
    assert_eq!(shown, [(&json!("configuration"), &json!(false)), (&json!("database"), &json!(true))]);

    world.set("HUB__MODELS__SMART__TARGETS", "somewhere");
    let refused = world.command(&["config", "check"]).await.expect(78);
    assert!(refused.stderr.contains("models.smart.targets"), "{}", refused.stderr);
    assert!(refused.stderr.contains("`provider/model`"), "{}", refused.stderr);
    world.unset("HUB__MODELS__SMART__TARGETS");
    world.unset("HUB__MODELS__SMART__FALLBACK");
}

async fn an_idempotent_repeat_tells_of_the_target_that_answered(world: &mut World) {
    with_another(world).await;
    add(world, &["smart", "--target", "fake/first", "--target", "dear/second"]).await;
    world.upstream.script("first", [Reply::failure(500, "server_error")]);
    let hub = world.start().await;
    let once = || ask(&hub.client(), "smart").header("idempotency-key", "one-key");
    let first = once().send().await.expect(200);
    let again = once().send().await.expect(200);
    assert_eq!(again.body, first.body);
    assert_eq!(world.upstream.seen("second").len(), 1);
}

async fn what_an_instance_leaves_alone_is_listed_with_its_provider(world: &mut World) {
    world.set("HUB__RETRY__MAX_ATTEMPTS", "1");
    let limited = Reply::failure_with(429, "rate_limit_exceeded", &[("retry-after", "600")]);
    world.upstream.script("m", [limited]);
    let hub = world.start().await;
    hub.client().chat("m").send().await.expect(429);
    let trouble = eventually("the trouble is told", async || {
        let listed = world.json("providers list").await;
        let fake = listed.as_array().unwrap().iter().find(|one| one["name"] == "fake").cloned().unwrap();
        fake["troubles"].get(0).cloned()
    })
    .await;
    assert_eq!((&trouble["state"], &trouble["key"]), (&json!("cooling_down"), &json!("…")));
    assert_eq!(trouble["reason"], "rate_limit_exceeded");
    assert!(trouble["until"].is_string());
    hub.stop().await;
    let listed = world.json("providers list").await;
    assert!(listed[0].get("troubles").is_none(), "who has ended leaves nothing alone: {listed:#}");
}
