//! The engine: one store, with two ways to do work.
//!
//! A port's method hands an `async fn` to [`Store::read`] or [`Store::write`], together with all that it
//! needs as one owned value. The function is written once; [`on_backend!`](crate::connection::on_backend)
//! compiles each query for both databases:
//!
//! ```ignore
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

use diesel::QueryResult;
use diesel::result::Error;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hub_domain::ports::StorageError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::failure::{Failure, Trouble, is_connection_lost, storage_error, trouble};
use crate::ledger::groups::Writers;
use crate::migrate::{self, Mode};
use crate::pool::{Pool, Pooled, Source};
use crate::postgres::Server;
use crate::settings::{OpenError, StorageUrl, StoreSettings};
use crate::sqlite::{self, Command, Outcome, Writer};
use crate::step::Body;

/// The books, on one database. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) engine: Arc<Engine>,
}

pub(crate) struct Engine {
    /// Where database work runs, whoever asks for it.
    pub runtime: Handle,
    pub pool: Pool,
    pub database: Database,
}

pub(crate) enum Database {
    Sqlite { file: PathBuf, writer: Writer },
    Postgres { server: Arc<Server>, writers: Writers },
}

impl Store {
    /// Opens a store, and starts its threads; tables are as they are. Has to be called on a
    /// multi-threaded runtime of tokio, where database work runs from then on.
    pub async fn open(settings: StoreSettings) -> Result<Self, OpenError> {
        let runtime = Handle::current();
        let (source, database) = match &settings.url {
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
                (Source::Sqlite { file: file.clone(), busy_timeout }, Database::Sqlite { file, writer })
            }
            StorageUrl::Postgres(url) => {
                let server = Arc::new(Server::new(url)?);
                server.connect().await.map_err(OpenError::Unreachable)?;
                let writers = Writers::start(&server, settings.writers, settings.queue);
                (Source::Postgres(Arc::clone(&server)), Database::Postgres { server, writers })
            }
        };
        let pool = Pool::new(source, settings.pool_size);
        Ok(Self { engine: Arc::new(Engine { runtime, pool, database }) })
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
        self.engine.pool.clear();
    }

    /// Runs a query beside others.
    pub(crate) async fn read<I, T, F>(&self, input: I, body: F) -> Result<T, StorageError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Body<'c, I, QueryResult<T>> + 'static,
    {
        let engine = Arc::clone(&self.engine);
        self.run(async move {
            // A connection may turn out to be gone with a server that has started again meanwhile.
            for is_last in [false, true] {
                let mut pooled = engine.pool.take().await?;
                match body(&mut pooled.connection, &input).await {
                    Ok(value) => {
                        engine.pool.give_back(pooled);
                        return Ok(value);
                    }
                    Err(error) if is_connection_lost(&error) && !is_last => engine.pool.clear(),
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
        let engine = Arc::clone(&self.engine);
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
            let mut pooled = engine.pool.take().await?;
            let conn = &mut pooled.connection;
            conn.batch(begin).await.map_err(|error| storage_error(&error))?;
            let value = body(conn, &input).await.map_err(|error| storage_error(&error))?;
            conn.batch("COMMIT").await.map_err(|error| storage_error(&error))?;
            engine.pool.give_back(pooled);
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
        self.write_as(Wanted::Always, input, body).await
    }

    /// The same, for a step that need not begin when its caller is gone by then.
    pub(crate) async fn write_while_wanted<I, T, E, F>(&self, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: for<'c> Body<'c, I, Result<T, Failure<E>>> + 'static,
    {
        self.write_as(Wanted::WhileHeard, input, body).await
    }

    async fn write_as<I, T, E, F>(&self, wanted: Wanted, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: for<'c> Body<'c, I, Result<T, Failure<E>>> + 'static,
    {
        match &self.engine.database {
            Database::Sqlite { writer, .. } => {
                let (reply, answer) = oneshot::channel();
                writer.submit(Box::new(Write { wanted, input, body, reply, result: None }))?;
                answer.await.unwrap_or_else(|_| Err(StorageError::away("the store is closed").into()))
            }
            Database::Postgres { .. } => {
                let engine = Arc::clone(&self.engine);
                self.run(async move { write_to_postgres(&engine.pool, &input, &body).await }).await
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
        let error = match transaction(&mut pooled, input, body).await {
            Ok(value) => {
                pool.give_back(pooled);
                return Ok(value);
            }
            Err(End::Refused(error)) => {
                pool.give_back(pooled);
                return Err(error);
            }
            Err(End::Unknown(error)) => return Err(StorageError::away(error).into()),
            Err(End::Undone(error)) => error,
        };
        let is_worth_another_try = is_connection_lost(&error) || trouble(&error) == Trouble::Conflict;
        if tried == TRIES || !is_worth_another_try {
            return Err(storage_error(&error).into());
        }
        if is_connection_lost(&error) {
            pool.clear();
        }
        crate::postgres::back_off(tried).await;
    }
}

enum End<E> {
    /// Nothing was written, and the connection is as it was.
    Refused(E),
    /// Nothing was written.
    Undone(Error),
    /// The connection was lost at the commit.
    Unknown(Error),
}

async fn transaction<I, T, E, F>(pooled: &mut Pooled, input: &I, body: &F) -> Result<T, End<E>>
where
    F: for<'c> Body<'c, I, Result<T, Failure<E>>>,
{
    let conn = &mut pooled.connection;
    conn.batch("BEGIN").await.map_err(End::Undone)?;
    match body(conn, input).await {
        Ok(value) => match conn.batch("COMMIT").await {
            Ok(()) => Ok(value),
            Err(error) if is_connection_lost(&error) => Err(End::Unknown(error)),
            Err(error) => Err(End::Undone(error)),
        },
        Err(Failure::Refused(error)) => match conn.batch("ROLLBACK").await {
            Ok(()) => Err(End::Refused(error)),
            Err(error) => Err(End::Undone(error)),
        },
        // The connection is closed, which undoes it.
        Err(Failure::Database(error)) => Err(End::Undone(error)),
    }
}

/// When a step that waits for its turn has to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Always,
    WhileHeard,
}

/// A write on its way to SQLite's writer.
struct Write<I, T, E, F> {
    wanted: Wanted,
    input: I,
    body: F,
    reply: oneshot::Sender<Result<T, E>>,
    result: Option<Result<T, Failure<E>>>,
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
            let (outcome, result) = match (self.body)(conn, &self.input).await {
                Ok(value) => (Outcome::Done, Some(Ok(value))),
                Err(Failure::Refused(error)) => (Outcome::Refused, Some(Err(Failure::Refused(error)))),
                Err(Failure::Database(error)) => {
                    let again = storage_error(&error).into();
                    (Outcome::Failed(error), Some(Err(Failure::Refused(again))))
                }
            };
            self.result = result;
            outcome
        }
        .boxed()
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
