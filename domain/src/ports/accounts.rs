//! Accounts and the credits granted to them.

use async_trait::async_trait;

use crate::ids::AccountId;
use crate::money::Credits;
use crate::ports::{StorageError, UnixMillis};
use crate::vocabulary::{LimitChange, Limits};

#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Unique; 1 to 100 printable characters.
    pub name: String,
    /// Unique where present.
    pub did: Option<String>,
}

/// An account as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub did: Option<String>,
    pub balance: Balance,
    pub limits: Limits,
    pub created: UnixMillis,
}

/// `available = posted − held`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// All that was ever granted, less what was charged.
    pub posted: Credits,
    /// Reserved for calls that are open.
    pub held: Credits,
    /// All that was ever granted.
    pub granted: Credits,
    /// Grants, counted.
    pub grants: u64,
}

impl Balance {
    pub fn available(&self) -> Credits {
        // Both are sums that the ledger keeps in range; a difference out of it can't be shown.
        self.posted.checked_sub(self.held).unwrap_or(Credits::ZERO)
    }
}

/// Credits for an account.
#[derive(Debug, Clone)]
pub struct Grant {
    pub account: AccountId,
    /// More than zero.
    pub amount: Credits,
    /// The same key grants once, however often it is sent.
    pub idempotency_key: String,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountsError {
    #[error("an account with this {0} exists already")]
    Taken(&'static str),
    #[error("there is no such account")]
    Unknown,
    #[error("the amount must be more than zero and the balance stay in range")]
    BadAmount,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

#[async_trait]
pub trait Accounts: Send + Sync {
    async fn create(&self, account: NewAccount) -> Result<Account, AccountsError>;
    /// In the order of their making.
    async fn list(&self) -> Result<Vec<Account>, StorageError>;
    /// By id, else by name.
    async fn find(&self, id_or_name: &str) -> Result<Option<Account>, StorageError>;
    async fn get(&self, id: AccountId) -> Result<Option<Account>, StorageError>;
    /// Posts a grant. False when the idempotency key was used before; then nothing changes.
    async fn grant(&self, grant: Grant) -> Result<bool, AccountsError>;
    /// Changes limits, and raises the settings version. The account as it is then; `None` when there is
    /// no such account.
    async fn limit(&self, id: AccountId, change: LimitChange) -> Result<Option<Account>, StorageError>;
}
