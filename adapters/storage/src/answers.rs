//! [`Answers`]: claims of idempotency keys and the answers kept under them. The ledger makes a claim with
//! the hold and ends it with the settlement; here it is looked up, and forgotten after a day.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ids::AccountId;
use hub_domain::ports::{Answers, Claim, ClaimState, SealedAnswer, StorageError};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::{Failure, Step};
use crate::schema::{idempotency_keys, model_calls};
use crate::sql_types::{Key, Now};

/// How long a key is remembered, in the database's time.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The call of a claim, where it is still open. Its claim lasts as long as it does.
macro_rules! open_call {
    () => {
        model_calls::table
            .filter(model_calls::id.eq(idempotency_keys::call_id))
            .filter(model_calls::state.eq("held"))
    };
}

pub async fn find(
    conn: &mut Connection,
    (account, claim): &(AccountId, Claim),
) -> QueryResult<Option<ClaimState>> {
    type Row = (Vec<u8>, Key, String, Option<Vec<u8>>);
    let row: Option<Row> = on_backend!(conn, c => {
        idempotency_keys::table
            .filter(idempotency_keys::scope.eq(claim.scope.as_slice()))
            .filter(idempotency_keys::account_id.eq(Key::from(*account)))
            .filter(idempotency_keys::created_ms.ge(Now::minus(DAY)).or(exists(open_call!())))
            .select((
                idempotency_keys::fingerprint,
                idempotency_keys::call_id,
                idempotency_keys::state,
                idempotency_keys::answer,
            ))
            .first(c)
            .await
            .optional()
    })?;
    Ok(row.map(|(fingerprint, call, state, answer)| match answer {
        _ if fingerprint != claim.fingerprint => ClaimState::Mismatch,
        Some(answer) => ClaimState::Kept { call: call.into(), answer: SealedAnswer(Arc::from(answer)) },
        None if state == "running" => ClaimState::InProgress,
        None => ClaimState::NotKept,
    }))
}

async fn prune(conn: &mut Connection, limit: &u32) -> Step<u64> {
    let forgotten: Vec<Vec<u8>> = on_backend!(conn, c => {
        idempotency_keys::table
            .filter(idempotency_keys::created_ms.lt(Now::minus(DAY)))
            .filter(not(exists(open_call!())))
            .order(idempotency_keys::created_ms)
            .limit(i64::from(*limit))
            .select(idempotency_keys::scope)
            .load(c)
            .await
    })?;
    // The age once more: meanwhile a forgotten key may have been claimed anew.
    let deleted = on_backend!(conn, c => {
        diesel::delete(
            idempotency_keys::table
                .filter(idempotency_keys::scope.eq_any(&forgotten))
                .filter(idempotency_keys::created_ms.lt(Now::minus(DAY))),
        )
        .execute(c)
        .await
    })?;
    u64::try_from(deleted).map_err(|error| Failure::Refused(StorageError::broken(error)))
}

#[async_trait]
impl Answers for Store {
    async fn find(&self, account: AccountId, claim: &Claim) -> Result<Option<ClaimState>, StorageError> {
        self.read((account, claim.clone()), find).await
    }

    async fn prune(&self, limit: u32) -> Result<u64, StorageError> {
        self.write(limit, prune).await
    }
}
