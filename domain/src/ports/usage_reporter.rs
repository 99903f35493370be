//! Where usage events go.

use async_trait::async_trait;

use crate::ports::{StorageError, UsageEvent};

#[derive(Debug, Clone, thiserror::Error)]
pub enum ReportError {
    /// Not known whether it arrived; the same events are sent again later.
    #[error("the reporter can't be reached: {0}")]
    Away(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Takes usage events, at least once each; an event that it took before changes nothing.
#[async_trait]
pub trait UsageReporter: Send + Sync {
    async fn report(&self, events: &[UsageEvent]) -> Result<(), ReportError>;
}
