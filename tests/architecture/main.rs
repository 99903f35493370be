//! The arrows between crates.
