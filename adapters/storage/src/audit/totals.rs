//! Sums for each account, made in Rust: from the transfers what its balance has to be (A1, A13), from its
//! open calls what it holds (A2), and its charges as ledger, calls, outbox and reports have them (A12);
//! and for each report the sum of its items (A11).
//!
//! Rows are read in pages and only sums are kept, in 128 bits, so that books which somebody has filled
//! with absurd numbers are found wrong and don't stop the audit. The databases could sum as well, but
//! SQLite sorts for it, in memory, and fails where a sum leaves 64 bits.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ids::AccountId;
use uuid::Uuid;

use super::check::credits;
use super::findings::Findings;
use crate::connection::{Connection, on_backend};
use crate::schema::{accounts, meter_report_items, meter_reports, model_calls, outbox, transfers};
use crate::sql_types::{IsOpen, Key};

/// So many rows are in memory at a time.
const PAGE: i64 = 5_000;
/// A report has up to 500 items.
const REPORTS: i64 = 50;

#[derive(Default)]
pub struct Totals {
    of: HashMap<Key, Total>,
}

#[derive(Default)]
struct Total {
    /// By all transfers.
    posted: i128,
    /// What left by adjustments from outside.
    adjusted: i128,
    /// By open calls.
    held: i128,
    /// Charges, by transfers.
    ledger: i128,
    /// Charges, by settled calls.
    calls: i128,
    /// Charges, by outbox and reports.
    reported: i128,
}

/// Reads a table by its primary key, page by page: `pages!(conn, table, key, columns, row => …)`.
macro_rules! pages {
    ($conn:expr, $query:expr, $key:expr, $size:expr, $columns:expr, $rows:ident: $row:ty => $body:block) => {{
        let mut last = Key(Uuid::nil());
        loop {
            let $rows: Vec<$row> = on_backend!(&mut *$conn, c => {
                $query.filter($key.gt(last)).order($key).limit($size).select($columns).load(c).await
            })?;
            let Some(end) = $rows.last() else { break };
            last = end.0;
            $body
        }
    }};
}

impl Totals {
    /// A settled call was charged this.
    pub fn add_call(&mut self, account: Key, charge: i64) {
        self.total(account).calls += i128::from(charge);
    }

    fn total(&mut self, account: Key) -> &mut Total {
        self.of.entry(account).or_default()
    }

    /// Compares all that was summed up, calls included, with what accounts and reports say.
    pub async fn check(mut self, conn: &mut Connection, findings: &mut Findings) -> QueryResult<()> {
        self.add_transfers(conn).await?;
        self.add_open_calls(conn).await?;
        self.add_events(conn).await?;
        self.add_reports(conn, findings).await?;
        self.compare(conn, findings).await
    }

    async fn add_transfers(&mut self, conn: &mut Connection) -> QueryResult<()> {
        let columns =
            (transfers::id, transfers::kind, transfers::debit, transfers::credit, transfers::amount);
        pages!(conn, transfers::table, transfers::id, PAGE, columns, rows: (Key, String, Key, Key, i64) => {
            for (_, kind, from, to, amount) in rows {
                let amount = i128::from(amount);
                self.total(to).posted += amount;
                let payer = self.total(from);
                payer.posted -= amount;
                match kind.as_str() {
                    "charge" => payer.ledger += amount,
                    "adjust" | "expire" => payer.adjusted += amount,
                    _ => {}
                }
            }
        });
        Ok(())
    }

    async fn add_open_calls(&mut self, conn: &mut Connection) -> QueryResult<()> {
        // At once: as many calls as can be open fit into memory, and their index isn't ordered by id.
        let open: Vec<(Key, i64)> = on_backend!(conn, c => {
            model_calls::table.filter(IsOpen).select((model_calls::account_id, model_calls::hold)).load(c).await
        })?;
        for (account, hold) in open {
            self.total(account).held += i128::from(hold);
        }
        Ok(())
    }

    async fn add_events(&mut self, conn: &mut Connection) -> QueryResult<()> {
        let columns = (outbox::dedupe_key, outbox::account_id, outbox::amount);
        pages!(conn, outbox::table, outbox::dedupe_key, PAGE, columns, rows: (Key, Key, i64) => {
            for (_, account, amount) in rows {
                self.total(account).reported += i128::from(amount);
            }
        });
        Ok(())
    }

    async fn add_reports(&mut self, conn: &mut Connection, findings: &mut Findings) -> QueryResult<()> {
        let columns = (
            meter_reports::id,
            meter_reports::identifier,
            meter_reports::account_id,
            meter_reports::amount,
            meter_reports::carry_in,
            meter_reports::carry_out,
        );
        pages!(conn, meter_reports::table, meter_reports::id, REPORTS, columns, rows: (Key, String, Key, i64, i64, i64) => {
            let items = sums_of_items(conn, rows.iter().map(|row| row.0).collect()).await?;
            for (report, name, account, amount, carried_in, carried_out) in rows {
                let said = i128::from(amount) + i128::from(carried_out) - i128::from(carried_in);
                self.total(account).reported += said;
                let items = items.get(&report).copied().unwrap_or_default();
                if said != items {
                    let report = report.0.to_string();
                    let message = format!(
                        "report {report} ({name}): it reports {} with its residue, its items sum to {}",
                        credits(said),
                        credits(items)
                    );
                    findings.add("A11", report, message);
                }
            }
        });
        Ok(())
    }

    async fn compare(&self, conn: &mut Connection, findings: &mut Findings) -> QueryResult<()> {
        let none = Total::default();
        let columns = (accounts::id, accounts::kind, accounts::posted, accounts::held, accounts::overdraft);
        pages!(conn, accounts::table, accounts::id, PAGE, columns, rows: (Key, String, i64, i64, i64) => {
            for (key, kind, posted, held, overdraft) in rows {
                let total = self.of.get(&key).unwrap_or(&none);
                let [posted, held, overdraft] = [posted, held, overdraft].map(i128::from);
                let account = AccountId::from(key);
                let mut found = |check: &str, what: String| {
                    findings.add(check, account.to_string(), format!("account {account}: {what}"));
                };
                if held != total.held {
                    let (held, due) = (credits(held), credits(total.held));
                    found("A2", format!("{held} is held, its open calls hold {due}"));
                }
                // Those of the system keep no balance; what they pay and get is in the transfers.
                if kind != "user" {
                    continue;
                }
                if posted != total.posted {
                    let (posted, due) = (credits(posted), credits(total.posted));
                    found("A1", format!("its balance is {posted}, its transfers sum to {due}"));
                }
                let calls = credits(total.calls);
                if total.ledger != total.calls {
                    let sum = credits(total.ledger);
                    found("A12", format!("the ledger has {sum} in all, its calls were charged {calls}"));
                }
                if total.reported != total.calls {
                    let sum = credits(total.reported);
                    found("A12", format!("outbox and reports have {sum} in all, its calls were charged {calls}"));
                }
                if posted + total.adjusted < -overdraft {
                    let (posted, least) = (credits(posted), credits(-overdraft));
                    found("A13", format!(
                        "its balance is {posted}, it may fall to {least} and no adjustment explains the rest"
                    ));
                }
            }
        });
        Ok(())
    }
}

async fn sums_of_items(conn: &mut Connection, reports: Vec<Key>) -> QueryResult<HashMap<Key, i128>> {
    let items: Vec<(Key, i64)> = on_backend!(conn, c => {
        meter_report_items::table
            .filter(meter_report_items::report_id.eq_any(&reports))
            .select((meter_report_items::report_id, meter_report_items::amount))
            .load(c)
            .await
    })?;
    let mut sums = HashMap::new();
    for (report, amount) in items {
        *sums.entry(report).or_default() += i128::from(amount);
    }
    Ok(sums)
}
