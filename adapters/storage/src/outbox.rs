//! [`Outbox`]: events of charged calls. They are written with their settlement, and leave the process
//! only once the disk has them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ids::CallId;
use hub_domain::money::Credits;
use hub_domain::ports::{BillingMode, Outbox, StorageError, UsageEvent};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::Step;
use crate::schema::outbox;
use crate::sql_types::{Key, Millis, Now};
use crate::store::Database;

/// Events that one statement acknowledges.
const BATCH: usize = 1_000;
/// The same on SQLite, whose one writer has calls waiting behind each statement.
const SQLITE_BATCH: usize = 50;

#[async_trait]
impl Outbox for Store {
    async fn waiting(&self, mode: BillingMode, limit: u32) -> Result<Vec<UsageEvent>, StorageError> {
        let events = self.read((mode, limit), waiting).await?;
        // PostgreSQL shows nothing that its disk has not.
        if let (Database::Sqlite { writer, .. }, false) = (&self.engine.database, events.is_empty()) {
            writer.on_disk.caught_up().await?;
        }
        Ok(events)
    }

    async fn acknowledge(&self, calls: &[CallId]) -> Result<(), StorageError> {
        let batch = match &self.engine.database {
            Database::Sqlite { .. } => SQLITE_BATCH,
            Database::Postgres { .. } => BATCH,
        };
        for calls in calls.chunks(batch) {
            let calls: Vec<Key> = calls.iter().map(|call| Key::from(*call)).collect();
            self.write(calls, acknowledge).await?;
        }
        Ok(())
    }

    async fn depth(&self) -> Result<u64, StorageError> {
        let waiting = self.read((), depth).await?;
        Ok(u64::try_from(waiting).unwrap_or_default())
    }
}

async fn waiting(conn: &mut Connection, (mode, limit): &(BillingMode, u32)) -> QueryResult<Vec<UsageEvent>> {
    type Row = (Key, Key, Option<String>, i64, Millis);
    let rows: Vec<Row> = on_backend!(conn, c => {
        outbox::table
            .filter(outbox::acked_ms.is_null().and(outbox::mode.eq(mode.name())))
            .order((outbox::created_ms, outbox::dedupe_key))
            .limit(i64::from(*limit))
            .select((outbox::dedupe_key, outbox::account_id, outbox::app_did, outbox::amount, outbox::created_ms))
            .load(c)
            .await
    })?;
    let event = |(call, account, app_did, amount, created): Row| UsageEvent {
        call: call.into(),
        account: account.into(),
        app_did,
        amount: Credits::from_units(amount),
        created: created.into(),
    };
    Ok(rows.into_iter().map(event).collect())
}

/// Only the hub's own books acknowledge an event here; what is reported elsewhere moves into a report.
async fn acknowledge(conn: &mut Connection, calls: &Vec<Key>) -> Step<()> {
    on_backend!(conn, c => {
        diesel::update(outbox::table)
            .filter(outbox::dedupe_key.eq_any(calls))
            .filter(outbox::acked_ms.is_null().and(outbox::mode.eq(BillingMode::Ledger.name())))
            .set(outbox::acked_ms.eq(Now::PRESENT.nullable()))
            .execute(c)
            .await
    })?;
    Ok(())
}

async fn depth(conn: &mut Connection, _: &()) -> QueryResult<i64> {
    on_backend!(conn, c => outbox::table.filter(outbox::acked_ms.is_null()).count().get_result(c).await)
}
