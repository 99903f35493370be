//! Sealed columns, in memory.

use std::sync::Arc;

use async_trait::async_trait;

use super::Memory;
use super::tables::{Kept, Tables};
use crate::ports::{SealedAnswer, SealedCount, SealedKind, SealedPlace, SealedRows, StorageError};

/// Credentials by id, then answers by call.
fn rows(tables: &Tables) -> Vec<(SealedPlace, Vec<u8>)> {
    let credentials = tables.providers.iter().flat_map(|record| {
        record.credentials.iter().map(|credential| {
            let (provider, base_url) = (record.id, record.base_url.clone());
            let place = SealedPlace::Credential { provider, credential: credential.id, base_url };
            (place, credential.sealed.clone())
        })
    });
    let answers = tables.claims.values().filter_map(|row| match &row.kept {
        Kept::Answer(answer) => Some((SealedPlace::Answer(row.call), answer.0.to_vec())),
        Kept::Running | Kept::Nothing => None,
    });
    let mut rows: Vec<_> = credentials.chain(answers).collect();
    rows.sort_by_key(|(place, _)| order(place));
    rows
}

fn order(place: &SealedPlace) -> (bool, uuid::Uuid) {
    match place {
        SealedPlace::Credential { credential, .. } => (false, credential.0),
        SealedPlace::Answer(call) => (true, call.0),
    }
}

/// Does something to the text of a place, if it is still the same.
fn change(tables: &mut Tables, place: &SealedPlace, before: &[u8], now: Option<&[u8]>) -> bool {
    match place {
        SealedPlace::Credential { provider, credential, .. } => {
            let records = tables.providers.iter_mut().filter(|record| record.id == *provider);
            for credentials in records.map(|record| &mut record.credentials) {
                let is_it = |other: &crate::ports::CredentialRecord| {
                    other.id == *credential && other.sealed == before
                };
                let Some(at) = credentials.iter().position(is_it) else { continue };
                match now {
                    Some(now) => credentials[at].sealed = now.to_vec(),
                    None => drop(credentials.remove(at)),
                }
                return true;
            }
            false
        }
        SealedPlace::Answer(call) => {
            let row = tables.claims.values_mut().find(|row| row.call == *call);
            let same = row.filter(|row| matches!(&row.kept, Kept::Answer(answer) if *answer.0 == *before));
            let Some(row) = same else { return false };
            row.kept = now.map_or(Kept::Nothing, |now| Kept::Answer(SealedAnswer(Arc::from(now))));
            true
        }
    }
}

#[async_trait]
impl SealedRows for Memory {
    async fn counts(&self, length: u8) -> Result<Vec<SealedCount>, StorageError> {
        let mut counts: Vec<SealedCount> = Vec::new();
        for (place, sealed) in rows(&*self.tables()?) {
            let what = match place {
                SealedPlace::Credential { .. } => SealedKind::Credential,
                SealedPlace::Answer(_) => SealedKind::Answer,
            };
            let head = &sealed[..sealed.len().min(length.into())];
            match counts.iter_mut().find(|count| count.what == what && count.head == head) {
                Some(count) => count.rows += 1,
                None => counts.push(SealedCount { what, head: head.to_vec(), rows: 1 }),
            }
        }
        Ok(counts)
    }

    async fn other_than(
        &self,
        head: &[u8],
        after: Option<&SealedPlace>,
        limit: u16,
    ) -> Result<Vec<(SealedPlace, Vec<u8>)>, StorageError> {
        let rows = rows(&*self.tables()?).into_iter();
        let rows = rows.filter(|(place, _)| after.is_none_or(|after| order(place) > order(after)));
        Ok(rows.filter(|(_, sealed)| !sealed.starts_with(head)).take(limit.into()).collect())
    }

    async fn replace(&self, place: &SealedPlace, before: &[u8], now: &[u8]) -> Result<bool, StorageError> {
        Ok(change(&mut *self.tables()?, place, before, Some(now)))
    }

    async fn forget(&self, place: &SealedPlace, before: &[u8]) -> Result<bool, StorageError> {
        let mut tables = self.tables()?;
        tables.raise_settings_version();
        Ok(change(&mut tables, place, before, None))
    }

    async fn sealing_key(&self) -> Result<Option<i64>, StorageError> {
        Ok(self.tables()?.sealing_key)
    }

    async fn set_sealing_key(&self, name: i64) -> Result<(), StorageError> {
        let mut tables = self.tables()?;
        tables.sealing_key = Some(name);
        tables.raise_settings_version();
        Ok(())
    }
}
