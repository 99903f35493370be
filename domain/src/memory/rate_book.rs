//! Price lists, in memory.

use async_trait::async_trait;

use super::Memory;
use super::tables::Tables;
use crate::ids::RateId;
use crate::ports::{NewRate, RateBook, StorageError};
use crate::rates::Rate;

fn set(tables: &mut Tables, new: NewRate) -> Rate {
    let in_force = tables.rates.iter().rev().find(|rate| {
        rate.provider == new.provider && rate.model == new.model && rate.call_type == new.call_type
    });
    if let Some(rate) = in_force.filter(|rate| rate.prices == new.prices && rate.tiers == new.tiers) {
        return rate.clone();
    }
    let rate = Rate {
        id: RateId::new(),
        version: in_force.map_or(1, |rate| rate.version + 1),
        provider: new.provider,
        model: new.model,
        call_type: new.call_type,
        prices: new.prices,
        tiers: new.tiers,
    };
    tables.rates.push(rate.clone());
    tables.raise_settings_version();
    rate
}

#[async_trait]
impl RateBook for Memory {
    async fn set(&self, new: NewRate) -> Result<Rate, StorageError> {
        Ok(set(&mut *self.tables()?, new))
    }

    async fn set_all(&self, rates: Vec<NewRate>) -> Result<Vec<Rate>, StorageError> {
        let mut tables = self.tables()?;
        Ok(rates.into_iter().map(|new| set(&mut tables, new)).collect())
    }

    async fn current(&self) -> Result<Vec<Rate>, StorageError> {
        let mut rates = self.tables()?.rates.clone();
        let place = |rate: &Rate| (rate.provider.clone(), rate.model.clone(), rate.call_type);
        rates.sort_by_key(|rate| (place(rate), std::cmp::Reverse(rate.version)));
        rates.dedup_by_key(|rate| place(rate));
        Ok(rates)
    }

    async fn get(&self, id: RateId) -> Result<Option<Rate>, StorageError> {
        Ok(self.tables()?.rates.iter().find(|rate| rate.id == id).cloned())
    }

    async fn settings_version(&self) -> Result<i64, StorageError> {
        Ok(self.tables()?.settings_version)
    }
}
