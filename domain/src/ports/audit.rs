//! The proof that the books are right.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::ports::StorageError;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check that found it: `A1` to `A15`.
    pub check: String,
    /// The row: an account's or a call's id.
    pub subject: String,
    pub message: String,
}

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCounts {
    pub accounts: u64,
    pub calls: u64,
    pub transfers: u64,
    pub outbox: u64,
    pub checks: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    pub findings: Vec<Finding>,
    /// Calls that are open now; not wrong while their owner lives.
    pub open_holds: u64,
    pub checked: AuditCounts,
}

/// Runs every check in one read transaction. It changes nothing.
#[async_trait]
pub trait Auditor: Send + Sync {
    async fn audit(&self) -> Result<AuditReport, StorageError>;
}
