//! Configured providers, in memory.

use async_trait::async_trait;

use super::Memory;
use crate::ids::{CredentialId, ProviderId};
use crate::ports::{
    CredentialRecord, NewProvider, ProviderBook, ProviderBookError, ProviderRecord, StorageError,
};

#[async_trait]
impl ProviderBook for Memory {
    async fn add(&self, provider: NewProvider) -> Result<ProviderRecord, ProviderBookError> {
        let mut tables = self.tables()?;
        if tables.providers.iter().any(|other| other.name.eq_ignore_ascii_case(&provider.name)) {
            return Err(ProviderBookError::Taken);
        }
        let record = ProviderRecord {
            id: provider.id,
            name: provider.name,
            kind: provider.kind,
            base_url: provider.base_url,
            enabled: true,
            on_disconnect: provider.on_disconnect,
            responses: provider.responses,
            timeouts: provider.timeouts,
            credentials: provider.credentials,
            created: self.now(),
        };
        tables.providers.push(record.clone());
        tables.raise_settings_version();
        Ok(record)
    }

    async fn add_credential(
        &self,
        provider: ProviderId,
        credential: CredentialRecord,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables()?;
        let Some(record) = tables.providers.iter_mut().find(|record| record.id == provider) else {
            return Ok(false);
        };
        record.credentials.push(credential);
        tables.raise_settings_version();
        Ok(true)
    }

    async fn remove_credential(
        &self,
        provider: ProviderId,
        credential: CredentialId,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables()?;
        let Some(record) = tables.providers.iter_mut().find(|record| record.id == provider) else {
            return Ok(false);
        };
        let before = record.credentials.len();
        record.credentials.retain(|own| own.id != credential);
        let is_gone = record.credentials.len() < before;
        if is_gone {
            tables.raise_settings_version();
        }
        Ok(is_gone)
    }

    async fn weigh_credential(
        &self,
        provider: ProviderId,
        credential: CredentialId,
        weight: u32,
    ) -> Result<bool, StorageError> {
        let mut tables = self.tables()?;
        let record = tables.providers.iter_mut().find(|record| record.id == provider);
        let own = record.and_then(|record| record.credentials.iter_mut().find(|own| own.id == credential));
        let Some(own) = own else { return Ok(false) };
        own.weight = weight;
        tables.raise_settings_version();
        Ok(true)
    }

    async fn list(&self) -> Result<Vec<ProviderRecord>, StorageError> {
        Ok(self.tables()?.providers.clone())
    }

    async fn remove(&self, name: &str) -> Result<bool, StorageError> {
        let mut tables = self.tables()?;
        let before = tables.providers.len();
        tables.providers.retain(|record| !record.name.eq_ignore_ascii_case(name));
        let is_gone = tables.providers.len() < before;
        if is_gone {
            tables.raise_settings_version();
        }
        Ok(is_gone)
    }
}
