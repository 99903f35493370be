//! Kept answers, in memory.

use std::time::Duration;

use async_trait::async_trait;

use super::Memory;
use super::tables::{ClaimRow, Kept, Tables};
use crate::ids::AccountId;
use crate::ports::{Answers, CallStatus, Claim, ClaimState, StorageError, UnixMillis};

/// How long a key is remembered.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn belongs_to_open_call(tables: &Tables, row: &ClaimRow) -> bool {
    tables.calls.get(&row.call).is_some_and(|call| call.record.status == CallStatus::Processing)
}

fn is_forgotten(tables: &Tables, row: &ClaimRow, now: UnixMillis) -> bool {
    row.created.plus(DAY) < now && !belongs_to_open_call(tables, row)
}

/// What stands in the way of a claim.
pub fn state_of(tables: &Tables, claim: &Claim, now: UnixMillis) -> Option<ClaimState> {
    let row = tables.claims.get(&claim.scope).filter(|row| !is_forgotten(tables, row, now))?;
    if row.claim.fingerprint != claim.fingerprint {
        return Some(ClaimState::Mismatch);
    }
    Some(match &row.kept {
        Kept::Running => ClaimState::InProgress,
        Kept::Nothing => ClaimState::NotKept,
        Kept::Answer(answer) => ClaimState::Kept { call: row.call, answer: answer.clone() },
    })
}

#[async_trait]
impl Answers for Memory {
    async fn find(&self, account: AccountId, claim: &Claim) -> Result<Option<ClaimState>, StorageError> {
        let tables = self.tables()?;
        let is_own = tables.claims.get(&claim.scope).is_some_and(|row| row.account == account);
        Ok(is_own.then(|| state_of(&tables, claim, self.now())).flatten())
    }

    async fn prune(&self, limit: u32) -> Result<u64, StorageError> {
        let now = self.now();
        let mut tables = self.tables()?;
        let forgotten: Vec<_> = tables
            .claims
            .iter()
            .filter(|(_, row)| is_forgotten(&tables, row, now))
            .map(|(scope, _)| *scope)
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .collect();
        for scope in &forgotten {
            tables.claims.remove(scope);
        }
        u64::try_from(forgotten.len()).map_err(StorageError::broken)
    }
}
