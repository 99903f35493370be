//! The outbox: one event for each charged call, written with its settlement.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, CallId};
use crate::money::Credits;
use crate::ports::{StorageError, UnixMillis};

/// Who keeps the customers' money (`billing.mode`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BillingMode {
    /// The hub's own books.
    #[default]
    Ledger,
    PaymentKit,
    /// Nobody: calls are recorded and cost nothing.
    Off,
}

impl BillingMode {
    pub const fn name(self) -> &'static str {
        match self {
            BillingMode::Ledger => "ledger",
            BillingMode::PaymentKit => "payment-kit",
            BillingMode::Off => "off",
        }
    }
}

/// A charge that has to be reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEvent {
    /// Also the event's identity: it is reported once.
    pub call: CallId,
    pub account: AccountId,
    pub app_did: Option<String>,
    pub amount: Credits,
    pub created: UnixMillis,
}

#[async_trait]
pub trait Outbox: Send + Sync {
    /// Events that wait for delivery in this mode, oldest first, only those that are on the disk.
    async fn waiting(&self, mode: BillingMode, limit: u32) -> Result<Vec<UsageEvent>, StorageError>;
    /// Marks events as delivered; repeating it changes nothing.
    async fn acknowledge(&self, calls: &[CallId]) -> Result<(), StorageError>;
    /// Events that wait, counted.
    async fn depth(&self) -> Result<u64, StorageError>;
}
