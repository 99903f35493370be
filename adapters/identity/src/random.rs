//! Random bytes from the operating system.

use rand::rngs::OsRng;
use rand::{RngCore, TryRngCore};

/// Fills a buffer. Without a source of randomness nothing safe can follow: it panics.
pub(crate) fn fill(bytes: &mut [u8]) {
    OsRng.unwrap_err().fill_bytes(bytes);
}
