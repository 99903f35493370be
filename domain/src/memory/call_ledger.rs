//! The ledger of calls, in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Memory;
use super::answers::state_of;
use super::tables::{CallRow, ClaimRow, Kept, OutboxRow, Party, Tables};
use crate::ending::{End, Outcome};
use crate::ids::{CallId, InstanceEpoch, RateId};
use crate::money::Credits;
use crate::ports::{
    Balance, Billing, CallLedger, CallRecord, CallStatus, ClaimEnd, CloseError, Closed, Closing, HeldCall,
    HoldError, NewCall, StorageError, Timings, UnixMillis, UsageEvent,
};
use crate::quote::SizeError;

/// An open call is stale when it is open so much longer than it may be.
const PAST_LIMIT: Duration = Duration::from_secs(60);

#[async_trait]
impl CallLedger for Memory {
    async fn open(&self, call: NewCall) -> Result<HeldCall, HoldError> {
        let now = self.now();
        let mut tables = self.tables()?;
        let account = tables.accounts.get(&call.account).cloned().ok_or(HoldError::UnknownAccount)?;
        if let Some(claim) = &call.claim
            && let Some(state) = state_of(&tables, claim, now)
        {
            return Err(HoldError::Claimed(state));
        }
        let reserved = call.quote.size(account.balance.available()).map_err(|error| match error {
            SizeError::Shortfall(shortfall) => HoldError::Insufficient(shortfall),
            SizeError::OutOfRange(error) => HoldError::OutOfRange(error),
        })?;
        if call.billing == Billing::None && !reserved.hold.is_zero() {
            return Err(StorageError::broken("a call that is not charged can't hold credits").into());
        }
        if tables.calls.contains_key(&call.id) {
            return Err(StorageError::broken("this call was opened before").into());
        }
        tables.update_balance(account.id, |balance| {
            Ok(Balance { held: balance.held.checked_add(reserved.hold)?, ..*balance })
        })?;
        if let Some(claim) = call.claim.clone() {
            let row = ClaimRow {
                account: account.id,
                call: call.id,
                created: now,
                kept: Kept::Running,
                claim: claim.clone(),
            };
            tables.claims.insert(claim.scope, row);
        }
        let rate_version = version(&tables, call.rate);
        let row = CallRow {
            limit: now.plus(call.time_limit),
            billing: call.billing,
            rate: call.rate,
            claim: call.claim,
            reaped: false,
            record: CallRecord {
                id: call.id,
                account: account.id,
                account_name: account.name,
                did: account.did,
                key: call.key,
                app_did: call.app_did,
                provider: call.served.provider.to_string(),
                model: call.served.model.to_string(),
                credential: call.served.credential.map(|id| id.to_string()),
                call_type: call.call_type,
                stream: call.stream,
                status: CallStatus::Processing,
                state: "held".to_owned(),
                reason: None,
                error: None,
                finish_reason: None,
                billing: call.billing.name().to_owned(),
                rate_version,
                hold: reserved.hold,
                charge: Credits::ZERO,
                overrun: Credits::ZERO,
                usage: None,
                lines: Vec::new(),
                timings: Timings::default(),
                attempts: Vec::new(),
                request_id: call.request_id,
                trace_id: call.trace_id,
                upstream_id: None,
                instance: call.by.instance.to_string(),
                accepted: now,
                closed: None,
            },
            by: call.by,
        };
        tables.calls.insert(call.id, row);
        Ok(HeldCall { reserved })
    }

    async fn close(&self, closing: Arc<Closing>) -> Result<Closed, CloseError> {
        let now = self.now();
        let mut tables = self.tables()?;
        let row = tables.calls.get(&closing.call).ok_or(CloseError::Unknown)?;
        let charge = row.record.charge;
        match row.record.status {
            CallStatus::Processing => {}
            CallStatus::Success if row.reaped => {
                return Ok(Closed::Before { charge, outcome: Outcome::Success });
            }
            CallStatus::Failed if row.reaped => {
                return Ok(Closed::Before { charge, outcome: Outcome::Failed });
            }
            CallStatus::Success | CallStatus::Failed => return Ok(Closed::Done { charge }),
        }
        if row.by != closing.by || row.record.account != closing.account {
            return Err(StorageError::broken("only its owner may close a call").into());
        }
        if closing.division.charge > row.record.hold {
            return Err(StorageError::broken("a charge is never more than was held").into());
        }
        post(&mut tables, &closing, now)?;
        Ok(Closed::Done { charge: charged(&closing) })
    }

    async fn close_earlier_epochs(&self, by: &InstanceEpoch) -> Result<u64, StorageError> {
        let now = self.now();
        let mut tables = self.tables()?;
        let stale = open_calls(&tables, |row| row.by.instance == by.instance && row.by.epoch < by.epoch);
        let earlier = |owner: &InstanceEpoch| owner.instance == by.instance && owner.epoch < by.epoch;
        for (_, lease) in tables.leases.iter_mut().filter(|(owner, _)| earlier(owner)) {
            lease.ended = true;
        }
        reap(&mut tables, &stale, now)
    }

    async fn close_stale(&self, lease_slack: Duration, limit: u32) -> Result<u64, StorageError> {
        let now = self.now();
        let mut tables = self.tables()?;
        let mut stale = open_calls(&tables, |row| {
            let owner_gone =
                tables.leases.get(&row.by).is_none_or(|lease| lease.until.plus(lease_slack) < now);
            owner_gone || row.limit.plus(PAST_LIMIT) < now
        });
        stale.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        // Whoever lost a call to the reaper must not believe that it still owns its calls.
        for lease in tables.leases.values_mut().filter(|lease| lease.until.plus(lease_slack) < now) {
            lease.ended = true;
        }
        reap(&mut tables, &stale, now)
    }

    async fn open_holds(&self) -> Result<(u64, Credits), StorageError> {
        let tables = self.tables()?;
        let open = || tables.calls.values().filter(|row| row.record.status == CallStatus::Processing);
        let held = Credits::try_sum(open().map(|row| row.record.hold)).map_err(StorageError::broken)?;
        Ok((u64::try_from(open().count()).unwrap_or(u64::MAX), held))
    }
}

fn open_calls(tables: &Tables, wanted: impl Fn(&CallRow) -> bool) -> Vec<CallId> {
    let open = tables.calls.values().filter(|row| row.record.status == CallStatus::Processing);
    open.filter(|row| wanted(row)).map(|row| row.record.id).collect()
}

fn charged(closing: &Closing) -> Credits {
    if closing.void { Credits::ZERO } else { closing.division.charge }
}

/// Ends an open call as its owner says.
fn post(tables: &mut Tables, closing: &Closing, now: UnixMillis) -> Result<(), CloseError> {
    let Some(row) = tables.calls.get(&closing.call) else { return Err(CloseError::Unknown) };
    let (hold, account, billing) = (row.record.hold, row.record.account, row.billing);
    let charge = charged(closing);
    let overrun = if closing.void { Credits::ZERO } else { closing.division.overrun };
    tables.update_balance(account, |balance| {
        Ok(Balance {
            posted: balance.posted.checked_sub(charge)?,
            held: balance.held.checked_sub(hold)?,
            ..*balance
        })
    })?;
    if !charge.is_zero() {
        tables.transfer(Party::User(account), Party::Revenue, charge, Some(closing.call));
    }
    if !overrun.is_zero() {
        tables.transfer(Party::Overrun, Party::Revenue, overrun, Some(closing.call));
    }
    let rate_version = version(tables, closing.rate);
    let Some(row) = tables.calls.get_mut(&closing.call) else { return Err(CloseError::Unknown) };
    row.rate = closing.rate;
    let record = &mut row.record;
    record.rate_version = rate_version;
    record.status = match closing.outcome {
        Outcome::Success => CallStatus::Success,
        Outcome::Failed => CallStatus::Failed,
    };
    record.state = if closing.void { "voided" } else { "settled" }.to_owned();
    record.reason.clone_from(&closing.reason);
    record.error.clone_from(&closing.error);
    record.finish_reason.clone_from(&closing.finish_reason);
    record.upstream_id.clone_from(&closing.upstream_id);
    record.provider = closing.served.provider.to_string();
    record.model = closing.served.model.to_string();
    record.credential = closing.served.credential.map(|id| id.to_string());
    record.charge = charge;
    record.overrun = overrun;
    record.usage = Some(closing.usage);
    record.lines = if closing.void { Vec::new() } else { closing.division.bill.lines.clone() };
    record.timings = closing.timings;
    record.attempts = closing.attempts.to_vec();
    record.closed = Some(now);
    let app_did = record.app_did.clone();
    if billing == Billing::Credit && !charge.is_zero() {
        let event = UsageEvent { call: closing.call, account, app_did, amount: charge, created: now };
        tables.outbox.insert(closing.call, OutboxRow { event, mode: closing.mode, acknowledged: false });
    }
    end_claim(tables, closing.call, &closing.idempotency);
    Ok(())
}

fn end_claim(tables: &mut Tables, call: CallId, end: &ClaimEnd) {
    let Some(claim) = tables.calls.get(&call).and_then(|row| row.claim.clone()) else { return };
    let Some(row) = tables.claims.get_mut(&claim.scope).filter(|row| row.call == call) else { return };
    match end {
        ClaimEnd::None => {}
        ClaimEnd::Keep(answer) => row.kept = Kept::Answer(answer.clone()),
        ClaimEnd::NotKept => row.kept = Kept::Nothing,
        ClaimEnd::Release => {
            tables.claims.remove(&claim.scope);
        }
    }
}

/// Ends open calls whose owner can't any more.
fn reap(tables: &mut Tables, calls: &[CallId], now: UnixMillis) -> Result<u64, StorageError> {
    for call in calls {
        let Some(row) = tables.calls.get_mut(call) else { continue };
        row.reaped = true;
        row.record.status = CallStatus::Failed;
        row.record.state = "voided".to_owned();
        row.record.reason = End::Stale.reason().map(str::to_owned);
        row.record.closed = Some(now);
        let (account, hold) = (row.record.account, row.record.hold);
        tables
            .update_balance(account, |balance| {
                Ok(Balance { held: balance.held.checked_sub(hold)?, ..*balance })
            })
            .map_err(StorageError::broken)?;
        end_claim(tables, *call, &ClaimEnd::Release);
    }
    u64::try_from(calls.len()).map_err(StorageError::broken)
}

fn version(tables: &Tables, rate: Option<RateId>) -> Option<i32> {
    tables.rates.iter().find(|one| Some(one.id) == rate).map(|rate| rate.version)
}
