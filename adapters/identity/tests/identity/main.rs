//! The crate as the program uses it: through the domain's ports, over a store in memory; and what it
//! answers to the platform's own vectors.

#![allow(clippy::unwrap_used)] // these are tests

mod access_key_vectors;
mod did_vectors;
mod hub;
mod passkey_vectors;
mod secrets;
mod suite;
mod verifier;
