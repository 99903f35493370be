//! The crate as the program uses it: through the domain's ports, over a store in memory; and what it
//! answers to the platform's own vectors.

#![allow(clippy::unwrap_used)] // these are tests

mod call_attacks;
mod canonical_forms;
mod connect_sessions;
mod conversation;
mod hub;
mod passkeys;
mod secrets;
mod session_attacks;
mod sign_in;
mod sign_in_attacks;
mod token_attacks;
mod vectors;
mod verifier;
mod wallet;
