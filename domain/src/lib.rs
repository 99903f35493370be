//! AIGNE Hub's core: the vocabulary into which every dialect translates, the rules of money and of a
//! call's life, the ports through which it meets the world, and the use cases that speak ports only.
//! It is pure: no runtime, no socket, no database, no clock of its own.

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

pub mod bound;
pub mod call;
pub mod ending;
pub mod error;
pub mod ids;
#[cfg(feature = "contract")]
pub mod memory;
pub mod meter;
pub mod money;
pub mod ports;
pub mod quote;
pub mod rate_limits;
pub mod rates;
pub mod routing;
pub mod speech;
pub mod transcription;
pub mod upstream_health;
pub mod usage;
pub mod use_cases;
pub mod vocabulary;
