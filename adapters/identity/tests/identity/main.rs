//! The crate as the program uses it: through the domain's ports, over a store in memory.

mod hub;
mod secrets;
mod vectors;
mod verifier;
