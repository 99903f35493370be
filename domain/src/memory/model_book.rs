//! Virtual models, in memory.

use std::sync::Arc;

use async_trait::async_trait;

use super::Memory;
use crate::ports::{ModelBook, ModelBookError, NewVirtualModel, StorageError};
use crate::routing::VirtualModel;

#[async_trait]
impl ModelBook for Memory {
    async fn put(&self, model: NewVirtualModel, replace: bool) -> Result<VirtualModel, ModelBookError> {
        let now = self.now().seconds();
        let mut tables = self.tables()?;
        let NewVirtualModel { name, strategy, targets, fallback } = model;
        let before = tables.models.get(&name);
        if before.is_some() && !replace {
            return Err(ModelBookError::Taken);
        }
        let created = before.map_or(now, |before| before.created);
        let model = VirtualModel { name: Arc::from(name.as_str()), strategy, targets, fallback, created };
        tables.models.insert(name, model.clone());
        tables.raise_settings_version();
        Ok(model)
    }

    async fn list(&self) -> Result<Vec<VirtualModel>, StorageError> {
        Ok(self.tables()?.models.values().cloned().collect())
    }

    async fn remove(&self, name: &str) -> Result<bool, StorageError> {
        let mut tables = self.tables()?;
        let is_gone = tables.models.remove(name).is_some();
        if is_gone {
            tables.raise_settings_version();
        }
        Ok(is_gone)
    }
}
