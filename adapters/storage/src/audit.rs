//! [`Auditor`]: the proof that the books are right. Everything that is cached is derived anew, and
//! everything that is written twice is compared, in one read transaction, so that calls which go on
//! meanwhile confuse nothing. Memory is bounded by the number of accounts: rows are compared by the
//! database, or read in pages of which only sums are kept.
//!
//! | check | says |
//! |---|---|
//! | A1 | a user's balance is the sum of its transfers, and each transfer goes from one account to another |
//! | A2 | what an account holds is what its open calls hold |
//! | A3 | a call's charge and overrun are what was posted for it, and the charge is at most the hold |
//! | A4 | each charge and overrun was posted once, for a settled call, between the right accounts |
//! | A5 | price lines add up to charge and overrun |
//! | A6 | price lines are what the call's version of the rate makes of its usage |
//! | A7 | a call has one ending, or is open and within its time |
//! | A8 | an open call has a living owner |
//! | A9 | each charge is in the outbox or in a report, and not in both |
//! | A10 | outbox and reports have each charge as it is, for the account that paid, and nothing else |
//! | A11 | a report's amount is the sum of its items, with what is carried in and out |
//! | A12 | ledger, calls and reports have the same total for each account |
//! | A13 | no balance is lower than overdraft and adjustments explain |
//! | A14 | no report is stuck or refused |
//! | A15 | what one report carries out, the next one carries in |

mod calls;
mod check;
mod findings;
mod price_lines;
mod reports;
mod totals;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ports::{AuditCounts, AuditReport, Auditor, StorageError};

use self::findings::Findings;
use self::totals::Totals;
use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::schema::{accounts, model_calls, outbox, transfers};
use crate::sql_types::{IsOpen, Millis, Now};

/// A1 to A15.
const CHECKS: u64 = 15;

#[async_trait]
impl Auditor for Store {
    async fn audit(&self) -> Result<AuditReport, StorageError> {
        self.snapshot((), audit).await
    }
}

async fn audit(conn: &mut Connection, _: &()) -> QueryResult<AuditReport> {
    let Millis(now) = on_backend!(conn, c => diesel::select(Now::PRESENT).get_result(c).await)?;
    let mut findings = Findings::default();
    for check in calls::CHECKS.iter().chain(reports::CHECKS) {
        check.run(conn, now, &mut findings).await?;
    }
    let mut totals = Totals::default();
    price_lines::check(conn, &mut totals, &mut findings).await?;
    totals.check(conn, &mut findings).await?;
    let open = model_calls::table.filter(IsOpen);
    let open_holds: i64 = on_backend!(conn, c => open.count().get_result(c).await)?;
    Ok(AuditReport {
        findings: findings.into_vec(),
        open_holds: wide(open_holds),
        checked: counts(conn).await?,
    })
}

async fn counts(conn: &mut Connection) -> QueryResult<AuditCounts> {
    let users = accounts::table.filter(accounts::kind.eq("user"));
    let accounts: i64 = on_backend!(conn, c => users.count().get_result(c).await)?;
    let calls: i64 = on_backend!(conn, c => model_calls::table.count().get_result(c).await)?;
    let transfers: i64 = on_backend!(conn, c => transfers::table.count().get_result(c).await)?;
    let outbox: i64 = on_backend!(conn, c => outbox::table.count().get_result(c).await)?;
    Ok(AuditCounts {
        accounts: wide(accounts),
        calls: wide(calls),
        transfers: wide(transfers),
        outbox: wide(outbox),
        checks: CHECKS,
    })
}

fn wide(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
