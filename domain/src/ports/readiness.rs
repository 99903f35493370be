//! Whether new calls are welcome.

use std::time::Duration;

/// Why new calls are refused for now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotReady {
    /// For people: "draining", "the database is away", …
    pub reason: String,
    pub retry_after: Duration,
}

pub trait Readiness: Send + Sync {
    /// Without I/O: asked for each call and by `/readyz`.
    fn check(&self) -> Result<(), NotReady>;
}
