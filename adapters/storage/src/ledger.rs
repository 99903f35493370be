//! [`CallLedger`]: holds and endings of calls.
//!
//! On SQLite a hold and an ending are a few statements each, which the writer thread runs in groups, those
//! of usual calls [`together`], others one by one ([`hold`], [`ending`]). On PostgreSQL the writers of [`groups`] run those of many calls as one set. What is
//! decided, is decided by the same functions: [`Quote::size`](hub_domain::quote::Quote::size) how much is
//! held, [`ending::verdict`] what a repeated ending is told.

pub mod columns;
mod ending;
pub mod groups;
mod hold;
mod rows;
mod sets;
mod stale;
mod texts;
pub mod together;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use hub_domain::ids::InstanceEpoch;
use hub_domain::money::Credits;
use hub_domain::ports::{
    CallLedger, CloseError, Closed, Closing, HeldCall, HoldError, NewCall, StorageError,
};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::schema::model_calls;
use crate::sql_types::IsOpen;
use crate::store::{Database, Wanted};

/// Open calls that are closed in one step.
const BATCH: u32 = 1_000;

#[async_trait]
impl CallLedger for Store {
    async fn open(&self, call: NewCall) -> Result<HeldCall, HoldError> {
        let call = texts::call_without_nul(call);
        match &self.engine.database {
            Database::Sqlite { .. } => {
                let together = together::may_open(&call).then_some(together::open as _);
                self.write_call(Wanted::WhileHeard, call, hold::open, together).await
            }
            Database::Postgres { writers, .. } => writers.open(call).await,
        }
    }

    async fn close(&self, closing: Arc<Closing>) -> Result<Closed, CloseError> {
        let closing = texts::closing_without_nul(closing);
        match &self.engine.database {
            Database::Sqlite { .. } => {
                let together = together::may_close(&closing).then_some(together::close as _);
                self.write_call(Wanted::Always, closing, ending::close, together).await
            }
            Database::Postgres { writers, .. } => writers.close(closing).await,
        }
    }

    async fn close_earlier_epochs(&self, by: &InstanceEpoch) -> Result<u64, StorageError> {
        let mut all = 0;
        loop {
            let closed = self.write((by.clone(), BATCH), stale::close_earlier_epochs).await?;
            all += closed;
            if closed < u64::from(BATCH) {
                return Ok(all);
            }
        }
    }

    async fn close_stale(&self, lease_slack: Duration, limit: u32) -> Result<u64, StorageError> {
        self.write((lease_slack, limit), stale::close_stale).await
    }

    async fn open_holds(&self) -> Result<(u64, Credits), StorageError> {
        let (calls, held) = self.read((), open_holds).await?;
        Ok((u64::try_from(calls).unwrap_or_default(), Credits::from_units(held)))
    }
}

async fn open_holds(conn: &mut Connection, _: &()) -> QueryResult<(i64, i64)> {
    // A sum of bigints is a numeric on PostgreSQL.
    let held = diesel::dsl::sql::<BigInt>("CAST(coalesce(sum(hold), 0) AS bigint)");
    let open = model_calls::table.filter(IsOpen).select((diesel::dsl::count_star(), held));
    on_backend!(conn, c => open.first(c).await)
}
