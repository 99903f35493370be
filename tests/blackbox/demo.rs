//! The quick start: `serve --demo` needs nothing, and what it prints works as printed.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::kit::{Client, Finished, Hub, Kind, World, alone, delivered, eventually, run};

/// A demo with nothing in its environment but a free port.
async fn demo(world: &World, test: impl AsyncFnOnce(Hub, Vec<(String, String)>)) {
    let listen = ("HUB__SERVER__LISTEN".to_owned(), "127.0.0.1:0".to_owned());
    let environment = vec![listen, ("HUB__SHUTDOWN__PROPAGATION".to_owned(), "0s".to_owned())];
    let dir = world.data_dir("demo");
    let hub = Hub::launch(&dir, &environment, &["--demo"]).await;
    eventually("the hub is ready", async || {
        let ready = hub.client().without_key().get("/readyz").send().await;
        (ready.status() == 200).then_some(())
    })
    .await;
    test(hub.clone(), environment.clone()).await;
    hub.stop().await;
    let audit = run(&dir, &environment, &["audit", "--json"]).await.expect(0).json();
    assert_eq!((&audit["ok"], &audit["open_holds"]), (&json!(true), &json!(0)));
}

fn in_demo(test: impl AsyncFnOnce(Hub, Vec<(String, String)>)) {
    alone(Duration::from_secs(120), async { demo(&World::new(Kind::Sqlite).await, test).await });
}

/// The command that begins with `curl` in what was printed, with its continued lines.
fn printed_curl(log: &str) -> String {
    let mut lines = log.lines().map(str::trim_end).skip_while(|line| !line.trim_start().starts_with("curl "));
    let mut command = String::new();
    for line in &mut lines {
        command.push_str(line.trim_start());
        command.push('\n');
        if !line.ends_with('\\') {
            break;
        }
    }
    assert!(!command.is_empty(), "no curl line was printed:\n{log}");
    command
}

/// The key that the printed line carries.
fn printed_key(log: &str) -> String {
    let (_, rest) = log.split_once("Bearer ").expect("the printed line has a key");
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

#[test]
fn the_printed_line_works_as_printed() {
    in_demo(async |hub: Hub, _| {
        let command = printed_curl(&hub.log());
        let curl = tokio::task::spawn_blocking(move || {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", &command])
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default());
            Finished::of(shell.stdin(Stdio::null()).output().unwrap())
        });
        let curl = curl.await.unwrap().expect(0);
        assert!(curl.stdout.contains("aigneHubCredits"), "it shows what it cost: {}", curl.stdout);
        assert!(curl.stdout.trim_end().ends_with("data: [DONE]"), "{}", curl.stdout);
    });
}

#[test]
fn each_simulated_model_does_what_its_name_says() {
    in_demo(async |hub: Hub, _| {
        let client = Client::new(hub.address, &printed_key(&hub.log()));
        let models = client.get("/v1/models").send().await.expect(200).json();
        let ids: Vec<_> =
            models["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
        let full = |name: &str| {
            let found = ids.iter().find(|id| id.as_str().unwrap().split_once('/').unwrap().1 == name);
            found.unwrap_or_else(|| panic!("no {name} in {ids:?}")).as_str().unwrap().to_owned()
        };
        let instant = client.chat(&full("instant")).send().await.expect(200);
        assert!(instant.cost().is_some_and(|cost| cost > 0));
        let streamed = client.chat(&full("instant")).streamed().send().await.expect(200);
        assert_eq!(delivered(&streamed.events()), instant.text());
        let slow = client.chat(&full("slow")).streamed().with("max_tokens", 10).send().await.expect(200);
        assert!(slow.body.contains("[DONE]"));
        let tool = json!([{ "type": "function", "function": { "name": "weather", "parameters": { "type": "object" } } }]);
        let tools = client.chat(&full("tools")).with("tools", tool).send().await.expect(200);
        assert_eq!(tools.json()["choices"][0]["finish_reason"], "tool_calls");
        let reasoning = client.chat(&full("reasoning")).send().await.expect(200);
        assert!(
            reasoning.json()["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64() > Some(0)
        );
        client.chat(&full("error-400")).send().await.expect(400);
        client.chat(&full("error-500")).send().await.expect(502);
        client.chat(&full("error-429-then-ok")).send().await.expect(200);
        let cut = client.chat(&full("cut")).streamed().send().await.expect(200);
        assert!(!cut.body.contains("[DONE]") && cut.body.contains("\"error\""), "{}", cut.body);
        let vectors = json!({ "model": full("embedding"), "input": "hello" });
        assert!(client.post("/v1/embeddings", vectors).send().await.expect(200).cost() > Some(0));
    });
}

#[test]
fn a_demo_starts_again_with_its_books() {
    alone(Duration::from_secs(120), async {
        let world = World::new(Kind::Sqlite).await;
        let mut calls = 0;
        for round in 1..=2 {
            demo(&world, async |hub: Hub, _| {
                let log = hub.log();
                let (_, latest) = log.rsplit_once("curl ").unwrap();
                let client = Client::new(hub.address, &printed_key(latest));
                let models = client.get("/v1/models").send().await.expect(200).json();
                let model = models["data"][0]["id"].as_str().unwrap().split_once('/').unwrap().0.to_owned();
                client.chat(&format!("{model}/instant")).send().await.expect(200);
                let page = client.get("/api/user/model-calls").send().await.expect(200).json();
                calls = page["count"].as_u64().unwrap();
            })
            .await;
            assert_eq!(calls, round);
        }
    });
}
