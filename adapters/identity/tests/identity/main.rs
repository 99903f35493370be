//! The crate as the program uses it: through the domain's ports, over a store in memory.

#![allow(clippy::unwrap_used)] // these are tests

mod hub;
mod secrets;
mod vectors;
mod verifier;
