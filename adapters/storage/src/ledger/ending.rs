//! Ending a call on SQLite, one at a time, and what an ending is told that came too late.

use std::sync::Arc;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use hub_domain::ending::{End, Outcome};
use hub_domain::ids::TransferId;
use hub_domain::money::Credits;
use hub_domain::ports::{ClaimEnd, CloseError, Closed, Closing, StorageError};

use super::rows::{self, CallTransfer, EndedCall, Event};
use crate::connection::{Connection, on_backend};
use crate::failure::Failure;
use crate::schema::{accounts, call_attempts, idempotency_keys, model_calls, outbox, transfers};
use crate::sql_types::{Key, Millis};
use crate::system_accounts::{OVERRUN, REVENUE};

pub async fn close(conn: &mut Connection, closing: &Arc<Closing>) -> Result<Closed, Failure<CloseError>> {
    let (call, account) = (Key::from(closing.call), Key::from(closing.account));
    let now = Millis::of_this_machine();
    let ended = on_backend!(conn, c => {
        let held = diesel::update(model_calls::table.find(call))
            .filter(is_held())
            .filter(model_calls::account_id.eq(account))
            .filter(model_calls::owner.eq(&*closing.by.instance))
            .filter(model_calls::owner_epoch.eq(closing.by.epoch));
        held.set(EndedCall::new(closing, Some(now)))
            .returning((model_calls::hold, model_calls::billing, model_calls::app_did))
            .get_result::<(i64, String, Option<String>)>(c)
            .await
            .optional()
    })?;
    let Some((hold, billing, app_did)) = ended else {
        let [ending] = endings(conn, vec![call]).await?.try_into().map_err(|_| unknown())?;
        return verdict(&ending).map_err(Failure::Refused);
    };
    let charge = rows::charge(closing);
    if hold > 0 || charge > 0 {
        on_backend!(conn, c => {
            let paid = (accounts::posted.eq(accounts::posted - charge), accounts::held.eq(accounts::held - hold));
            diesel::update(accounts::table.find(account)).set(paid).execute(c).await
        })?;
    }
    for transfer in transfers_of(closing, now) {
        on_backend!(conn, c => {
            diesel::insert_into(transfers::table).values(&transfer).execute(c).await
        })?;
    }
    if billing == "credit" && charge > 0 {
        let event = event_of(closing, app_did.as_deref(), now);
        on_backend!(conn, c => diesel::insert_into(outbox::table).values(&event).execute(c).await)?;
    }
    for attempt in rows::attempts(closing) {
        on_backend!(conn, c => {
            diesel::insert_into(call_attempts::table).values(&attempt).execute(c).await
        })?;
    }
    end_claim(conn, closing).await?;
    Ok(Closed::Done { charge: Credits::from_units(charge) })
}

/// As text and not as a parameter: SQLite plans a parameter that a partial index speaks of anew each time.
pub fn is_held() -> SqlLiteral<Bool> {
    sql("model_calls.state = 'held'")
}

fn unknown() -> Failure<CloseError> {
    Failure::Refused(CloseError::Unknown)
}

/// What moves between accounts when a call ends.
pub fn transfers_of(closing: &Closing, now: Millis) -> impl Iterator<Item = CallTransfer<'static>> {
    let call_id = Key::from(closing.call);
    let transfer = move |kind, debit, amount| CallTransfer {
        id: TransferId::new().into(),
        kind,
        debit,
        credit: REVENUE.into(),
        amount,
        call_id,
        created_ms: now,
    };
    let charge = transfer("charge", closing.account.into(), rows::charge(closing));
    let overrun = transfer("overrun", OVERRUN.into(), rows::overrun(closing));
    [charge, overrun].into_iter().filter(|transfer| transfer.amount != 0)
}

/// The charge as it has to be reported.
pub fn event_of<'a>(closing: &'a Closing, app_did: Option<&'a str>, now: Millis) -> Event<'a> {
    Event {
        dedupe_key: closing.call.into(),
        kind: "meter",
        mode: closing.mode.name(),
        account_id: closing.account.into(),
        app_did,
        amount: rows::charge(closing),
        created_ms: now,
    }
}

/// Ends the claim that was made with the hold.
pub async fn end_claim(conn: &mut Connection, closing: &Closing) -> QueryResult<()> {
    let of_call = idempotency_keys::call_id.eq(Key::from(closing.call));
    let (state, answer) = match &closing.idempotency {
        ClaimEnd::None => return Ok(()),
        ClaimEnd::Release => {
            let claim = idempotency_keys::table.filter(of_call);
            on_backend!(conn, c => diesel::delete(claim).execute(c).await)?;
            return Ok(());
        }
        ClaimEnd::Keep(answer) => ("kept", Some(&*answer.0)),
        ClaimEnd::NotKept => ("not_kept", None),
    };
    let end = (idempotency_keys::state.eq(state), idempotency_keys::answer.eq(answer));
    on_backend!(conn, c => diesel::update(idempotency_keys::table.filter(of_call)).set(end).execute(c).await)?;
    Ok(())
}

/// How a call stands that could not be ended.
#[derive(Queryable)]
pub struct Ending {
    pub id: Key,
    pub state: String,
    pub outcome: Option<String>,
    pub reason: Option<String>,
    pub charge: i64,
}

pub async fn endings(conn: &mut Connection, calls: Vec<Key>) -> QueryResult<Vec<Ending>> {
    on_backend!(conn, c => {
        model_calls::table
            .filter(model_calls::id.eq_any(calls))
            .select((
                model_calls::id,
                model_calls::state,
                model_calls::outcome,
                model_calls::reason,
                model_calls::charge,
            ))
            .load(c)
            .await
    })
}

/// What an ending is told that changed nothing: the same ending came before, or the reaper did.
pub fn verdict(ending: &Ending) -> Result<Closed, CloseError> {
    let charge = Credits::from_units(ending.charge);
    if ending.state == "held" {
        return Err(StorageError::broken("only its owner may close a call").into());
    }
    if ending.reason.as_deref() != End::Stale.reason() {
        return Ok(Closed::Done { charge });
    }
    let is_success = ending.outcome.as_deref() == Some(Outcome::Success.name());
    Ok(Closed::Before { charge, outcome: if is_success { Outcome::Success } else { Outcome::Failed } })
}
