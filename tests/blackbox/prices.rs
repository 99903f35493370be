//! Prices from a file, beside a running server.

use serde_json::json;

use crate::kit::{Reply, Tokens, World, eventually, units};

on_both_databases! {
    a_file_of_prices_is_in_force_at_once,
    a_file_with_a_mistake_changes_nothing,
}

const LIST: &str = r#"{
  "sample_spec": { "litellm_provider": "an example" },
  "fake/gpt": {
    "litellm_provider": "fake", "mode": "chat", "max_output_tokens": 4096,
    "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 5.46875e-07
  },
  "elsewhere": { "litellm_provider": "bedrock", "mode": "chat", "input_cost_per_token": 1, "output_cost_per_token": 1 }
}"#;

fn file(world: &World, text: &str) -> String {
    let file = world.data_dir("one").join("prices.json");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

async fn a_file_of_prices_is_in_force_at_once(world: &mut World) {
    let usage = Tokens { cached: 4, ..Tokens::of(10, 5) };
    world.upstream.script("gpt", vec![Reply::chat("hello", Some(usage)); 40]);
    let hub = world.start().await;
    let file = file(world, LIST);
    let dry = world.json(&format!("rates import {file} --dry-run")).await;
    assert_eq!((dry["new"].as_array().unwrap().len(), &dry["dry_run"]), (1, &json!(true)));
    assert_eq!(world.json("rates list --provider fake").await.as_array().unwrap().len(), 1, "only fake/*");

    let done = world.json(&format!("rates import {file}")).await;
    assert_eq!((&done["new"], &done["left_out"]), (&dry["new"], &json!({ "bedrock": 1 })));
    assert_eq!(done["rounded"][0]["taken"], "0.5469");
    // 6 fresh and 4 cached tokens in, 5 out.
    let cost = units("0.000015") + units("0.0000021876") + units("0.00005");
    eventually("the new prices are in force", async || {
        let answer = hub.client().chat("fake/gpt").send().await.expect(200);
        (answer.cost() == Some(cost)).then_some(())
    })
    .await;
    let again = world.json(&format!("rates import {file}")).await;
    assert_eq!((&again["new"], &again["changed"], &again["unchanged"]), (&json!([]), &json!([]), &json!(1)));

    let text = LIST.replace("1e-05", "0.00002");
    std::fs::write(&file, text).unwrap();
    let changed = world.json(&format!("rates import {file}")).await;
    assert_eq!((&changed["changed"][0]["version"], &changed["new"]), (&json!(2), &json!([])));
    assert_eq!(changed["changed"][0]["before"]["prices"]["output"], "10");
    let listed = world.json("rates list --provider fake").await;
    std::fs::write(&file, listed.to_string()).unwrap();
    let listed = world.command(&["rates", "import", &file]).await.expect(0).stdout;
    assert!(listed.contains("0 new, 0 changed, 2 unchanged"), "{listed}");
}

async fn a_file_with_a_mistake_changes_nothing(world: &mut World) {
    world.set_up().await;
    let before = world.json("rates list").await;
    let broken = LIST.replace("1e-05", "\"much\"");
    let file = file(world, &broken);
    let refused = world.command(&["rates", "import", &file, "--json"]).await.expect(1).json();
    let told = &refused["refused"][0];
    assert_eq!((&told["name"], &told["line"]), (&json!("fake/gpt"), &json!(3)));
    assert!(told["reason"].as_str().unwrap().contains("`much` is no price"), "{told}");
    std::fs::write(&file, &broken[..broken.len() - 1]).unwrap();
    let refused = world.command(&["rates", "import", &file]).await.expect(1);
    assert_eq!(
        (refused.stderr.trim_end().lines().count(), refused.stdout.as_str()),
        (1, ""),
        "{}",
        refused.stderr
    );
    assert_eq!(world.json("rates list").await, before);
}
