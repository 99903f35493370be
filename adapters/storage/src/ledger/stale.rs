//! Ending calls whose owner can't any more: it died, lost its lease, or forgot them.
//!
//! Owner and reaper race for a call; its state decides, so exactly one wins. Rows are locked in the order
//! in which everybody does: accounts by id, then calls.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ending::End;
use hub_domain::ids::InstanceEpoch;

use super::sets::{LockAccounts, MoveBalances};
use crate::connection::{Connection, on_backend};
use crate::failure::Step;
use crate::schema::{accounts, idempotency_keys, instances, model_calls};
use crate::sql_types::{IsOpen, Key, Now};

/// An open call is stale when it is open so much longer than it may be.
const PAST_LIMIT: Duration = Duration::from_secs(60);

type Candidate = (Key, Key);

/// A batch of open calls of earlier epochs of an instance.
pub async fn close_earlier_epochs(conn: &mut Connection, (by, limit): &(InstanceEpoch, u32)) -> Step<u64> {
    on_backend!(conn, c => {
        diesel::update(instances::table)
            .filter(instances::id.eq(&*by.instance).and(instances::epoch.lt(by.epoch)))
            .filter(instances::ended.eq(false))
            .set(instances::ended.eq(true))
            .execute(c)
            .await
    })?;
    let stale: Vec<Candidate> = on_backend!(conn, c => {
        model_calls::table
            .filter(IsOpen)
            .filter(model_calls::owner.eq(&*by.instance).and(model_calls::owner_epoch.lt(by.epoch)))
            .select((model_calls::id, model_calls::account_id))
            .limit(i64::from(*limit))
            .load(c)
            .await
    })?;
    reap(conn, stale).await
}

/// A batch of open calls whose owner's lease is over by so much, or that are open for too long.
pub async fn close_stale(conn: &mut Connection, (slack, limit): &(Duration, u32)) -> Step<u64> {
    // Whoever lost a call to the reaper must not believe that it still owns its calls.
    on_backend!(conn, c => {
        diesel::update(instances::table)
            .filter(instances::ended.eq(false).and(instances::lease_until_ms.lt(Now::minus(*slack))))
            .set(instances::ended.eq(true))
            .execute(c)
            .await
    })?;
    let stale: Vec<Candidate> = on_backend!(conn, c => {
        let living = instances::table
            .filter(instances::id.eq(model_calls::owner))
            .filter(instances::epoch.eq(model_calls::owner_epoch))
            .filter(instances::lease_until_ms.ge(Now::minus(*slack)));
        model_calls::table
            .filter(IsOpen)
            .filter(not(exists(living)).or(model_calls::deadline_ms.lt(Now::minus(PAST_LIMIT))))
            .select((model_calls::id, model_calls::account_id))
            .limit(i64::from(*limit))
            .load(c)
            .await
    })?;
    reap(conn, stale).await
}

async fn reap(conn: &mut Connection, stale: Vec<Candidate>) -> Step<u64> {
    if stale.is_empty() {
        return Ok(0);
    }
    let (calls, mut owners): (Vec<Key>, Vec<Key>) = stale.into_iter().unzip();
    if let Connection::Postgres(c) = conn {
        owners.sort_unstable();
        owners.dedup();
        LockAccounts { ids: owners }.execute(c).await?;
    }
    let ended: Vec<(Key, Key, i64)> = on_backend!(conn, c => {
        diesel::update(model_calls::table)
            .filter(model_calls::id.eq_any(calls).and(IsOpen))
            .set((
                model_calls::state.eq("voided"),
                model_calls::outcome.eq(Some(End::Stale.outcome().name())),
                model_calls::reason.eq(End::Stale.reason()),
                model_calls::closed_ms.eq(Now::PRESENT.nullable()),
            ))
            .returning((model_calls::id, model_calls::account_id, model_calls::hold))
            .get_results(c)
            .await
    })?;
    let mut released = BTreeMap::<Key, i64>::new();
    for (_, account, hold) in &ended {
        *released.entry(*account).or_default() += hold;
    }
    release(conn, released).await?;
    let calls: Vec<Key> = ended.iter().map(|(call, ..)| *call).collect();
    on_backend!(conn, c => {
        diesel::delete(idempotency_keys::table.filter(idempotency_keys::call_id.eq_any(calls))).execute(c).await
    })?;
    Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
}

async fn release(conn: &mut Connection, released: BTreeMap<Key, i64>) -> QueryResult<()> {
    match conn {
        Connection::Postgres(c) => {
            let mut moves = MoveBalances::default();
            for (account, hold) in released {
                moves.push(account, 0, -hold);
            }
            moves.execute(c).await?;
        }
        Connection::Sqlite(c) => {
            for (account, hold) in released {
                diesel::update(accounts::table.find(account))
                    .set(accounts::held.eq(accounts::held - hold))
                    .execute(c)
                    .await?;
            }
        }
    }
    Ok(())
}
