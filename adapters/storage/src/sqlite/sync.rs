//! Brings what was committed to the disk, back to back while there is something new, tells how far it
//! has come, and does the checkpoints, so that the writer never waits for the disk.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::sql_types::Integer;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};
use hub_domain::ports::StorageError;
use tokio::sync::watch;

use super::group::Command;
use super::turns::Turns;
use crate::settings::OpenError;

/// Where nobody waits for the disk, syncs start at most so often.
const PACE: Duration = Duration::from_millis(5);
/// How long a reader waits for what it read to be on the disk.
const PATIENCE: Duration = Duration::from_secs(5);
/// The log is looked at after so many syncs.
const LOOK_EVERY: u32 = 4;
/// Pages of log that are worth a checkpoint.
const CHECKPOINT_AT: i32 = 1_000;
/// Pages of log (64 MiB) at which the writer pauses, so that the log can start again.
const RESTART_AT: i32 = 16_384;
/// Where a long reader kept the log from starting again, it is tried again so many pages later.
const RESTART_AGAIN: i32 = 4_096;

#[derive(Default)]
struct State {
    /// Counts commits, and questions for the disk.
    latest: u64,
    /// Somebody waits.
    urgent: bool,
    /// The thread has nothing to do until there is something new.
    idle: bool,
    stop: bool,
    /// Commands to be answered once their commit is on the disk.
    unanswered: VecDeque<(u64, Vec<Box<dyn Command>>)>,
}

/// How far the disk has come.
pub struct OnDisk {
    state: Mutex<State>,
    /// For the thread that is idle.
    news: Condvar,
    /// For the thread that lets some time pass before the next sync.
    hurry: Condvar,
    done: watch::Sender<u64>,
    log_bytes: AtomicU64,
}

impl OnDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A group was committed; these commands wait for it to be on the disk.
    pub fn committed(&self, waiting: Vec<Box<dyn Command>>) {
        let mut state = self.state();
        state.latest += 1;
        if !waiting.is_empty() {
            let latest = state.latest;
            state.urgent = true;
            state.unanswered.push_back((latest, waiting));
        }
        self.wake(state);
    }

    /// Each wake-up of a thread costs more than the rest of a commit's notice.
    fn wake(&self, state: MutexGuard<'_, State>) {
        let (idle, urgent) = (state.idle, state.urgent || state.stop);
        drop(state);
        if idle {
            self.news.notify_one();
        }
        if urgent {
            self.hurry.notify_one();
        }
    }

    /// Waits until all that was committed before is on the disk, by whichever process it was written.
    pub async fn caught_up(&self) -> Result<(), StorageError> {
        let mut done = self.done.subscribe();
        let ticket = {
            let mut state = self.state();
            state.latest += 1;
            state.urgent = true;
            let ticket = state.latest;
            self.wake(state);
            ticket
        };
        match tokio::time::timeout(PATIENCE, done.wait_for(|done| *done >= ticket)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(StorageError::away("the disk does not keep up")),
        }
    }

    /// Commits that are not known to be on the disk.
    pub fn behind(&self) -> u64 {
        self.state().latest.saturating_sub(*self.done.borrow())
    }

    /// Bytes of log at the last look.
    pub fn log_bytes(&self) -> u64 {
        self.log_bytes.load(Ordering::Relaxed)
    }

    /// Ends the sync thread after one more sync.
    pub fn stop(&self) {
        let mut state = self.state();
        state.stop = true;
        self.wake(state);
    }
}

/// What `PRAGMA wal_checkpoint` tells.
#[derive(QueryableByName)]
struct Log {
    /// Pages in the log.
    #[diesel(sql_type = Integer)]
    log: i32,
    /// Those of them that are in the database too.
    #[diesel(sql_type = Integer)]
    checkpointed: i32,
}

pub struct SyncThread {
    on_disk: Arc<OnDisk>,
    turns: Arc<Turns>,
    log_file: PathBuf,
    log: Option<File>,
    conn: SqliteConnection,
    page_size: u64,
    syncs: u32,
    restart_at: i32,
}

impl SyncThread {
    pub fn start(file: &Path, turns: Arc<Turns>) -> Result<(Arc<OnDisk>, JoinHandle<()>), OpenError> {
        let unreachable = |error: &dyn std::fmt::Display| OpenError::Unreachable(error.to_string());
        let mut conn = super::connect(file, super::Role::Sync).map_err(|error| unreachable(&error))?;
        let page_size =
            diesel::select(diesel::dsl::sql::<Integer>("(SELECT page_size FROM pragma_page_size)"))
                .get_result::<i32>(&mut conn)
                .map_err(|error| unreachable(&error))?;
        let on_disk = Arc::new(OnDisk {
            state: Mutex::default(),
            news: Condvar::new(),
            hurry: Condvar::new(),
            done: watch::Sender::new(0),
            log_bytes: AtomicU64::new(0),
        });
        let mut log_file = file.as_os_str().to_owned();
        log_file.push("-wal");
        let mut thread = Self {
            on_disk: Arc::clone(&on_disk),
            turns,
            log_file: log_file.into(),
            log: None,
            conn,
            page_size: u64::try_from(page_size).unwrap_or(4096),
            syncs: 0,
            restart_at: RESTART_AT,
        };
        let handle = std::thread::Builder::new()
            .name("sqlite-sync".to_owned())
            .spawn(move || thread.run())
            .map_err(|error| unreachable(&error))?;
        Ok((on_disk, handle))
    }

    fn run(&mut self) {
        let mut last = Instant::now();
        let mut done = 0;
        loop {
            let (target, stop) = self.next(done, last);
            last = Instant::now();
            if target > done {
                self.sync();
                done = target;
                self.publish(done);
                self.syncs += 1;
            }
            if stop {
                self.checkpoint();
                return;
            }
            if self.syncs >= LOOK_EVERY {
                self.syncs = 0;
                self.look();
            }
        }
    }

    /// Waits for something new; what the next sync covers, and whether it is the last.
    fn next(&self, done: u64, last: Instant) -> (u64, bool) {
        let mut state = self.on_disk.state();
        while state.latest == done && !state.stop {
            state.idle = true;
            state = self.on_disk.news.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
        while !state.urgent && !state.stop && last.elapsed() < PACE {
            let rest = PACE.saturating_sub(last.elapsed());
            let waited = self.on_disk.hurry.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.urgent = false;
        (state.latest, state.stop)
    }

    fn sync(&mut self) {
        if self.log.is_none() {
            self.log = File::open(&self.log_file).ok();
        }
        // Without a log nothing was ever written.
        let Some(log) = &self.log else { return };
        if let Err(error) = log.sync_data() {
            // The kernel may have dropped the pages, and a second try would falsely succeed.
            super::give_up(&format!("the log could not be brought to the disk: {error}"));
        }
    }

    fn publish(&self, done: u64) {
        self.on_disk.done.send_replace(done);
        let mut answered = Vec::new();
        let mut state = self.on_disk.state();
        while state.unanswered.front().is_some_and(|(ticket, _)| *ticket <= done) {
            answered.extend(state.unanswered.pop_front().map(|(_, commands)| commands));
        }
        if !state.unanswered.is_empty() {
            state.urgent = true;
        }
        drop(state);
        for command in answered.into_iter().flatten() {
            command.answer(Ok(()));
        }
    }

    fn look(&mut self) {
        let Ok(seen) = self.pragma("PRAGMA wal_checkpoint(NOOP)") else { return };
        self.note(&seen);
        if seen.log >= self.restart_at {
            let turns = Arc::clone(&self.turns);
            let after = turns.pause(|| self.pragma("PRAGMA wal_checkpoint(PASSIVE)"));
            let is_whole = after.as_ref().is_ok_and(|log| log.checkpointed >= log.log);
            self.restart_at = if is_whole { RESTART_AT } else { seen.log.saturating_add(RESTART_AGAIN) };
            if !is_whole {
                tracing::warn!(pages = seen.log, "a long reader keeps SQLite's log from starting again");
            }
        } else if seen.log.saturating_sub(seen.checkpointed) >= CHECKPOINT_AT {
            self.checkpoint();
        }
    }

    fn checkpoint(&mut self) {
        match self.pragma("PRAGMA wal_checkpoint(PASSIVE)") {
            Ok(seen) => self.note(&seen),
            Err(error) => tracing::warn!(%error, "a checkpoint of SQLite's log failed"),
        }
    }

    fn note(&self, seen: &Log) {
        let pages = u64::try_from(seen.log).unwrap_or(0);
        self.on_disk.log_bytes.store(pages.saturating_mul(self.page_size), Ordering::Relaxed);
    }

    fn pragma(&mut self, pragma: &'static str) -> QueryResult<Log> {
        diesel::sql_query(pragma).get_result(&mut self.conn)
    }
}
