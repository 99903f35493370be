//! The routing snapshot in force.

use std::sync::Arc;

use crate::routing::Snapshot;

pub trait Snapshots: Send + Sync {
    /// Cheap: read for each call without a lock.
    fn current(&self) -> Arc<Snapshot>;
}
