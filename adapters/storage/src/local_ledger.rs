//! [`UsageReporter`] of ledger mode: the hub's own books are where usage goes, and the charge stands in
//! them already.

use std::collections::HashMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ports::{ReportError, UsageEvent, UsageReporter};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::schema::transfers;
use crate::sql_types::Key;

/// Checks that each event's charge stands in the books.
pub struct LocalLedger(Store);

impl LocalLedger {
    pub fn new(store: Store) -> Self {
        Self(store)
    }
}

#[async_trait]
impl UsageReporter for LocalLedger {
    /// Event and charge are written by one commit. One without the other is a defect that the audit
    /// shows; it must not keep others from being delivered.
    async fn report(&self, events: &[UsageEvent]) -> Result<(), ReportError> {
        if events.is_empty() {
            return Ok(());
        }
        let calls: Vec<Key> = events.iter().map(|event| event.call.into()).collect();
        let charges = self.0.read(calls, charges).await?;
        for event in events {
            let charge = charges.get(&event.call.into());
            if charge != Some(&(event.account.into(), event.amount.units())) {
                tracing::error!(call = %event.call, amount = %event.amount, "an event has no charge in the books");
            }
        }
        Ok(())
    }
}

/// Who was charged for these calls, and how much.
async fn charges(conn: &mut Connection, calls: &Vec<Key>) -> QueryResult<HashMap<Key, (Key, i64)>> {
    let rows: Vec<(Option<Key>, Key, i64)> = on_backend!(conn, c => {
        transfers::table
            .filter(transfers::kind.eq("charge").and(transfers::call_id.eq_any(calls)))
            .select((transfers::call_id, transfers::debit, transfers::amount))
            .load(c)
            .await
    })?;
    Ok(rows.into_iter().filter_map(|(call, debit, amount)| Some((call?, (debit, amount)))).collect())
}
