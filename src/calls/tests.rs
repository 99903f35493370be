//! Whole calls over the in-memory store, in an actix system as the program has one: every ending, panics,
//! and storage that is away or slow.

mod admission;
mod endings;
mod idempotency;
mod leases;
mod ledger;
mod panics;
mod retries;
mod shutdown;
mod stage;
mod storage_away;
mod upstream;
