//! PostgreSQL's writers: a few tasks, each with a connection, that open and end calls in groups.
//!
//! An account always meets the same writer, so that writers don't wait for each other's rows. A group is
//! whatever waits, and is written as one set ([`group`]). A group that fails is written again call by call,
//! so that a failing one takes no other down. A connection that was lost at the commit leaves a question:
//! the next try looks what is there before it writes.

mod group;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::result::{DatabaseErrorKind, Error};
use hub_domain::ids::AccountId;
use hub_domain::ports::{CloseError, Closed, Closing, HeldCall, HoldError, NewCall, StorageError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::connection::Connection;
use crate::failure::{Trouble, is_connection_lost, storage_error, trouble};
use crate::postgres::{Server, back_off};
use group::{Group, Lost};

/// Commands in one group at most.
const GROUP: usize = 32;
/// A group is tried so often when somebody is in its way.
const TRIES: u32 = 5;

/// A command with its caller's address.
#[allow(clippy::large_enum_variant)] // nearly every command is one or the other half of a call
enum Command {
    Open(NewCall, oneshot::Sender<Result<HeldCall, HoldError>>),
    Close(Arc<Closing>, oneshot::Sender<Result<Closed, CloseError>>),
    Stop,
}

#[derive(Default)]
struct Counts {
    groups: AtomicU64,
    commands: AtomicU64,
}

/// The way to the writers.
pub struct Writers {
    queues: Vec<mpsc::Sender<Command>>,
    tasks: std::sync::Mutex<Vec<JoinHandle<()>>>,
    counts: Arc<Counts>,
}

impl Writers {
    pub fn start(server: &Arc<Server>, writers: usize, queue: usize) -> Self {
        let writers = writers.max(1);
        let counts = Arc::new(Counts::default());
        let start = |_| {
            let (queue, commands) = mpsc::channel((queue / writers).max(1));
            let writer = Writer { server: Arc::clone(server), conn: None, counts: Arc::clone(&counts) };
            (queue, tokio::spawn(writer.run(commands)))
        };
        let (queues, tasks): (Vec<_>, Vec<_>) = (0..writers).map(start).unzip();
        Self { queues, tasks: tasks.into(), counts }
    }

    pub async fn open(&self, call: NewCall) -> Result<HeldCall, HoldError> {
        let account = call.account;
        self.ask(account, |reply| Command::Open(call, reply)).await
    }

    pub async fn close(&self, closing: Arc<Closing>) -> Result<Closed, CloseError> {
        let account = closing.account;
        self.ask(account, |reply| Command::Close(closing, reply)).await
    }

    async fn ask<T, E: From<StorageError>>(
        &self,
        account: AccountId,
        command: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Command,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        // The end of a UUIDv7 is random.
        let shard = usize::from(account.0.as_bytes()[15]) % self.queues.len();
        let sent = self.queues[shard].try_send(command(reply));
        sent.map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StorageError::away("too many commands wait for its writer"),
            mpsc::error::TrySendError::Closed(_) => StorageError::away("the store is closed"),
        })?;
        answer.await.unwrap_or_else(|_| Err(StorageError::away("the store is closed").into()))
    }

    pub fn waiting(&self) -> u64 {
        let waiting = self.queues.iter().map(|queue| queue.max_capacity().saturating_sub(queue.capacity()));
        u64::try_from(waiting.sum::<usize>()).unwrap_or(u64::MAX)
    }

    /// Groups, and commands in them.
    pub fn counts(&self) -> (u64, u64) {
        (self.counts.groups.load(Ordering::Relaxed), self.counts.commands.load(Ordering::Relaxed))
    }

    /// Waits until all that is queued is written.
    pub async fn stop(&self) {
        for queue in &self.queues {
            // An error says that the task has ended already.
            let _ended = queue.send(Command::Stop).await;
        }
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(|poison| poison.into_inner()));
        for task in tasks {
            let _joined = task.await;
        }
    }
}

struct Writer {
    server: Arc<Server>,
    conn: Option<Connection>,
    counts: Arc<Counts>,
}

impl Writer {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut put_off = None;
        loop {
            let first = match put_off.take() {
                Some(command) => Some(command),
                None => commands.recv().await,
            };
            let Some(first) = first else { return };
            let mut group = Group::default();
            put_off = add(&mut group, first, &mut commands);
            while put_off.is_none() && group.len() < GROUP {
                let Ok(command) = commands.try_recv() else { break };
                put_off = add(&mut group, command, &mut commands);
            }
            if group.len() > 0 {
                self.write(group).await;
            }
        }
    }

    /// Writes a group, or each of its calls by itself, and answers.
    async fn write(&mut self, mut group: Group) {
        let size = u64::try_from(group.len()).unwrap_or(0);
        match self.attempts(&mut group).await {
            Ok(()) => {
                self.counts.groups.fetch_add(1, Ordering::Relaxed);
                self.counts.commands.fetch_add(size, Ordering::Relaxed);
                group.answer();
            }
            Err(error) if trouble(&error) == Trouble::Broken && group.len() > 1 => {
                tracing::warn!(%error, "a group of calls is written one by one");
                for single in group.split() {
                    Box::pin(self.write(single)).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, commands = size, "PostgreSQL took no writes");
                group.refuse(&storage_error(&error));
            }
        }
    }

    async fn attempts(&mut self, group: &mut Group) -> Result<(), Error> {
        let mut tried = 0;
        loop {
            tried += 1;
            let error = match self.attempt(group).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let is_lost = is_connection_lost(&error);
            if is_lost {
                self.conn = None;
            }
            if tried == TRIES || !(is_lost || trouble(&error) == Trouble::Conflict) {
                return Err(error);
            }
            back_off(tried).await;
        }
    }

    async fn attempt(&mut self, group: &mut Group) -> Result<(), Error> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => {
                let connected = self.server.connect().await.map_err(unreachable)?;
                none.insert(Connection::Postgres(connected))
            }
        };
        let result = match group.write(conn).await {
            Ok(()) => return Ok(()),
            Err(Lost::Unwritten(error)) => error,
            Err(Lost::AtCommit(error)) => {
                group.doubt();
                error
            }
        };
        if !is_connection_lost(&result) && conn.batch("ROLLBACK").await.is_err() {
            self.conn = None;
        }
        Err(result)
    }
}

/// Adds a command to a group; gives it back where it has to wait for the next one.
fn add(group: &mut Group, command: Command, commands: &mut mpsc::Receiver<Command>) -> Option<Command> {
    match command {
        // Nobody waits for it, and it has not begun.
        Command::Open(_, reply) if reply.is_closed() => {}
        Command::Open(call, reply) => group.open(call, reply),
        Command::Close(closing, reply) if group.has_ending_of(closing.call) => {
            return Some(Command::Close(closing, reply));
        }
        Command::Close(closing, reply) => group.close(closing, reply),
        // What is queued before is still written.
        Command::Stop => commands.close(),
    }
    None
}

fn unreachable(why: String) -> Error {
    Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(why))
}
