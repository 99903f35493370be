//! A process that is killed loses nothing that it answered. The test runs itself as that process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hub_domain::ids::CallId;
use hub_domain::ports::contract::Stage;
use hub_domain::ports::{CallHistory, CallLedger, CallStatus, Leases, Scope};
use hub_domain::usage::Usage;

use crate::database::Database;

const FILE: &str = "HUB_STORAGE_TEST_FILE";
const CYCLES: u32 = 8;

/// Opens and settles calls until it is killed, and says which.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_to_be_killed() {
    let Ok(file) = std::env::var(FILE) else { return };
    let database = Database::of_file(Path::new(&file)).await;
    let stage = Stage::set(&database, 1_000_000_000).await;
    let worker = |_| async {
        loop {
            let call = stage.call(10, Some(10));
            let held = database.store.open(call.clone()).await.unwrap();
            println!("held {}", call.id);
            let settlement = stage.settlement(&call, held, Usage::default());
            CallLedger::close(&database.store, Arc::new(settlement)).await.unwrap();
            println!("settled {}", call.id);
        }
    };
    let mut workers: FuturesUnordered<_> = (0..8).map(worker).collect();
    let _: Option<()> = workers.next().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_that_it_answered() {
    let database = Database::sqlite().await;
    let file = database.file().unwrap().to_owned();
    for cycle in 0..CYCLES {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::a_process_to_be_killed", "--nocapture"])
            .env(FILE, &file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = tokio::task::spawn_blocking(move || {
            output.lines().map_while(Result::ok).filter_map(|line| said(&line)).collect::<Vec<_>>()
        });
        tokio::time::sleep(Duration::from_millis(700 + 37 * u64::from(cycle))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        for (was_settled, id) in reader.await.unwrap() {
            let record = database.store.find(Scope::All, id).await.unwrap();
            let record = record.unwrap_or_else(|| panic!("{id} was answered and is gone"));
            assert!(!was_settled || record.status == CallStatus::Success, "{id} was settled");
        }
    }
    // Whoever starts next ends what was left open.
    let left = database.hand.ask("SELECT count(*) FROM model_calls WHERE state = 'held'").await;
    let epoch = database.store.begin("next", Duration::from_secs(60)).await.unwrap();
    database.hand.run("UPDATE instances SET lease_until_ms = 0 WHERE id <> 'next'").await;
    let reaped = database.store.close_stale(Duration::from_secs(1), 10_000).await.unwrap();

    assert_eq!(Some(reaped.to_string()), left[0]);
    assert_eq!(database.audit().await, []);
    database.store.end(&epoch).await.unwrap();
}

/// A line as the process writes it; the test harness writes others.
fn said(line: &str) -> Option<(bool, CallId)> {
    let (is_settled, rest) = match (line.split_once("settled "), line.split_once("held ")) {
        (Some((_, rest)), _) => (true, rest),
        (_, Some((_, rest))) => (false, rest),
        _ => return None,
    };
    Some((is_settled, rest.trim().parse().ok()?))
}
