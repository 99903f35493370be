//! Access keys, in memory.

use async_trait::async_trait;

use super::Memory;
use super::tables::KeyRow;
use crate::ids::{AccountId, KeyId};
use crate::ports::{KeyRecord, KeyStore, KeyStoreError, NewKey, StorageError, UnixMillis};
use crate::vocabulary::LimitChange;

#[async_trait]
impl KeyStore for Memory {
    async fn add(&self, key: NewKey) -> Result<KeyRecord, KeyStoreError> {
        let mut tables = self.tables()?;
        let account = tables.accounts.get(&key.account).cloned().ok_or(KeyStoreError::UnknownAccount)?;
        if tables.keys.values().any(|row| row.hash == key.hash || row.record.id == key.id) {
            return Err(KeyStoreError::Taken);
        }
        let record = KeyRecord {
            id: key.id,
            account: account.id,
            account_name: account.name,
            did: account.did,
            name: key.name,
            tail: key.tail,
            role: key.role,
            limits: key.limits,
            account_limits: account.limits,
            created: self.now(),
            expires: key.expires,
            revoked: None,
            last_used: None,
        };
        tables.keys.insert(key.id, KeyRow { hash: key.hash, record: record.clone() });
        tables.raise_settings_version();
        Ok(record)
    }

    async fn list(&self, account: Option<AccountId>) -> Result<Vec<KeyRecord>, StorageError> {
        let tables = self.tables()?;
        let records = tables.keys.values().map(|row| &row.record);
        Ok(records.filter(|key| account.is_none_or(|account| key.account == account)).cloned().collect())
    }

    async fn find(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>, StorageError> {
        let tables = self.tables()?;
        Ok(tables.keys.values().find(|row| row.hash == *hash).map(|row| row.record.clone()))
    }

    async fn revoke(&self, id: KeyId) -> Result<bool, StorageError> {
        let now = self.now();
        let mut tables = self.tables()?;
        let Some(row) = tables.keys.get_mut(&id).filter(|row| row.record.revoked.is_none()) else {
            return Ok(false);
        };
        row.record.revoked = Some(now);
        tables.raise_settings_version();
        Ok(true)
    }

    async fn limit(&self, id: KeyId, change: LimitChange) -> Result<Option<KeyRecord>, StorageError> {
        let mut tables = self.tables()?;
        let Some(row) = tables.keys.get_mut(&id) else { return Ok(None) };
        row.record.limits = change.apply(row.record.limits);
        let record = row.record.clone();
        tables.raise_settings_version();
        Ok(Some(record))
    }

    async fn note_use(&self, used: &[(KeyId, UnixMillis)]) -> Result<(), StorageError> {
        let mut tables = self.tables()?;
        for (id, at) in used {
            let minute = UnixMillis(at.0 - at.0.rem_euclid(60_000));
            if let Some(row) = tables.keys.get_mut(id) {
                row.record.last_used = row.record.last_used.max(Some(minute));
            }
        }
        Ok(())
    }
}
