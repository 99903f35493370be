//! Why storage did not do what it was asked.

use std::time::Duration;

/// A failure of the database, sorted by what the caller can do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// The database can't be reached, or a queue before it is full; nothing was written, or it is not
    /// known whether it was. Worth another try.
    #[error("the database is away: {detail}")]
    Away { detail: String, retry_after: Duration },
    /// A defect of ours or of the data; another try gives the same.
    #[error("the database refused: {detail}")]
    Broken { detail: String },
}

impl StorageError {
    pub fn away(detail: impl ToString) -> Self {
        Self::Away { detail: detail.to_string(), retry_after: Duration::from_secs(2) }
    }

    pub fn broken(detail: impl ToString) -> Self {
        Self::Broken { detail: detail.to_string() }
    }

    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}
