//! Commands, beside a running server and without one: exit codes, JSON, and what they change.

use serde_json::{Value, json};

use crate::kit::{Gate, Reply, USUAL, World, eventually, price, units};

on_both_databases! {
    accounts_are_made_and_credited,
    keys_are_made_listed_and_revoked,
    a_provider_added_beside_a_running_server_serves,
    prices_are_versions,
    a_calls_record_tells_all_of_it,
    the_doctor_has_a_line_for_each_part,
    migrate_may_be_run_again,
    what_can_not_be_done_is_one_line_and_exit_1,
    the_audit_counts_open_holds_and_finds_nothing,
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

async fn accounts_are_made_and_credited(world: &mut World) {
    world.start().await;
    let made = world.json("accounts create alice --did z1Xv5d6Zxg8mQ4oUe2Jc7YbS9kR3nTfWqLp").await;
    for field in ["id", "name", "balance"] {
        assert!(made[field].is_string(), "{field} in {made}");
    }
    assert_eq!((&made["name"], &made["balance"]), (&json!("alice"), &json!("0")));
    assert_eq!(world.json("accounts grant alice 12.5").await["balance"], "12.5");
    assert_eq!(world.json("accounts grant alice 0.0000000001").await["balance"], "12.5000000001");
    let id = made["id"].as_str().unwrap();
    assert_eq!(world.json(&format!("accounts show {id}")).await, world.json("accounts show alice").await);
    let all = world.json("accounts list").await;
    let listed: Vec<_> = all.as_array().unwrap().iter().map(|account| &account["name"]).collect();
    assert!(listed.contains(&&json!("alice")) && listed.contains(&&json!("bootstrap")), "{all}");
    let text = world.command(&["accounts", "show", "alice"]).await.expect(0).stdout;
    assert!(text.contains("alice") && text.contains("12.5"), "{text}");
}

async fn keys_are_made_listed_and_revoked(world: &mut World) {
    let hub = world.start().await;
    world.json("accounts create alice").await;
    world.json("accounts grant alice 1").await;
    let made = world.json("keys create --account alice --name laptop --expires 90d").await;
    for field in ["id", "key", "account"] {
        assert!(made[field].is_string(), "{field} in {made}");
    }
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("blocklet-"), "{key}");
    hub.client().with_key(key).chat("plain").send().await.expect(200);
    let listed = world.json("keys list --account alice").await;
    assert_eq!((&listed[0]["name"], &listed[0]["id"]), (&json!("laptop"), &made["id"]));
    world.json(&format!("keys revoke {}", made["id"].as_str().unwrap())).await;
    assert_eq!(world.json("keys list --account alice").await[0]["status"], "revoked");
}

async fn a_provider_added_beside_a_running_server_serves(world: &mut World) {
    let hub = world.start().await;
    world.set("OTHER_KEY", "sk-of-the-other");
    let base = format!("http://{}/v1", world.upstream.address);
    let add = format!("providers add other --kind openai --base-url {base} --api-key-env OTHER_KEY");
    world.json(&add).await;
    world.json("rates set other/gpt --input 1 --output 1").await;
    eventually("the new provider serves", async || {
        let answer = hub.client().chat("other/gpt").send().await;
        (answer.status() == 200).then_some(())
    })
    .await;
    assert_eq!(
        world.upstream.reached_by("gpt").await.header("authorization"),
        Some("Bearer sk-of-the-other")
    );
    let listed = world.json("providers list").await;
    let listed = listed.as_array().unwrap();
    let other = listed.iter().find(|provider| provider["name"] == "other").unwrap();
    assert_eq!((&other["kind"], &other["source"]), (&json!("openai"), &json!("database")));
    assert!(!other.to_string().contains("sk-of-the-other"));
    world.json("providers remove other").await;
    eventually("the provider is gone", async || {
        let answer = hub.client().chat("other/gpt").send().await;
        (answer.status() == 404).then_some(())
    })
    .await;
    let missing = ["providers", "add", "third", "--kind", "openai", "--api-key-env", "NOT_SET"];
    let missing = world.command(&missing).await;
    assert_eq!((missing.code, missing.stderr.contains("NOT_SET")), (1, true), "{}", missing.stderr);
    // The simulated one needs nothing.
    world.json("providers add sim --kind simulated").await;
    world.json("providers test sim").await;
    eventually("the simulated provider serves", async || {
        let answer = hub.client().chat("sim/instant").send().await;
        (answer.status() == 200).then_some(())
    })
    .await;
}

async fn prices_are_versions(world: &mut World) {
    world.set_up().await;
    let first =
        world.json("rates set fake/gpt --input 2.5 --output 10 --input-cached 1.25 --search 0.01").await;
    assert_eq!((&first["version"], &first["call_type"]), (&json!(1), &json!("chatCompletion")));
    let second = world.json("rates set fake/gpt --input 3 --output 10").await;
    assert_eq!(second["version"], 2);
    let listed = world.json("rates list --provider fake").await;
    let mine: Vec<_> = listed.as_array().unwrap().iter().filter(|rate| rate["model"] == "gpt").collect();
    assert_eq!(mine.len(), 1, "only what is in force: {listed}");
    assert_eq!(mine[0]["prices"]["input"], "3");
    for bad in [
        &["rates", "set", "fake/gpt"][..],
        &["rates", "set", "gpt", "--input", "1", "--output", "1"],
        &["rates", "set", "fake/gpt", "--input", "-1", "--output", "1"],
        &["rates", "set", "fake/gpt", "--input", "much", "--output", "1"],
        &["rates", "set", "fake/gpt", "--output", "1"],
    ] {
        assert_eq!(world.command(bad).await.code, 2, "{bad:?}");
    }
}

async fn a_calls_record_tells_all_of_it(world: &mut World) {
    world.upstream.script("stumbles", [Reply::failure(500, "server_error"), Reply::chat("up", Some(USUAL))]);
    let hub = world.start().await;
    let call = hub.client().chat("stumbles").send().await.expect(200).call_id();
    let shown = world.json(&format!("calls show {call}")).await;
    for field in ["id", "status", "usage", "cost", "attempts"] {
        assert!(!shown[field].is_null(), "{field} in {shown}");
    }
    assert_eq!((&shown["id"], &shown["status"]), (&json!(call), &json!("success")));
    assert_eq!(units(shown["cost"].as_str().unwrap()), price(USUAL));
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(world.json("calls list --account bootstrap --status success").await[0]["id"], json!(call));
    assert_eq!(world.json("calls list --status failed").await, json!([]));
    let text = world.command(&["calls", "show", &call]).await.expect(0).stdout;
    assert!(text.contains(&call) && text.contains("success"), "{text}");
}

async fn the_doctor_has_a_line_for_each_part(world: &mut World) {
    world.set_up().await;
    let report = world.command(&["doctor", "--json"]).await.json();
    let checks: Vec<_> = report["checks"].as_array().unwrap().iter().map(|check| &check["name"]).collect();
    for part in ["configuration", "database", "providers", "clock", "disk"] {
        assert!(checks.contains(&&json!(part)), "{part} in {report:#}");
    }
    let offline = world.command(&["doctor", "--offline"]).await.expect(0).stdout;
    for part in ["configuration", "database", "providers", "clock", "disk"] {
        assert_eq!(offline.lines().filter(|line| line.starts_with(part)).count(), 1, "{offline}");
    }
    world.set("HUB__STORAGE__URL", "postgres://nobody@127.0.0.1:1/none");
    let broken = world.command(&["doctor", "--json"]).await.expect(1).json();
    assert_eq!(broken["ok"], false);
    world.unset("HUB__STORAGE__URL");
    if let Some(url) = world.database.url() {
        world.set("HUB__STORAGE__URL", &url);
    }
}

async fn migrate_may_be_run_again(world: &mut World) {
    world.command(&["migrate", "--json"]).await.expect(0);
    world.command(&["migrate", "--json"]).await.expect(0);
    world.start().await;
    world.command(&["migrate"]).await.expect(0);
}

async fn what_can_not_be_done_is_one_line_and_exit_1(world: &mut World) {
    world.set_up().await;
    world.json("accounts create alice").await;
    for line in [
        "accounts create alice",
        "accounts show nobody",
        "accounts grant nobody 1",
        "keys create --account nobody",
        "keys revoke 0197f0c4-0000-7000-8000-000000000000",
        "calls show 0197f0c4-0000-7000-8000-000000000000",
        "calls show nonsense",
        "providers remove nobody",
        "providers test nobody",
    ] {
        let refused = world.command(&line.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(refused.code, 1, "{line}: {}", refused.stderr);
        assert_eq!(refused.stderr.trim_end().lines().count(), 1, "{line}: {}", refused.stderr);
        assert!(refused.stdout.is_empty(), "{line}: {}", refused.stdout);
    }
    for line in
        ["accounts grant alice much", "accounts grant alice -1", "accounts", "nonsense", "keys create"]
    {
        assert_eq!(world.command(&line.split(' ').collect::<Vec<_>>()).await.code, 2, "{line}");
    }
}

async fn the_audit_counts_open_holds_and_finds_nothing(world: &mut World) {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::chat("done", Some(USUAL)).after(&gate)]);
    let hub = world.start().await;
    let ask = hub.client().chat("slow");
    let call = tokio::spawn(async move { ask.send().await });
    world.upstream.reached_by("slow").await;
    let audit = world.json("audit").await;
    assert_eq!((&audit["ok"], &audit["open_holds"]), (&json!(true), &json!(1)));
    assert_eq!(names(&audit), ["checked", "findings", "ok", "open_holds"]);
    gate.open();
    call.await.unwrap().expect(200);
    let text = world.command(&["audit"]).await.expect(0).stdout;
    assert!(text.contains("right"), "{text}");
}
