//! A database of a scenario's own: a file, or a database of the throw-away cluster.

use std::net::SocketAddr;

use tokio_postgres::NoTls;

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// `None` for SQLite, which lives in the data directory.
pub struct Database(Option<OwnDatabase>);

struct OwnDatabase {
    maintenance: String,
    name: String,
}

/// The maintenance database of the cluster that `tests/run` starts.
fn maintenance() -> String {
    std::env::var("HUB_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("HUB_TEST_POSTGRES is not set: run the tests by tests/run"))
}

impl Database {
    pub async fn create(kind: Kind) -> Self {
        if kind == Kind::Sqlite {
            return Self(None);
        }
        let own = OwnDatabase {
            maintenance: maintenance(),
            name: format!("hub_test_{}", uuid::Uuid::now_v7().simple()),
        };
        own.execute(&format!("CREATE DATABASE {}", own.name)).await;
        Self(Some(own))
    }

    /// What `HUB__STORAGE__URL` is set to.
    pub fn url(&self) -> Option<String> {
        let own = self.0.as_ref()?;
        let mut url = url::Url::parse(&own.maintenance).unwrap();
        url.set_path(&own.name);
        Some(url.into())
    }

    /// Where the cluster listens.
    pub fn address(&self) -> Option<SocketAddr> {
        let url = url::Url::parse(&self.0.as_ref()?.maintenance).unwrap();
        url.socket_addrs(|| Some(5432)).unwrap().first().copied()
    }
}

impl OwnDatabase {
    async fn execute(&self, statement: &str) {
        let (client, connection) =
            tokio_postgres::connect(&self.maintenance, NoTls).await.expect("the test cluster is there");
        let connection = tokio::spawn(connection);
        client.batch_execute(statement).await.unwrap();
        drop(client);
        let _ = connection.await;
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A runtime can't be entered twice on one thread.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(self.execute(&statement));
            });
        });
    }
}
