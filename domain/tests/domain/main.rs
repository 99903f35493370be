//! The domain as a whole: its rules as properties over random input, and the contracts of the ports as
//! the in-memory implementations keep them.

#![allow(clippy::unwrap_used)] // these are tests

mod admission;
mod any;
mod bounds;
mod call_machine;
mod contracts;
mod credits;
mod endings;
mod ledger;
mod quotes;
