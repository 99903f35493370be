//! Processes that die: what they left open is closed before the next start takes calls.

use std::process::Stdio;

use crate::kit::{Gate, PROGRAM, Reply, Tokens, USUAL, World, price};

on_both_databases! {
    a_killed_process_leaves_nothing_open,
    a_killed_process_forgets_no_answer_that_it_gave,
    a_second_server_of_one_data_directory_is_refused,
    a_database_behind_the_program_stops_the_start_where_it_is_told_to,
}

async fn a_killed_process_leaves_nothing_open(world: &mut World) {
    world.upstream.script("mute", [Reply::default().hang()]);
    world.upstream.script("endless", [Reply::stream().say("one two three").hang()]);
    let hub = world.start().await;
    let mut flows = Vec::new();
    for _ in 0..5 {
        let mut flow = hub.client().chat("endless").streamed().open().await;
        flow.next_with("three").await;
        flows.push(flow);
    }
    let waiting = hub.client().chat("mute").dispatch().await.unwrap();
    world.upstream.reached_by("mute").await;
    hub.kill();
    let held = world.json("accounts show bootstrap").await;
    assert_ne!(held["held"], "0", "the holds of the dead are still there");
    drop((flows, waiting));

    // Ready means that what was left open is closed.
    let hub = world.start().await;
    assert_eq!(world.json("accounts show bootstrap").await["held"], "0");
    let records = hub.records().await;
    assert_eq!(records.len(), 6);
    for record in records {
        assert_eq!((record.status.as_str(), record.reason(), record.cost()), ("failed", Some("stale"), 0));
    }
    assert_eq!(world.spent().await, 0);
}

async fn a_killed_process_forgets_no_answer_that_it_gave(world: &mut World) {
    let hub = world.start().await;
    let mut calls = Vec::new();
    for number in 0..10 {
        let ask = hub.client().chat("plain");
        let ask = if number % 2 == 0 { ask } else { ask.streamed_with_usage() };
        calls.push(ask.send().await.expect(200).call_id());
    }
    hub.kill();
    let hub = world.start().await;
    for call in calls {
        let record = hub.record(&call).await;
        assert_eq!((record.status.as_str(), record.cost()), ("success", price(USUAL)));
    }
    assert_eq!(world.spent().await, 10 * price(USUAL));
}

async fn a_second_server_of_one_data_directory_is_refused(world: &mut World) {
    let hub = world.start().await;
    let mut second = std::process::Command::new(PROGRAM)
        .arg("serve")
        .env_clear()
        .envs(world.environment().iter().cloned())
        .env("HUB__DATA_DIR", world.data_dir("one"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = crate::kit::eventually("the second one gives up", async || second.try_wait().unwrap()).await;
    assert_eq!(status.code(), Some(75));
    hub.client().chat("plain").send().await.expect(200);
}

async fn a_database_behind_the_program_stops_the_start_where_it_is_told_to(world: &mut World) {
    world.set("HUB__STORAGE__MIGRATE", "false");
    let refused = world.command(&["serve"]).await;
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("aigne-hub migrate"), "{}", refused.stderr);
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::chat("done", Some(Tokens::of(1, 1))).after(&gate)]);
    // The world's set-up migrates by the command.
    let hub = world.start().await;
    gate.open();
    hub.client().chat("slow").send().await.expect(200);
}
