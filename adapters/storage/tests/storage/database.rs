//! A store on a database of its own, which is gone after the test. Time passes in it by moving its rows
//! into the past.

use std::env;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::ports::contract::World;
use hub_domain::ports::{
    Accounts, Answers, Auditor, CallHistory, CallLedger, Finding, Health, Jobs, KeyStore, Leases, ModelBook,
    Outbox, ProviderBook, RateBook, SealedRows, UpstreamReports,
};
use hub_storage::{StorageUrl, Store, StoreSettings};
use tempfile::TempDir;
use tokio_postgres::NoTls;
use uuid::Uuid;

use crate::by_hand::Hand;

pub struct Database {
    pub store: Store,
    pub hand: Hand,
    _gone_afterwards: Rest,
}

/// What has to be removed.
enum Rest {
    Directory(#[allow(dead_code)] TempDir), // removes itself
    Postgres { cluster: String, name: String },
}

impl Database {
    pub async fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("hub.db");
        let url = StorageUrl::Sqlite(file.clone());
        Self::open(url, Hand::Sqlite(file), Rest::Directory(directory)).await
    }

    pub async fn postgres() -> Self {
        let cluster = env::var("HUB_TEST_POSTGRES")
            .expect("HUB_TEST_POSTGRES names no PostgreSQL cluster: run the tests with tests/run");
        let name = format!("hub_storage_{}", Uuid::now_v7().simple());
        on_cluster(&cluster, &format!("CREATE DATABASE {name}")).await;
        let url = beside(&cluster, &name);
        let rest = Rest::Postgres { cluster, name };
        Self::open(StorageUrl::Postgres(url.clone()), Hand::Postgres(url), rest).await
    }

    async fn open(url: StorageUrl, hand: Hand, rest: Rest) -> Self {
        let store = Store::open(StoreSettings::new(url)).await.unwrap();
        store.migrate().await.unwrap();
        Self { store, hand, _gone_afterwards: rest }
    }

    /// The same database as another process has it.
    pub async fn open_again(&self) -> Store {
        let url = match &self.hand {
            Hand::Sqlite(file) => StorageUrl::Sqlite(file.clone()),
            Hand::Postgres(url) => StorageUrl::Postgres(url.clone()),
        };
        Store::open(StoreSettings::new(url)).await.unwrap()
    }

    /// The address of a database without tables, gone with this one.
    pub async fn empty(&self) -> StorageUrl {
        match (&self.hand, &self._gone_afterwards) {
            (Hand::Sqlite(file), _) => StorageUrl::Sqlite(file.with_file_name("empty.db")),
            (Hand::Postgres(_), Rest::Postgres { cluster, name }) => {
                let empty = format!("{name}_empty");
                on_cluster(cluster, &format!("CREATE DATABASE {empty}")).await;
                StorageUrl::Postgres(beside(cluster, &empty))
            }
            (Hand::Postgres(_), Rest::Directory(_)) => unreachable!("a server's database has no directory"),
        }
    }

    /// A store on a file that belongs to another test process.
    pub async fn of_file(file: &Path) -> Self {
        let url = StorageUrl::Sqlite(file.to_owned());
        let nothing = Rest::Directory(TempDir::new().unwrap());
        Self::open(url, Hand::Sqlite(file.to_owned()), nothing).await
    }

    /// Host and port of the server.
    pub fn postgres_address(&self) -> String {
        let Hand::Postgres(url) = &self.hand else { panic!("this is SQLite") };
        let (_, rest) = url.split_once("://").unwrap();
        let authority = rest.split('/').next().unwrap();
        authority.rsplit('@').next().unwrap().to_owned()
    }

    /// The address of this database by way of a port of this machine.
    pub fn postgres_url_at(&self, port: u16) -> String {
        let Hand::Postgres(url) = &self.hand else { panic!("this is SQLite") };
        url.replacen(&self.postgres_address(), &format!("127.0.0.1:{port}"), 1)
    }

    /// What the audit finds.
    pub async fn audit(&self) -> Vec<Finding> {
        self.store.audit().await.unwrap().findings
    }

    /// The file, where there is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.hand {
            Hand::Sqlite(file) => Some(file),
            Hand::Postgres(_) => None,
        }
    }
}

/// The address of another database of a cluster.
fn beside(cluster: &str, name: &str) -> String {
    let (address, parameters) = cluster.split_once('?').unwrap_or((cluster, ""));
    let (server, _) = address.rsplit_once('/').unwrap();
    if parameters.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{parameters}") }
}

async fn on_cluster(cluster: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(cluster, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

impl Drop for Rest {
    fn drop(&mut self) {
        let Self::Postgres { cluster, name } = self else { return };
        let (cluster, sql) = (
            cluster.clone(),
            ["", "_empty"].map(|end| format!("DROP DATABASE IF EXISTS {name}{end} WITH (FORCE)")),
        );
        // On a thread of its own: a test's runtime can't be waited for inside itself.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            for sql in sql {
                runtime.block_on(on_cluster(&cluster, &sql));
            }
        });
        // What is left of a failed clean-up goes with the cluster.
        let _failed = dropping.join();
    }
}

#[async_trait]
impl World for Database {
    fn accounts(&self) -> &dyn Accounts {
        &self.store
    }

    fn ledger(&self) -> &dyn CallLedger {
        &self.store
    }

    fn history(&self) -> &dyn CallHistory {
        &self.store
    }

    fn leases(&self) -> &dyn Leases {
        &self.store
    }

    fn jobs(&self) -> &dyn Jobs {
        &self.store
    }

    fn keys(&self) -> &dyn KeyStore {
        &self.store
    }

    fn rates(&self) -> &dyn RateBook {
        &self.store
    }

    fn providers(&self) -> &dyn ProviderBook {
        &self.store
    }

    fn models(&self) -> &dyn ModelBook {
        &self.store
    }

    fn upstream_reports(&self) -> &dyn UpstreamReports {
        &self.store
    }

    fn sealed(&self) -> &dyn SealedRows {
        &self.store
    }

    fn outbox(&self) -> &dyn Outbox {
        &self.store
    }

    fn answers(&self) -> &dyn Answers {
        &self.store
    }

    fn auditor(&self) -> &dyn Auditor {
        &self.store
    }

    fn health(&self) -> &dyn Health {
        &self.store
    }

    async fn pass(&self, time: Duration) {
        if time < Duration::from_secs(1) {
            return tokio::time::sleep(time).await;
        }
        let back = |column: &str| format!("{column} = {column} - {}", time.as_millis());
        let (accepted, deadline, closed) = (back("accepted_ms"), back("deadline_ms"), back("closed_ms"));
        let (created, lease, claimed, done) =
            (back("created_ms"), back("lease_until_ms"), back("claimed_until_ms"), back("done_ms"));
        let sql = format!(
            "UPDATE model_calls SET {accepted}, {deadline}, {closed};
             UPDATE idempotency_keys SET {created};
             UPDATE instances SET {lease};
             UPDATE jobs SET {claimed}, {done};"
        );
        self.hand.run(&sql).await;
    }

    fn travels(&self) -> bool {
        true
    }
}
