//! What only PostgreSQL has: a server that goes away, and a wire that breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use hub_domain::ports::contract::Stage;
use hub_domain::ports::{CallLedger, Closed, Health, HoldError, RateBook};
use hub_domain::usage::Usage;
use hub_storage::{StorageUrl, Store, StoreSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::database::Database;

async fn end_all_sessions(database: &Database) {
    let others = "pid <> pg_backend_pid() AND datname = current_database()";
    let ended = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}");
    database.hand.run(&ended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ended_its_sessions_is_connected_to_anew() {
    let database = Database::postgres().await;
    let stage = Stage::set(&database, 1_000_000).await;
    let call = stage.call(10, Some(10));
    let held = stage.open(&call).await;
    end_all_sessions(&database).await;

    database.store.ping().await.unwrap();
    stage.open(&stage.call(10, Some(10))).await;
    end_all_sessions(&database).await;
    let settlement = stage.settlement(&call, held, Usage::default());
    assert!(matches!(stage.close(settlement).await, Closed::Done { .. }));
    database.store.settings_version().await.unwrap();
    assert_eq!(database.audit().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = StorageUrl::Postgres(format!("postgres://hub@127.0.0.1:{port}/hub"));
    assert!(Store::open(StoreSettings::new(url)).await.is_err());
}

/// Between a store and its server; breaks the wire when it is told to.
struct Wire {
    url: String,
    /// Breaks the next connections after they asked for a commit, before the answer.
    breaks: Arc<AtomicU32>,
    is_down: Arc<AtomicBool>,
}

impl Wire {
    async fn to(database: &Database) -> Self {
        let server = database.postgres_address();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (breaks, is_down) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let wire = Self {
            url: database.postgres_url_at(port),
            breaks: Arc::clone(&breaks),
            is_down: Arc::clone(&is_down),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if is_down.load(Ordering::Relaxed) {
                    continue;
                }
                if let Ok(server) = TcpStream::connect(&server).await {
                    tokio::spawn(carry(client, server, Arc::clone(&breaks), Arc::clone(&is_down)));
                }
            }
        });
        wire
    }

    async fn store(&self) -> Store {
        let url = StorageUrl::Postgres(self.url.clone());
        Store::open(StoreSettings { writers: 1, ..StoreSettings::new(url) }).await.unwrap()
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, breaks: Arc<AtomicU32>, down: Arc<AtomicBool>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                if down.load(Ordering::Relaxed) || server.write_all(&asked[..length]).await.is_err() {
                    return;
                }
                let is_commit = asked[..length].windows(6).any(|text| text == b"COMMIT");
                let take = |left: u32| left.checked_sub(1);
                if is_commit && breaks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                    // The server gets the time to do it.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_commit_is_looked_up() {
    let database = Database::postgres().await;
    let stage = Stage::set(&database, 1_000_000).await;
    let wire = Wire::to(&database).await;
    let store = wire.store().await;
    let calls: Vec<_> = (0..10).map(|_| stage.call(10, Some(10))).collect();
    store.open(stage.call(10, Some(10))).await.unwrap();

    wire.breaks.store(1, Ordering::Relaxed);
    let outcomes = join_all(calls.iter().map(|call| store.open(call.clone()))).await;
    let held: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap()).collect();
    assert_eq!(stage.balance().await.held.units(), 11 * 20, "each was held once");

    wire.breaks.store(1, Ordering::Relaxed);
    let settlements = calls.iter().zip(held).map(|(call, held)| {
        CallLedger::close(&store, Arc::new(stage.settlement(call, held, Usage::default())))
    });
    for outcome in join_all(settlements).await {
        assert!(matches!(outcome, Ok(Closed::Done { .. })), "{outcome:?}");
    }
    assert_eq!(wire.breaks.load(Ordering::Relaxed), 0, "the wire was broken both times");
    assert_eq!(stage.balance().await.held.units(), 20);
    assert_eq!(database.audit().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_wire_is_away_until_it_is_mended() {
    let database = Database::postgres().await;
    let stage = Stage::set(&database, 1_000_000).await;
    let wire = Wire::to(&database).await;
    let store = wire.store().await;
    wire.is_down.store(true, Ordering::Relaxed);
    let call = stage.call(10, Some(10));
    let refused = store.open(call.clone()).await;

    assert!(matches!(&refused, Err(HoldError::Storage(error)) if error.is_away()), "{refused:?}");
    assert!(store.ping().await.is_err_and(|error| error.is_away()));
    wire.is_down.store(false, Ordering::Relaxed);
    store.open(call).await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(stage.balance().await.held.units(), 20);
}
