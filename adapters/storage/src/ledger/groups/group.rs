//! Calls that are opened and ended in one transaction of PostgreSQL.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::result::Error;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::{try_join, try_join4};
use hub_domain::ids::CallId;
use hub_domain::money::Credits;
use hub_domain::ports::{
    ClaimState, CloseError, Closed, Closing, HeldCall, HoldError, NewCall, StorageError,
};
use tokio::sync::oneshot;

use crate::answers;
use crate::connection::Connection;
use crate::failure::is_connection_lost;
use crate::ledger::ending::{end_claim, endings, transfers_of, verdict};
use crate::ledger::hold::{Funds, make_claim, size};
use crate::ledger::rows::{self, CallTransfer, EndedCall, OpenedCall};
use crate::ledger::sets::{EndCalls, Events, LockAccounts, MoveBalances, OpenCalls, Transfers};
use crate::schema::{call_attempts, model_calls};
use crate::sql_types::{Key, Millis, whole_millis};

struct Open {
    call: NewCall,
    reply: oneshot::Sender<Result<HeldCall, HoldError>>,
    answer: Option<Result<HeldCall, HoldError>>,
    /// An earlier try was committed after all: its answer holds.
    stands: bool,
}

struct Close {
    closing: Arc<Closing>,
    reply: oneshot::Sender<Result<Closed, CloseError>>,
    answer: Option<Result<Closed, CloseError>>,
}

/// How a transaction was lost.
pub enum Lost {
    /// Before its commit: nothing was written.
    Unwritten(Error),
    /// At its commit, with the connection: nobody knows.
    AtCommit(Error),
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::Unwritten(error)
    }
}

#[derive(Default)]
pub struct Group {
    opens: Vec<Open>,
    closes: Vec<Close>,
    /// The last try may have been committed.
    is_doubtful: bool,
}

impl Group {
    pub fn len(&self) -> usize {
        self.opens.len() + self.closes.len()
    }

    pub fn open(&mut self, call: NewCall, reply: oneshot::Sender<Result<HeldCall, HoldError>>) {
        self.opens.push(Open { call, reply, answer: None, stands: false });
    }

    pub fn close(&mut self, closing: Arc<Closing>, reply: oneshot::Sender<Result<Closed, CloseError>>) {
        self.closes.push(Close { closing, reply, answer: None });
    }

    /// Of two endings of one call in a set it would be open which one counts.
    pub fn has_ending_of(&self, call: CallId) -> bool {
        self.closes.iter().any(|close| close.closing.call == call)
    }

    /// Each call by itself.
    pub fn split(self) -> impl Iterator<Item = Group> {
        let opens = self.opens.into_iter().map(|open| Group { opens: vec![open], ..Group::default() });
        let closes = self.closes.into_iter().map(|close| Group { closes: vec![close], ..Group::default() });
        closes.chain(opens)
    }

    pub fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// Tells callers how it went; nobody may be left to hear it.
    pub fn answer(self) {
        let unanswered = || StorageError::broken("a call was left out of its group");
        for Open { reply, answer, .. } in self.opens {
            let _gone = reply.send(answer.unwrap_or_else(|| Err(unanswered().into())));
        }
        for Close { reply, answer, .. } in self.closes {
            let _gone = reply.send(answer.unwrap_or_else(|| Err(unanswered().into())));
        }
    }

    pub fn refuse(self, error: &StorageError) {
        for open in self.opens {
            let _gone = open.reply.send(Err(error.clone().into()));
        }
        for close in self.closes {
            let _gone = close.reply.send(Err(error.clone().into()));
        }
    }

    /// Writes all of it in one transaction.
    pub async fn write(&mut self, conn: &mut Connection) -> Result<(), Lost> {
        let mut funds = begin(postgres(conn)?, self.accounts()).await?;
        self.forget(postgres(conn)?).await?;
        let mut changes = Changes::default();
        let (mut transfers, mut events) = (Transfers::default(), Events::default());
        end(conn, &mut self.closes, &mut changes, &mut transfers, &mut events).await?;
        changes.apply(&mut funds)?;
        let opened = hold(conn, &mut self.opens, &mut funds, &mut changes).await?;
        pay(postgres(conn)?, &changes, &opened, &transfers, &events).await?;
        for open in &self.opens {
            if let (Some(claim), Some(Ok(_)), false) = (&open.call.claim, &open.answer, open.stands) {
                make_claim(conn, &open.call, claim).await?;
            }
        }
        conn.batch("COMMIT").await.map_err(|error| {
            if is_connection_lost(&error) { Lost::AtCommit(error) } else { Lost::Unwritten(error) }
        })
    }

    fn accounts(&self) -> Vec<Key> {
        let opened = self.opens.iter().map(|open| open.call.account);
        let ended = self.closes.iter().map(|close| close.closing.account);
        let mut accounts: Vec<Key> = opened.chain(ended).map(Key::from).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// Forgets answers of an earlier try, apart from those that turn out to be committed. By now the
    /// accounts are locked, so that try is over. An ending may be repeated anyhow.
    async fn forget(&mut self, pg: &mut AsyncPgConnection) -> QueryResult<()> {
        if std::mem::take(&mut self.is_doubtful) {
            let ids = self.opens.iter().map(|open| Key::from(open.call.id));
            let there: Vec<Key> = model_calls::table
                .filter(model_calls::id.eq_any(ids.collect::<Vec<_>>()))
                .select(model_calls::id)
                .load(pg)
                .await?;
            for open in &mut self.opens {
                open.stands |= matches!(open.answer, Some(Ok(_))) && there.contains(&open.call.id.into());
            }
        }
        for open in self.opens.iter_mut().filter(|open| !open.stands) {
            open.answer = None;
        }
        for close in &mut self.closes {
            close.answer = None;
        }
        Ok(())
    }
}

/// Ends calls, and notes what has to be paid for them.
async fn end(
    conn: &mut Connection,
    closes: &mut [Close],
    changes: &mut Changes,
    transfers: &mut Transfers<'static>,
    events: &mut Events<'static>,
) -> QueryResult<()> {
    if closes.is_empty() {
        return Ok(());
    }
    let mut set = EndCalls::default();
    for close in &*closes {
        push_ended(&mut set, &close.closing);
    }
    let rows: Vec<(Key, i64, String, Option<String>)> = set.load(postgres(conn)?).await?;
    let parts = |(id, hold, billing, app_did)| (id, (hold, billing, app_did));
    let mut ended: HashMap<Key, _> = rows.into_iter().map(parts).collect();
    let mut late = Vec::new();
    for Close { closing, answer, .. } in &mut *closes {
        let Some((hold, billing, app_did)) = ended.remove(&closing.call.into()) else {
            late.push(Key::from(closing.call));
            continue;
        };
        let charge = rows::charge(closing);
        changes.add(closing.account.into(), -charge, -hold)?;
        for transfer in transfers_of(closing, Millis(0)) {
            let CallTransfer { id, kind, debit, credit, amount, call_id, .. } = transfer;
            transfers.push(id, kind, debit, credit, amount, call_id);
        }
        if billing == "credit" && charge > 0 {
            let mode = closing.mode.name();
            events.push(closing.call.into(), mode, closing.account.into(), app_did, charge);
        }
        for attempt in rows::attempts(closing) {
            diesel::insert_into(call_attempts::table).values(&attempt).execute(postgres(conn)?).await?;
        }
        end_claim(conn, closing).await?;
        *answer = Some(Ok(Closed::Done { charge: Credits::from_units(charge) }));
    }
    if !late.is_empty() {
        let known = endings(conn, late).await?;
        for close in closes.iter_mut().filter(|close| close.answer.is_none()) {
            let known = known.iter().find(|ending| ending.id == close.closing.call.into());
            close.answer = Some(known.map_or(Err(CloseError::Unknown), verdict));
        }
    }
    Ok(())
}

/// Decides what is held for each call, in turn.
async fn hold<'a>(
    conn: &mut Connection,
    opens: &'a mut [Open],
    funds: &mut HashMap<Key, Funds>,
    changes: &mut Changes,
) -> QueryResult<OpenCalls<'a>> {
    let mut opened = OpenCalls::default();
    let mut claimed = HashMap::new();
    for Open { call, answer, stands, .. } in opens {
        let call: &'a NewCall = call;
        if *stands {
            continue;
        }
        let Some(funds) = funds.get_mut(&call.account.into()) else {
            *answer = Some(Err(HoldError::UnknownAccount));
            continue;
        };
        if let Some(state) = obstacle(conn, call, &claimed).await? {
            *answer = Some(Err(HoldError::Claimed(state)));
            continue;
        }
        let reserved = match size(call, *funds) {
            Ok(reserved) => reserved,
            Err(error) => {
                *answer = Some(Err(error));
                continue;
            }
        };
        let hold = reserved.hold.units();
        funds.held = funds.held.checked_add(hold).ok_or_else(out_of_range)?;
        changes.add(call.account.into(), 0, hold)?;
        push_opened(&mut opened, OpenedCall::new(call, hold, Millis(0)), whole_millis(call.time_limit));
        if let Some(claim) = &call.claim {
            claimed.insert(claim.scope, claim.fingerprint);
        }
        *answer = Some(Ok(HeldCall { reserved }));
    }
    Ok(opened)
}

/// What stands in the way of a call's claim, in the database or earlier in this group.
async fn obstacle(
    conn: &mut Connection,
    call: &NewCall,
    claimed: &HashMap<[u8; 32], [u8; 32]>,
) -> QueryResult<Option<ClaimState>> {
    let Some(claim) = &call.claim else { return Ok(None) };
    match claimed.get(&claim.scope) {
        Some(fingerprint) if *fingerprint == claim.fingerprint => Ok(Some(ClaimState::InProgress)),
        Some(_) => Ok(Some(ClaimState::Mismatch)),
        None => answers::find(conn, &(call.account, claim.clone())).await,
    }
}

/// Begins the transaction and locks the accounts, always in the same order; what they have.
async fn begin(pg: &AsyncPgConnection, accounts: Vec<Key>) -> QueryResult<HashMap<Key, Funds>> {
    // Sent together: the lock is never asked for before the transaction has begun.
    let (mut first, mut second) = (pg, pg);
    let lock = LockAccounts { ids: accounts };
    let locked = try_join(first.batch_execute("BEGIN"), lock.load(&mut second)).await?.1;
    let funds = |(id, posted, held, overdraft)| (id, Funds { posted, held, overdraft });
    Ok(Vec::<(Key, i64, i64, i64)>::into_iter(locked).map(funds).collect())
}

/// Writes what does not depend on each other, without waiting in between.
async fn pay(
    pg: &AsyncPgConnection,
    changes: &Changes,
    opened: &OpenCalls<'_>,
    transfers: &Transfers<'_>,
    events: &Events<'_>,
) -> QueryResult<()> {
    let (mut first, mut second, mut third, mut fourth) = (pg, pg, pg, pg);
    let moves = changes.as_moves();
    let moves = async { if moves.id.is_empty() { Ok(0) } else { moves.execute(&mut first).await } };
    let opened = async { if opened.id.is_empty() { Ok(0) } else { opened.execute(&mut second).await } };
    let paid = async { if transfers.id.is_empty() { Ok(0) } else { transfers.execute(&mut third).await } };
    let told = async { if events.dedupe_key.is_empty() { Ok(0) } else { events.execute(&mut fourth).await } };
    try_join4(moves, opened, paid, told).await.map(|_| ())
}

/// What changes on accounts, in units: posted and held.
#[derive(Default)]
struct Changes(BTreeMap<Key, (i64, i64)>);

impl Changes {
    fn add(&mut self, account: Key, posted: i64, held: i64) -> QueryResult<()> {
        let change = self.0.entry(account).or_default();
        let sums = change.0.checked_add(posted).zip(change.1.checked_add(held));
        *change = sums.ok_or_else(out_of_range)?;
        Ok(())
    }

    fn apply(&self, funds: &mut HashMap<Key, Funds>) -> QueryResult<()> {
        for (account, (posted, held)) in &self.0 {
            let Some(funds) = funds.get_mut(account) else { continue };
            funds.posted = funds.posted.checked_add(*posted).ok_or_else(out_of_range)?;
            funds.held = funds.held.checked_add(*held).ok_or_else(out_of_range)?;
        }
        Ok(())
    }

    fn as_moves(&self) -> MoveBalances<'static> {
        let mut moves = MoveBalances::default();
        for (account, (posted, held)) in self.0.iter().filter(|(_, change)| **change != (0, 0)) {
            moves.push(*account, *posted, *held);
        }
        moves
    }
}

fn out_of_range() -> Error {
    Error::SerializationError("a sum of amounts is out of range".into())
}

fn postgres(conn: &mut Connection) -> QueryResult<&mut AsyncPgConnection> {
    match conn {
        Connection::Postgres(pg) => Ok(pg),
        Connection::Sqlite(_) => Err(Error::QueryBuilderError("a group is for PostgreSQL".into())),
    }
}

fn push_opened<'a>(set: &mut OpenCalls<'a>, row: OpenedCall<'a>, time_limit: i64) {
    set.push(
        row.id,
        row.account_id,
        row.key_id,
        row.app_did,
        row.provider,
        row.model,
        row.credential_id,
        row.call_type,
        row.stream,
        row.billing,
        row.rate_id,
        row.hold,
        row.request_id,
        row.trace_id,
        row.owner,
        row.owner_epoch,
        time_limit,
    );
}

fn push_ended<'a>(set: &mut EndCalls<'a>, closing: &'a Closing) {
    let row = EndedCall::new(closing, None);
    set.push(
        closing.call.into(),
        closing.account.into(),
        &closing.by.instance,
        closing.by.epoch,
        row.provider,
        row.model,
        row.credential_id,
        row.rate_id,
        row.state,
        row.outcome,
        row.reason,
        row.error,
        row.finish_reason,
        row.charge,
        row.overrun,
        row.lines,
        row.duration_ms,
        row.ttfb_ms,
        row.provider_ttfb_ms,
        row.upstream_id,
    );
}
