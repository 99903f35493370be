//! The writer: one OS thread that runs the waiting writes of many calls and commits them as one group.
//!
//! It takes one command and whatever else waits, and never waits for more. Holds and endings of usual calls
//! go together; every other command has a savepoint of its own. A command that fails undoes only itself:
//! where one of those that went together did, the group is undone and each gets its savepoint. When the database fails, the
//! group is tried again, and then answered as [`StorageError::Away`]. Other processes write beside it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error};
use futures_util::FutureExt;
use hub_domain::ports::StorageError;
use tokio::sync::mpsc;

use super::group::{BEGIN, COMMIT, Command, Group, Outcome, run_together};
use super::sync::{OnDisk, SyncThread};
use super::turns::Turns;
use crate::connection::{Connection, Run, Sqlite};
use crate::failure::{Trouble, trouble};
use crate::ledger::together::Desk;
use crate::settings::{Durability, OpenError, StoreSettings};

/// Commands in one group at most.
const GROUP: usize = 128;
/// Pauses before a group is tried again.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(50), Duration::from_millis(250)];

enum Message {
    Command(Box<dyn Command>),
    Stop,
}

/// Counts for [`hub_domain::ports::HealthReport`].
#[derive(Default)]
pub struct Counts {
    pub groups: AtomicU64,
    pub commands: AtomicU64,
}

/// The way to the writer thread.
pub struct Writer {
    queue: mpsc::Sender<Message>,
    pub on_disk: Arc<OnDisk>,
    pub counts: Arc<Counts>,
    threads: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

impl Writer {
    pub fn start(file: &Path, settings: &StoreSettings) -> Result<Self, OpenError> {
        let role = super::Role::Writer(settings.busy_timeout);
        let conn = super::connect(file, role).map_err(|error| OpenError::Unreachable(error.to_string()))?;
        let turns = Arc::new(Turns::default());
        let (on_disk, sync_handle) = SyncThread::start(file, Arc::clone(&turns))?;
        let (queue, commands) = mpsc::channel(settings.queue.max(1));
        let counts = Arc::new(Counts::default());
        let mut thread = WriterThread {
            conn: Connection::Sqlite(Sqlite::with_runtime(conn, Run::Here)),
            desk: Desk::default(),
            commands,
            turns,
            on_disk: Arc::clone(&on_disk),
            counts: Arc::clone(&counts),
            durability: settings.durability,
            patience: settings.busy_timeout,
        };
        let writer_handle = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || thread.run())
            .map_err(|error| OpenError::Unreachable(error.to_string()))?;
        Ok(Self { queue, on_disk, counts, threads: vec![writer_handle, sync_handle].into() })
    }

    /// Queues a command; an error when too many wait.
    pub fn submit(&self, command: Box<dyn Command>) -> Result<(), StorageError> {
        self.queue.try_send(Message::Command(command)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StorageError::away("too many commands wait for its writer"),
            mpsc::error::TrySendError::Closed(_) => StorageError::away("the store is closed"),
        })
    }

    pub fn waiting(&self) -> u64 {
        let waiting = self.queue.max_capacity().saturating_sub(self.queue.capacity());
        u64::try_from(waiting).unwrap_or(u64::MAX)
    }

    /// Waits until all that is queued is written and on the disk.
    pub async fn close(&self) {
        // An error says that the thread has ended already.
        let _ended = self.queue.send(Message::Stop).await;
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(|poison| poison.into_inner()));
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a thread of the store ended in a panic");
                }
            }
        });
        let _joined = joined.await;
    }
}

struct WriterThread {
    conn: Connection,
    desk: Desk,
    commands: mpsc::Receiver<Message>,
    turns: Arc<Turns>,
    on_disk: Arc<OnDisk>,
    counts: Arc<Counts>,
    durability: Durability,
    patience: Duration,
}

impl WriterThread {
    fn run(&mut self) {
        let turns = Arc::clone(&self.turns);
        let mut group = Group::default();
        while let Some(message) = self.commands.blocking_recv() {
            if self.commands.is_empty() {
                // Whoever is about to hand in a command on this core does so first.
                std::thread::yield_now();
            }
            self.take(message, &mut group);
            while group.len() < GROUP {
                let Ok(message) = self.commands.try_recv() else { break };
                self.take(message, &mut group);
            }
            if group.len() > 0 {
                turns.write(|| self.commit(&mut group));
            }
        }
        self.on_disk.stop();
    }

    fn take(&mut self, message: Message, group: &mut Group) {
        match message {
            Message::Command(command) => group.push(command),
            // What is queued before is still written.
            Message::Stop => self.commands.close(),
        }
    }

    /// Writes a group and answers its commands.
    fn commit(&mut self, group: &mut Group) {
        if let Err(error) = self.write(group) {
            tracing::warn!(%error, commands = group.len(), "SQLite took no writes");
            for command in group.drain() {
                command.answer(Err(StorageError::away(&error)));
            }
            return;
        }
        self.counts.groups.fetch_add(1, Ordering::Relaxed);
        self.counts.commands.fetch_add(u64::try_from(group.len()).unwrap_or(0), Ordering::Relaxed);
        match self.durability {
            Durability::Full => self.on_disk.committed(group.drain().collect()),
            Durability::Normal => {
                self.on_disk.committed(Vec::new());
                for command in group.drain() {
                    command.answer(Ok(()));
                }
            }
        }
    }

    /// Tries until the group is committed, or for as long as somebody may wait.
    fn write(&mut self, group: &mut Group) -> Result<(), Error> {
        let begun = Instant::now();
        let mut pauses = PAUSES.iter();
        loop {
            let Err(error) = self.attempt(group) else { return Ok(()) };
            // Often nothing is left to roll back: SQLite did so itself.
            let _nothing_left = self.sql("ROLLBACK");
            match trouble(&error) {
                Trouble::Corrupt => super::give_up(&format!("the database is damaged: {error}")),
                Trouble::Broken if !group.together.is_empty() => {
                    group.separate();
                    continue;
                }
                _ => {}
            }
            match pauses.next() {
                Some(pause) if begun.elapsed() < self.patience => std::thread::sleep(*pause),
                _ => return Err(error),
            }
        }
    }

    /// An error is the database's, and the group has to be tried again as a whole.
    fn attempt(&mut self, group: &mut Group) -> Result<(), Error> {
        if group.alone.is_empty() {
            return self.together(group, false);
        }
        self.sql(BEGIN)?;
        // A group of one is its own savepoint.
        if let ([single], []) = (group.alone.as_mut_slice(), group.together.as_slice()) {
            return if run(single.as_mut(), &mut self.conn)? {
                self.sql(COMMIT)
            } else {
                self.sql("ROLLBACK")
            };
        }
        for command in &mut group.alone {
            self.sql("SAVEPOINT command")?;
            if !run(command.as_mut(), &mut self.conn)? {
                self.sql("ROLLBACK TO command")?;
            }
            self.sql("RELEASE command")?;
        }
        self.together(group, true)?;
        self.sql(COMMIT)
    }

    fn together(&mut self, group: &mut Group, in_transaction: bool) -> Result<(), Error> {
        let Connection::Sqlite(conn) = &mut self.conn else { return Err(waited()) };
        let mut commands = std::mem::take(&mut group.together);
        let mut desk = std::mem::take(&mut self.desk);
        let run = in_place(conn.spawn_blocking(move |conn| {
            let result = run_together(&mut commands, in_transaction, &mut desk, conn);
            Ok((commands, desk, result))
        }));
        let (commands, desk, result) = run.unwrap_or_else(|| Err(waited()))?;
        (group.together, self.desk) = (commands, desk);
        result
    }

    fn sql(&mut self, sql: &str) -> Result<(), Error> {
        in_place(self.conn.batch(sql)).unwrap_or_else(|| Err(waited()))
    }
}

/// Whether what the command wrote stays.
fn run(command: &mut dyn Command, conn: &mut Connection) -> Result<bool, Error> {
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| in_place(command.run(conn))));
    match outcome {
        Ok(Some(Outcome::Done)) => Ok(true),
        Ok(Some(Outcome::Failed(error))) if trouble(&error) != Trouble::Broken => Err(error),
        Ok(Some(Outcome::Refused | Outcome::Failed(_)) | None) => Ok(false),
        Err(_) => {
            tracing::error!("a command of the store panicked");
            Ok(false)
        }
    }
}

/// Statements run in place here, so a body never has anything to wait for.
fn in_place<T>(body: impl Future<Output = T>) -> Option<T> {
    body.now_or_never()
}

fn waited() -> Error {
    let message = "a step waited for something other than the database".to_owned();
    Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message))
}
