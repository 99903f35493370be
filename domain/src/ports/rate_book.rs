//! Versioned price lists.

use async_trait::async_trait;

use crate::ids::RateId;
use crate::ports::StorageError;
use crate::rates::{ContextTier, Prices, Rate};
use crate::vocabulary::CallType;

/// Prices to be set; the book gives the version.
#[derive(Debug, Clone)]
pub struct NewRate {
    pub provider: String,
    /// A model's name, or `*` for those without a rate of their own.
    pub model: String,
    pub call_type: CallType,
    pub prices: Prices,
    pub tiers: Vec<ContextTier>,
}

#[async_trait]
pub trait RateBook: Send + Sync {
    /// Makes a new version the one in force, and raises the settings version. Equal prices change
    /// nothing and return the version in force.
    async fn set(&self, rate: NewRate) -> Result<Rate, StorageError>;
    /// The same for many at once: all of them are in force, or none. In the order given.
    async fn set_all(&self, rates: Vec<NewRate>) -> Result<Vec<Rate>, StorageError>;
    /// The versions in force, by provider, model and call type.
    async fn current(&self) -> Result<Vec<Rate>, StorageError>;
    /// Any version, also one no longer in force.
    async fn get(&self, id: RateId) -> Result<Option<Rate>, StorageError>;
    /// Counts every change of keys, providers and rates. Cheap: it is asked twice a second.
    async fn settings_version(&self) -> Result<i64, StorageError>;
}
