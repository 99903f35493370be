//! Holds and endings of many calls in one transaction of SQLite.
//!
//! What an account has is read once and written once for the whole group. A call decides before it
//! writes, so none needs a savepoint; where a statement fails all the same, the writer undoes the group
//! and runs it one by one ([`hold`](super::hold), [`ending`](super::ending)). Calls that claim an idempotency key, or that took several
//! tries, are run so from the beginning.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::result::Error;
use hub_domain::ids::AccountId;
use hub_domain::money::{AmountOutOfRange, Credits};
use hub_domain::ports::{ClaimEnd, CloseError, Closed, Closing, HeldCall, HoldError, NewCall};

use super::ending::{event_of, is_held, transfers_of};
use super::hold::{Funds, size};
use super::rows::{self, EndedCall, OpenedCall};
use crate::failure::Failure;
use crate::fixed::fixed;
use crate::schema::{accounts, model_calls, outbox, transfers};
use crate::sql_types::{Key, Millis};

/// Names of the statements.
mod names {
    pub struct ReadAccount;
    pub struct WriteAccount;
    pub struct InsertCall;
    pub struct ReadHeld;
    pub struct EndCall;
    pub struct InsertTransfer;
    pub struct InsertEvent;
}

/// The accounts of one group.
#[derive(Default)]
pub struct Desk {
    accounts: HashMap<AccountId, Standing>,
}

/// What an account has, once somebody asked, and what the group has changed of it.
#[derive(Default)]
struct Standing {
    funds: Option<Funds>,
    posted: i64,
    held: i64,
}

impl Standing {
    fn change(&mut self, posted: i64, held: i64) -> Result<(), AmountOutOfRange> {
        let sum = |one: i64, other| one.checked_add(other).ok_or(AmountOutOfRange);
        (self.posted, self.held) = (sum(self.posted, posted)?, sum(self.held, held)?);
        if let Some(funds) = &mut self.funds {
            (funds.posted, funds.held) = (sum(funds.posted, posted)?, sum(funds.held, held)?);
        }
        Ok(())
    }
}

impl Desk {
    /// What an account has by now; `None` where there is no such account.
    fn funds(&mut self, conn: &mut SqliteConnection, id: AccountId) -> QueryResult<Option<Funds>> {
        if let Some(Standing { funds: Some(funds), .. }) = self.accounts.get(&id) {
            return Ok(Some(*funds));
        }
        let account = accounts::table
            .filter(accounts::id.eq(Key::from(id)))
            .filter(accounts::kind.eq("user"))
            .select((accounts::posted, accounts::held, accounts::overdraft));
        let found = fixed::<names::ReadAccount, _>(account).get_result::<(i64, i64, i64)>(conn).optional()?;
        let Some((posted, held, overdraft)) = found else { return Ok(None) };
        let standing = self.accounts.entry(id).or_default();
        let funds = Funds {
            posted: posted.saturating_add(standing.posted),
            held: held.saturating_add(standing.held),
            overdraft,
        };
        standing.funds = Some(funds);
        Ok(Some(funds))
    }

    /// Writes what has changed. Afterwards the desk is empty.
    pub fn clear(&mut self, conn: &mut SqliteConnection) -> QueryResult<()> {
        for (id, Standing { posted, held, .. }) in self.accounts.drain() {
            if (posted, held) != (0, 0) {
                let change = (
                    accounts::posted.eq(accounts::posted + posted),
                    accounts::held.eq(accounts::held + held),
                );
                let update = diesel::update(accounts::table.find(Key::from(id))).set(change);
                fixed::<names::WriteAccount, _>(update).run(conn)?;
            }
        }
        Ok(())
    }

    /// Forgets everything: the transaction was undone.
    pub fn forget(&mut self) {
        self.accounts.clear();
    }
}

/// Whether a call may be opened among others.
pub fn may_open(call: &NewCall) -> bool {
    call.claim.is_none()
}

/// Whether a call may be ended among others.
pub fn may_close(closing: &Closing) -> bool {
    matches!(closing.idempotency, ClaimEnd::None) && !rows::has_attempts(closing)
}

pub fn open(
    desk: &mut Desk,
    conn: &mut SqliteConnection,
    call: &NewCall,
) -> Result<HeldCall, Failure<HoldError>> {
    let Some(funds) = desk.funds(conn, call.account)? else {
        return Err(Failure::Refused(HoldError::UnknownAccount));
    };
    let reserved = size(call, funds).map_err(Failure::Refused)?;
    let hold = reserved.hold.units();
    let standing = desk.accounts.entry(call.account).or_default();
    standing.change(0, hold).map_err(|error| Failure::Refused(error.into()))?;
    let row = OpenedCall::new(call, hold, Millis::of_this_machine());
    fixed::<names::InsertCall, _>(diesel::insert_into(model_calls::table).values(row)).run(conn)?;
    Ok(HeldCall { reserved })
}

pub fn close(
    desk: &mut Desk,
    conn: &mut SqliteConnection,
    closing: &Arc<Closing>,
) -> Result<Closed, Failure<CloseError>> {
    let now = Millis::of_this_machine();
    let call = Key::from(closing.call);
    // Not `RETURNING`: SQLite collects its rows in a table in memory first.
    let held = model_calls::table
        .filter(model_calls::id.eq(call))
        .filter(is_held())
        .filter(model_calls::account_id.eq(Key::from(closing.account)))
        .filter(model_calls::owner.eq(&*closing.by.instance))
        .filter(model_calls::owner_epoch.eq(closing.by.epoch))
        .select((model_calls::hold, model_calls::billing, model_calls::app_did));
    let held =
        fixed::<names::ReadHeld, _>(held).get_result::<(i64, String, Option<String>)>(conn).optional()?;
    // It has ended before, or was never opened. What it is told then, it is told alone.
    let Some((hold, billing, app_did)) = held else { return Err(alone()) };
    let end = diesel::update(model_calls::table.find(call)).set(EndedCall::new(closing, Some(now)));
    fixed::<names::EndCall, _>(end).run(conn)?;
    let charge = rows::charge(closing);
    let standing = desk.accounts.entry(closing.account).or_default();
    standing.change(-charge, -hold).map_err(|_| alone())?;
    for transfer in transfers_of(closing, now) {
        let insert = diesel::insert_into(transfers::table).values(&transfer);
        fixed::<names::InsertTransfer, _>(insert).run(conn)?;
    }
    if billing == "credit" && charge > 0 {
        let event = event_of(closing, app_did.as_deref(), now);
        let insert = diesel::insert_into(outbox::table).values(&event);
        fixed::<names::InsertEvent, _>(insert).run(conn)?;
    }
    Ok(Closed::Done { charge: Credits::from_units(charge) })
}

/// Undoes the group and runs its calls one by one.
fn alone<E>() -> Failure<E> {
    Failure::Database(Error::RollbackTransaction)
}
