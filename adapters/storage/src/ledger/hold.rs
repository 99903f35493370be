//! Opening a call on SQLite, one at a time: the writer has the database for itself, so it may read before
//! it writes.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::money::Credits;
use hub_domain::ports::{Billing, Claim, HeldCall, HoldError, NewCall, StorageError};
use hub_domain::quote::{Reserved, SizeError};

use super::rows::OpenedCall;
use crate::answers;
use crate::connection::{Connection, on_backend};
use crate::failure::Failure;
use crate::schema::{accounts, idempotency_keys, model_calls};
use crate::sql_types::{Key, Millis, Now};

/// What an account has, in units.
#[derive(Debug, Clone, Copy)]
pub struct Funds {
    pub posted: i64,
    pub held: i64,
    pub overdraft: i64,
}

pub async fn open(conn: &mut Connection, call: &NewCall) -> Result<HeldCall, Failure<HoldError>> {
    let account = Key::from(call.account);
    let funds = on_backend!(conn, c => {
        accounts::table
            .filter(accounts::id.eq(account))
            .filter(accounts::kind.eq("user"))
            .select((accounts::posted, accounts::held, accounts::overdraft))
            // Not `first`: SQLite plans a bound `LIMIT` anew each time.
            .get_result::<(i64, i64, i64)>(c)
            .await
            .optional()
    })?;
    let Some((posted, held, overdraft)) = funds else {
        return Err(Failure::Refused(HoldError::UnknownAccount));
    };
    if let Some(claim) = &call.claim
        && let Some(state) = answers::find(conn, &(call.account, claim.clone())).await?
    {
        return Err(Failure::Refused(HoldError::Claimed(state)));
    }
    let reserved = size(call, Funds { posted, held, overdraft }).map_err(Failure::Refused)?;
    let hold = reserved.hold.units();
    if hold > 0 {
        on_backend!(conn, c => {
            diesel::update(accounts::table.find(account))
                .set(accounts::held.eq(accounts::held + hold))
                .execute(c)
                .await
        })?;
    }
    on_backend!(conn, c => {
        diesel::insert_into(model_calls::table)
            .values(OpenedCall::new(call, hold, Millis::of_this_machine()))
            .execute(c)
            .await
    })?;
    if let Some(claim) = &call.claim {
        make_claim(conn, call, claim).await?;
    }
    Ok(HeldCall { reserved })
}

/// How much a call takes of what its account has.
pub fn size(call: &NewCall, funds: Funds) -> Result<Reserved, HoldError> {
    let available = i128::from(funds.posted) - i128::from(funds.held) + i128::from(funds.overdraft);
    let reserved = call.quote.size(Credits::from_wide(available)?).map_err(|error| match error {
        SizeError::Shortfall(shortfall) => HoldError::Insufficient(shortfall),
        SizeError::OutOfRange(error) => HoldError::OutOfRange(error),
    })?;
    if call.billing == Billing::None && !reserved.hold.is_zero() {
        return Err(StorageError::broken("a call that is not charged can't hold credits").into());
    }
    Ok(reserved)
}

/// Claims an idempotency key that is free, or whose answer is forgotten.
pub async fn make_claim(conn: &mut Connection, call: &NewCall, claim: &Claim) -> QueryResult<()> {
    on_backend!(conn, c => {
        diesel::delete(idempotency_keys::table.find(claim.scope.as_slice())).execute(c).await?;
        diesel::insert_into(idempotency_keys::table)
            .values((
                idempotency_keys::scope.eq(claim.scope.as_slice()),
                idempotency_keys::fingerprint.eq(claim.fingerprint.as_slice()),
                idempotency_keys::account_id.eq(Key::from(call.account)),
                idempotency_keys::call_id.eq(Key::from(call.id)),
                idempotency_keys::state.eq("running"),
                idempotency_keys::created_ms.eq(Now::PRESENT),
            ))
            .execute(c)
            .await
    })?;
    Ok(())
}
