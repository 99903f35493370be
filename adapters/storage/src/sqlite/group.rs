//! Commands that are committed together.

use std::panic::AssertUnwindSafe;

use diesel::SqliteConnection;
use diesel::result::Error;
use futures_util::future::BoxFuture;
use hub_domain::ports::StorageError;

use crate::connection::Connection;
use crate::fixed::{Text, fixed};
use crate::ledger::together::Desk;

/// How a command's body went.
pub enum Outcome {
    Done,
    /// The answer is no; nothing that it wrote may stay.
    Refused,
    Failed(Error),
}

/// A write with its caller's address.
pub trait Command: Send {
    /// Whether nobody waits for the answer any more, and it need not begin.
    fn is_pointless(&self) -> bool;
    fn run<'a>(&'a mut self, conn: &'a mut Connection) -> BoxFuture<'a, Outcome>;
    /// Whether it has a way to run among others, without a savepoint.
    fn goes_together(&self) -> bool;
    /// Runs it so. It decides before it writes, so a refused one has written nothing; when it fails, the
    /// whole group has to be undone.
    fn run_together(&mut self, desk: &mut Desk, conn: &mut SqliteConnection) -> Outcome;
    /// Answers with the body's result, where it stands; else with the error.
    fn answer(self: Box<Self>, fate: Result<(), StorageError>);
}

#[derive(Default)]
pub struct Group {
    /// Each in its savepoint.
    pub alone: Vec<Box<dyn Command>>,
    pub together: Vec<Box<dyn Command>>,
}

impl Group {
    pub fn push(&mut self, command: Box<dyn Command>) {
        if command.is_pointless() {
            return;
        }
        let side = if command.goes_together() { &mut self.together } else { &mut self.alone };
        side.push(command);
    }

    pub fn len(&self) -> usize {
        self.alone.len() + self.together.len()
    }

    /// From now on each gets its savepoint.
    pub fn separate(&mut self) {
        self.alone.append(&mut self.together);
    }

    /// All of them; the group is empty and keeps its memory.
    pub fn drain(&mut self) -> impl Iterator<Item = Box<dyn Command>> {
        self.alone.drain(..).chain(self.together.drain(..))
    }
}

struct Begin;
struct Commit;

pub const BEGIN: &str = "BEGIN IMMEDIATE";
pub const COMMIT: &str = "COMMIT";

/// Runs commands together, in a transaction of their own where there is none yet.
pub fn run_together(
    commands: &mut [Box<dyn Command>],
    in_transaction: bool,
    desk: &mut Desk,
    conn: &mut SqliteConnection,
) -> Result<(), Error> {
    desk.forget();
    if !in_transaction {
        fixed::<Begin, _>(Text(BEGIN)).run(conn)?;
    }
    for command in commands {
        let run = AssertUnwindSafe(|| command.run_together(desk, conn));
        match std::panic::catch_unwind(run) {
            Ok(Outcome::Done | Outcome::Refused) => {}
            Ok(Outcome::Failed(error)) => return Err(error),
            // Run alone it panics again, and is told so.
            Err(_) => return Err(Error::RollbackTransaction),
        }
    }
    desk.clear(conn)?;
    if !in_transaction {
        fixed::<Commit, _>(Text(COMMIT)).run(conn)?;
    }
    Ok(())
}
