//! What only SQLite has: a writer thread, a sync thread, and other processes that lock the file.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_util::future::join_all;
use hub_domain::ports::contract::{Stage, World};
use hub_domain::ports::{BillingMode, Closed};
use hub_domain::ports::{CallLedger, Health, HoldError, Outbox};
use hub_domain::usage::Usage;
use hub_storage::{Durability, StorageUrl, Store, StoreSettings};

use crate::database::Database;

/// Somebody else's connection that writes.
struct Other(SqliteConnection);

impl Other {
    fn new(file: &Path) -> Self {
        let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 0").unwrap();
        Self(conn)
    }

    fn run(&mut self, sql: &str) {
        self.0.batch_execute(sql).unwrap();
    }
}

async fn open(database: &Database, settings: impl FnOnce(&mut StoreSettings)) -> Store {
    let url = StorageUrl::Sqlite(database.file().unwrap().to_owned());
    let mut all = StoreSettings::new(url);
    settings(&mut all);
    Store::open(all).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_waits_for_another_process() {
    let database = Database::sqlite().await;
    let stage = Stage::set(&database, 1_000).await;
    let mut other = Other::new(database.file().unwrap());
    other.run("BEGIN IMMEDIATE");
    let release = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(300));
        other.run("COMMIT");
    });
    let begun = Instant::now();
    stage.open(&stage.call(10, Some(10))).await;

    assert!(begun.elapsed() >= Duration::from_millis(250));
    release.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_stays_locked_is_away_and_loses_nothing() {
    let database = Database::sqlite().await;
    let stage = Stage::set(&database, 1_000).await;
    let store = open(&database, |settings| settings.busy_timeout = Duration::from_millis(200)).await;
    let mut other = Other::new(database.file().unwrap());
    other.run("BEGIN IMMEDIATE");
    let call = stage.call(10, Some(10));
    let refused = store.open(call.clone()).await;

    assert!(matches!(&refused, Err(HoldError::Storage(error)) if error.is_away()), "{refused:?}");
    store.ping().await.expect("reading goes on");
    other.run("ROLLBACK");
    store.open(call).await.unwrap();
    assert_eq!(stage.balance().await.held.units(), 20);
    assert_eq!(database.audit().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_told_at_once() {
    let database = Database::sqlite().await;
    let stage = Stage::set(&database, 1_000_000).await;
    let store = open(&database, |settings| settings.queue = 4).await;
    let mut other = Other::new(database.file().unwrap());
    other.run("BEGIN IMMEDIATE");
    let calls: Vec<_> = (0..20).map(|_| stage.call(10, Some(10))).collect();
    let opens = join_all(calls.iter().map(|call| store.open(call.clone())));
    let release = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.run("COMMIT");
    };
    let (outcomes, ()) = futures_util::future::join(opens, release).await;

    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    for error in refused.clone() {
        assert!(matches!(error, HoldError::Storage(error) if error.is_away()), "{error:?}");
    }
    assert!(refused.count() >= 10, "there was room for few");
    let opened = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(stage.balance().await.held.units(), 20 * i64::try_from(opened).unwrap());
}

/// A trigger says what a full disk makes SQLite say.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_away_until_there_is_room_again() {
    let database = Database::sqlite().await;
    let stage = Stage::set(&database, 1_000_000).await;
    let mut other = Other::new(database.file().unwrap());
    other.run(
        "CREATE TRIGGER no_room BEFORE INSERT ON model_calls
           BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
    );
    let calls: Vec<_> = (0..10).map(|_| stage.call(10, Some(10))).collect();
    for outcome in join_all(calls.iter().map(|call| database.store.open(call.clone()))).await {
        assert!(matches!(&outcome, Err(HoldError::Storage(error)) if error.is_away()), "{outcome:?}");
    }
    assert_eq!(stage.balance().await.held.units(), 0);

    other.run("DROP TRIGGER no_room");
    for outcome in join_all(calls.iter().map(|call| database.store.open(call.clone()))).await {
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    assert_eq!(database.audit().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_full_durability_what_is_answered_is_on_the_disk() {
    let database = Database::sqlite().await;
    let stage = Stage::set(&database, 1_000_000).await;
    let store = open(&database, |settings| settings.durability = Durability::Full).await;
    for _ in 0..20 {
        let call = stage.call(10, Some(10));
        let held = store.open(call.clone()).await.unwrap();
        assert_eq!(store.report().unsynced_groups, Some(0));
        let settlement = stage.settlement(&call, held, Usage::default());
        assert!(matches!(CallLedger::close(&store, Arc::new(settlement)).await, Ok(Closed::Done { .. })));
        assert_eq!(store.report().unsynced_groups, Some(0));
    }
    assert_eq!(database.audit().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_normal_durability_the_disk_follows_by_itself() {
    let database = Database::sqlite().await;
    let stage = Stage::set(&database, 1_000_000).await;
    for _ in 0..20 {
        stage.open(&stage.call(10, Some(10))).await;
    }
    for _ in 0..500 {
        if database.store.report().unsynced_groups == Some(0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", database.store.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_told_is_on_the_disk() {
    let database = Database::sqlite().await;
    let stage = Stage::set(&database, 1_000_000).await;
    let usage = stage_usage();
    for expected in 1..=20 {
        stage.run(&stage.call(10, Some(10)), usage).await;
        let events = database.store.waiting(BillingMode::Ledger, 100).await.unwrap();
        assert_eq!(events.len(), expected);
        assert_eq!(database.store.report().unsynced_groups, Some(0));
    }
}

fn stage_usage() -> Usage {
    use hub_domain::meter::Meter;
    use hub_domain::usage::Quantities;
    Usage { quantities: Quantities::default().with(Meter::Input, 3), ..Usage::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::sqlite().await;
    Stage::set(&database, 1).await;
    for end in ["", "-wal", "-shm"] {
        let file = format!("{}{end}", database.file().unwrap().display());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_reader_stops_nobody() {
    let database = Database::sqlite().await;
    let stage = Stage::set(&database, 1_000_000).await;
    let mut reader = Other::new(database.file().unwrap());
    reader.run("BEGIN; SELECT * FROM model_calls;");
    for _ in 0..50 {
        stage.run(&stage.call(10, Some(10)), stage_usage()).await;
    }
    reader.run("COMMIT");
    assert_eq!(database.audit().await, []);
    database.health().ping().await.unwrap();
}
