//! The HTTP side over real sockets, with a runner that does what a test says and stores in memory.

#![allow(clippy::unwrap_used)] // these are tests

mod bad_input;
mod browsers;
mod client;
mod departures;
mod expectations;
mod hub;
mod idempotency;
mod limits;
mod probes;
mod quotes;
mod reading;
mod runner;
mod streams;
mod whole_answers;
