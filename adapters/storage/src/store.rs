//! The engine: one store, with two ways to do work.
//!
//! A port's method hands an `async fn` to [`Store::read`] or [`Store::write`], together with all that it
//! needs as one owned value. The function is written once; [`on_backend!`](crate::connection::on_backend)
//! compiles each query for both databases:
//!
//! ```text
//! #[async_trait]
//! impl RateBook for Store {
//!     async fn settings_version(&self) -> Result<i64, StorageError> {
//!         self.read((), settings_version).await
//!     }
//! }
//!
//! async fn settings_version(conn: &mut Connection, _: &()) -> QueryResult<i64> {
//!     let version = settings::table.find("version").select(settings::value);
//!     on_backend!(conn, c => version.first(c).await)
//! }
//!
//! // A write: `store.write(name.to_owned(), rename)`. `Refused` answers with an error of the port's
//! // own and undoes what the step wrote; a database's error passes through `?`.
//! async fn rename(conn: &mut Connection, name: &String) -> Result<(), Failure<AccountsError>> {
//!     let changed = diesel::update(accounts::table).set(accounts::name.eq(name));
//!     match on_backend!(conn, c => changed.execute(c).await)? {
//!         0 => Err(Failure::Refused(AccountsError::Unknown)),
//!         _ => Ok(()),
//!     }
//! }
//! ```
//!
//! A step runs to its end, also when its caller is gone. It may be run again when the database was busy,
//! so it must do nothing but talk to the connection. It must not go on after a statement's error (on
//! PostgreSQL the transaction is over then): use `ON CONFLICT DO NOTHING`, or turn the error into
//! `Refused` and return.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use diesel::result::Error;
use diesel::{QueryResult, SqliteConnection};
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hub_domain::ports::StorageError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::failure::{Failure, Trouble, is_connection_lost, storage_error, trouble};
use crate::ledger::groups::Writers;
use crate::ledger::together::Desk;
use crate::migrate::{self, Mode};
use crate::pool::{Pool, Source};
use crate::postgres::Server;
use crate::settings::{OpenError, StorageUrl, StoreSettings};
use crate::sqlite::{self, Command, Outcome, Writer};
use crate::step::Body;

/// The books, on one database. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) engine: Arc<Engine>,
    lane: Lane,
}

/// Which connections are used.
#[derive(Debug, Clone, Copy)]
enum Lane {
    Common,
    Vital,
}

pub(crate) struct Engine {
    /// Where database work runs, whoever asks for it.
    runtime: Handle,
    common: Pool,
    /// For leases and health, which must not wait behind a crowd.
    vital: Pool,
    pub database: Database,
}

impl Engine {
    fn pool(&self, lane: Lane) -> &Pool {
        match lane {
            Lane::Common => &self.common,
            Lane::Vital => &self.vital,
        }
    }
}

/// Connections kept for what is vital.
const VITAL: usize = 2;

pub(crate) enum Database {
    Sqlite { file: PathBuf, writer: Writer },
    Postgres { server: Arc<Server>, writers: Writers },
}

impl Store {
    /// Opens a store, and starts its threads; tables are as they are. Has to be called on a
    /// multi-threaded runtime of tokio, where database work runs from then on.
    pub async fn open(settings: StoreSettings) -> Result<Self, OpenError> {
        let runtime = Handle::current();
        let (database, source) = match &settings.url {
            StorageUrl::Sqlite(file) => {
                let (file, settings) = (file.clone(), settings.clone());
                let busy_timeout = settings.busy_timeout;
                let started = tokio::task::spawn_blocking(move || {
                    sqlite::prepare(&file)?;
                    let writer = Writer::start(&file, &settings)?;
                    Ok::<_, OpenError>((file, writer))
                });
                let (file, writer) =
                    started.await.map_err(|error| OpenError::Unreachable(error.to_string()))??;
                let source = Source::Sqlite { file: file.clone(), busy_timeout };
                (Database::Sqlite { file, writer }, source)
            }
            StorageUrl::Postgres(url) => {
                let server = Arc::new(Server::new(url)?);
                server.connect().await.map_err(OpenError::Unreachable)?;
                let writers = Writers::start(&server, settings.writers, settings.queue);
                let source = Source::Postgres(Arc::clone(&server));
                (Database::Postgres { server, writers }, source)
            }
        };
        let (common, vital) = (Pool::new(source.clone(), settings.pool_size), Pool::new(source, VITAL));
        Ok(Self { engine: Arc::new(Engine { runtime, common, vital, database }), lane: Lane::Common })
    }

    /// The same store over connections of its own, for what must not wait behind a crowd.
    pub(crate) fn vital(&self) -> Self {
        Self { engine: Arc::clone(&self.engine), lane: Lane::Vital }
    }

    /// Names of the steps that [`Self::migrate`] would run.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StorageError> {
        self.migrations(Mode::Look).await
    }

    /// Brings the tables up to date. Names of the steps that were run.
    pub async fn migrate(&self) -> Result<Vec<String>, StorageError> {
        self.migrations(Mode::Run).await
    }

    async fn migrations(&self, mode: Mode) -> Result<Vec<String>, StorageError> {
        let engine = Arc::clone(&self.engine);
        self.run(async move {
            let work = match &engine.database {
                Database::Sqlite { file, .. } => {
                    let file = file.clone();
                    tokio::task::spawn_blocking(move || migrate::sqlite(&file, mode))
                }
                Database::Postgres { server, .. } => {
                    let conn: AsyncPgConnection = server.connect().await.map_err(StorageError::away)?;
                    tokio::task::spawn_blocking(move || migrate::postgres(conn, mode))
                }
            };
            work.await.map_err(StorageError::broken)?
        })
        .await
    }

    /// Waits for what is queued, and for the disk.
    pub async fn close(self) {
        match &self.engine.database {
            Database::Sqlite { writer, .. } => writer.close().await,
            Database::Postgres { writers, .. } => writers.stop().await,
        }
        self.engine.common.clear();
        self.engine.vital.clear();
    }

    /// Runs a query beside others.
    pub(crate) async fn read<I, T, F>(&self, input: I, body: F) -> Result<T, StorageError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Body<'c, I, QueryResult<T>> + 'static,
    {
        let (engine, lane) = (Arc::clone(&self.engine), self.lane);
        self.run(async move {
            let pool = engine.pool(lane);
            // A connection may turn out to be gone with a server that has started again meanwhile.
            for is_last in [false, true] {
                let mut pooled = pool.take().await?;
                match body(&mut pooled.connection, &input).await {
                    Ok(value) => {
                        pool.give_back(pooled);
                        return Ok(value);
                    }
                    Err(error) if is_connection_lost(&error) && !is_last => pool.clear(),
                    Err(error) => return Err(storage_error(&error)),
                }
            }
            Err(StorageError::away("the connection was lost"))
        })
        .await
    }

    /// Runs queries that all see the same state, without a limit of time.
    pub(crate) async fn snapshot<I, T, F>(&self, input: I, body: F) -> Result<T, StorageError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Body<'c, I, QueryResult<T>> + 'static,
    {
        let (engine, lane) = (Arc::clone(&self.engine), self.lane);
        let begin = match engine.database {
            Database::Sqlite { .. } => "BEGIN",
            Database::Postgres { .. } => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
                 SET LOCAL statement_timeout = 0;
                 SET LOCAL idle_in_transaction_session_timeout = 0;
                 SELECT set_config('transaction_timeout', '0', true) FROM pg_settings
                  WHERE name = 'transaction_timeout';"
            }
        };
        self.run(async move {
            let pool = engine.pool(lane);
            let mut pooled = pool.take().await?;
            let conn = &mut pooled.connection;
            conn.batch(begin).await.map_err(|error| storage_error(&error))?;
            let value = body(conn, &input).await.map_err(|error| storage_error(&error))?;
            conn.batch("COMMIT").await.map_err(|error| storage_error(&error))?;
            pool.give_back(pooled);
            Ok(value)
        })
        .await
    }

    /// Runs a step that changes something, in a transaction of its own or in a group's savepoint.
    /// Answered once it is committed.
    pub(crate) async fn write<I, T, E, F>(&self, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: for<'c> Body<'c, I, Result<T, Failure<E>>> + 'static,
    {
        self.write_call(Wanted::Always, input, body, None).await
    }

    /// The same for a step of a call, which on SQLite may have a way to run among those of others.
    pub(crate) async fn write_call<I, T, E, F>(
        &self,
        wanted: Wanted,
        input: I,
        body: F,
        together: Option<Together<I, T, E>>,
    ) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: for<'c> Body<'c, I, Result<T, Failure<E>>> + 'static,
    {
        match &self.engine.database {
            Database::Sqlite { writer, .. } => {
                let (reply, answer) = oneshot::channel();
                writer.submit(Box::new(Write { wanted, input, body, together, reply, result: None }))?;
                answer.await.unwrap_or_else(|_| Err(StorageError::away("the store is closed").into()))
            }
            Database::Postgres { .. } => {
                let (engine, lane) = (Arc::clone(&self.engine), self.lane);
                self.run(async move { write_to_postgres(engine.pool(lane), &input, &body).await }).await
            }
        }
    }

    /// Runs to its end on the store's runtime, also when the caller drops the future.
    pub(crate) async fn run<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        match self.engine.runtime.spawn(work).await {
            Ok(result) => result,
            Err(error) => Err(StorageError::broken(error).into()),
        }
    }
}

/// A transaction on PostgreSQL is tried so often when others are in its way.
const TRIES: u32 = 5;

async fn write_to_postgres<I, T, E, F>(pool: &Pool, input: &I, body: &F) -> Result<T, E>
where
    E: From<StorageError>,
    F: for<'c> Body<'c, I, Result<T, Failure<E>>>,
{
    let mut tried = 0;
    loop {
        tried += 1;
        let mut pooled = pool.take().await?;
        let conn = &mut pooled.connection;
        let error = match transaction(conn, input, body).await {
            Ok(value) => {
                pool.give_back(pooled);
                return Ok(value);
            }
            Err(Lost::AtCommit(error)) => return Err(StorageError::away(error).into()),
            Err(Lost::Before(failure)) => {
                if conn.batch("ROLLBACK").await.is_ok() {
                    pool.give_back(pooled);
                }
                match failure {
                    Failure::Refused(error) => return Err(error),
                    Failure::Database(error) => error,
                }
            }
        };
        let is_lost = is_connection_lost(&error);
        if tried == TRIES || !(is_lost || trouble(&error) == Trouble::Conflict) {
            return Err(storage_error(&error).into());
        }
        if is_lost {
            pool.clear();
        }
        crate::postgres::back_off(tried).await;
    }
}

/// How a transaction was lost.
enum Lost<E> {
    /// Nothing was written.
    Before(Failure<E>),
    /// The connection was lost with the commit's answer: nobody knows.
    AtCommit(Error),
}

async fn transaction<I, T, E, F>(conn: &mut Connection, input: &I, body: &F) -> Result<T, Lost<E>>
where
    F: for<'c> Body<'c, I, Result<T, Failure<E>>>,
{
    let before = |error| Lost::Before(Failure::Database(error));
    conn.batch("BEGIN").await.map_err(before)?;
    let value = body(conn, input).await.map_err(Lost::Before)?;
    match conn.batch("COMMIT").await {
        Ok(()) => Ok(value),
        Err(error) if is_connection_lost(&error) => Err(Lost::AtCommit(error)),
        Err(error) => Err(before(error)),
    }
}

/// When a step that waits for its turn has to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Always,
    /// It need not begin when its caller is gone by then.
    WhileHeard,
}

/// A step as it runs in a group of SQLite's writer, in no savepoint.
type Together<I, T, E> = fn(&mut Desk, &mut SqliteConnection, &I) -> Result<T, Failure<E>>;

/// A write on its way to SQLite's writer.
struct Write<I, T, E, F> {
    wanted: Wanted,
    input: I,
    body: F,
    together: Option<Together<I, T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    result: Option<Result<T, Failure<E>>>,
}

impl<I, T, E: From<StorageError>, F> Write<I, T, E, F> {
    /// Keeps the result for the answer.
    fn note(&mut self, result: Result<T, Failure<E>>) -> Outcome {
        let (outcome, result) = match result {
            Ok(value) => (Outcome::Done, Ok(value)),
            Err(Failure::Refused(error)) => (Outcome::Refused, Err(Failure::Refused(error))),
            Err(Failure::Database(error)) => {
                let again = storage_error(&error).into();
                (Outcome::Failed(error), Err(Failure::Refused(again)))
            }
        };
        self.result = Some(result);
        outcome
    }
}

impl<I, T, E, F> Command for Write<I, T, E, F>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<StorageError> + Send + 'static,
    F: for<'c> Body<'c, I, Result<T, Failure<E>>> + 'static,
{
    fn is_pointless(&self) -> bool {
        self.wanted == Wanted::WhileHeard && self.reply.is_closed()
    }

    fn run<'a>(&'a mut self, conn: &'a mut Connection) -> BoxFuture<'a, Outcome> {
        self.result = None;
        async move {
            let result = (self.body)(conn, &self.input).await;
            self.note(result)
        }
        .boxed()
    }

    fn goes_together(&self) -> bool {
        self.together.is_some()
    }

    fn run_together(&mut self, desk: &mut Desk, conn: &mut SqliteConnection) -> Outcome {
        self.result = None;
        match self.together {
            Some(together) => {
                let result = together(desk, conn, &self.input);
                self.note(result)
            }
            None => Outcome::Failed(Error::RollbackTransaction),
        }
    }

    fn answer(self: Box<Self>, fate: Result<(), StorageError>) {
        let result = match (fate, self.result) {
            (Ok(()), Some(result)) => result.map_err(Failure::into_error),
            (Ok(()), None) => Err(StorageError::broken("the step ended in a panic").into()),
            (Err(error), _) => Err(error.into()),
        };
        // Nobody may be left to hear it.
        let _gone = self.reply.send(result);
    }
}
