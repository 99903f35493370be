//! PostgreSQL: how its connections are made and set up.

mod tls;

use std::fmt;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::settings::OpenError;

/// What every session starts with. `transaction_timeout` is known from version 17 on.
const SETUP: &str = "
    SET synchronous_commit = on;
    SET statement_timeout = '5s';
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '10s';
    SELECT set_config('transaction_timeout', '15s', false) FROM pg_settings WHERE name = 'transaction_timeout';";

/// A server that connections are made to.
pub struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://…")
    }
}

impl Server {
    pub fn new(url: &str) -> Result<Self, OpenError> {
        let (url, tls) = tls::split(url)?;
        let mut config: Config = url.parse().map_err(|error| OpenError::Settings(describe(&error)))?;
        config
            .application_name("aigne-hub")
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(20));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        Ok(Self { config, tls })
    }

    /// A new session. The error is a text without secrets.
    pub async fn connect(&self) -> Result<AsyncPgConnection, String> {
        let conn = match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(|e| describe(&e))?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Some(tls) => {
                let (client, connection) =
                    self.config.connect(tls.clone()).await.map_err(|e| describe(&e))?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        };
        let mut conn = conn.map_err(|error| error.to_string())?;
        conn.batch_execute(SETUP).await.map_err(|error| error.to_string())?;
        Ok(conn)
    }
}

/// With its causes: the outermost says "error connecting to server" only.
fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A short pause, longer each time and never quite the same.
pub async fn back_off(tried: u32) {
    let jitter = uuid::Uuid::now_v7().as_bytes()[15];
    let millis = u64::from(tried) * 5 + u64::from(jitter) % 10;
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
