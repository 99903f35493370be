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
    /// Whether a call is taken. Without I/O: asked for each.
    fn check(&self) -> Result<(), NotReady>;

    /// What `/readyz` says: a hub that is about to stop says no while it still takes calls, so that
    /// load balancers turn away in time.
    fn announced(&self) -> Result<(), NotReady> {
        self.check()
    }
}
