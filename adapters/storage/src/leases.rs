//! [`Leases`]: lives of processes, in the database's time.

use std::time::Duration;

use async_trait::async_trait;
use diesel::dsl::{exists, max, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ids::InstanceEpoch;
use hub_domain::ports::{LeaseError, Leases, StorageError};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::{Failure, Step};
use crate::schema::{instances, model_calls};
use crate::sql_types::{Instant, IsOpen, Millis, Now};

/// Two processes of one name that start at once try for the next epoch so often.
const TRIES: u32 = 10;

#[async_trait]
impl Leases for Store {
    async fn begin(&self, instance: &str, ttl: Duration) -> Result<InstanceEpoch, StorageError> {
        self.vital().write((instance.to_owned(), ttl), begin).await
    }

    async fn renew(&self, epoch: &InstanceEpoch, ttl: Duration) -> Result<(), LeaseError> {
        self.vital().write((epoch.clone(), ttl), renew).await
    }

    async fn end(&self, epoch: &InstanceEpoch) -> Result<(), StorageError> {
        self.vital().write(epoch.clone(), end).await
    }

    async fn clock_skew_ms(&self) -> Result<i64, StorageError> {
        let before = Millis::of_this_machine();
        let there: Millis = self.vital().read((), now).await?;
        let after = Millis::of_this_machine();
        // The answer was made about half-way.
        Ok(there.0 - (before.0 + (after.0 - before.0) / 2))
    }
}

async fn now(conn: &mut Connection, _: &()) -> QueryResult<Millis> {
    on_backend!(conn, c => diesel::select(Now::PRESENT).get_result(c).await)
}

async fn begin(conn: &mut Connection, (instance, ttl): &(String, Duration)) -> Step<InstanceEpoch> {
    for _ in 0..TRIES {
        let last: Option<i64> = on_backend!(conn, c => {
            instances::table.filter(instances::id.eq(instance)).select(max(instances::epoch)).first(c).await
        })?;
        let epoch = last.unwrap_or(0) + 1;
        let begun = on_backend!(conn, c => {
            diesel::insert_into(instances::table)
                .values((
                    instances::id.eq(instance),
                    instances::epoch.eq(epoch),
                    instances::lease_until_ms.eq(Now::plus(*ttl)),
                    instances::ended.eq(false),
                ))
                .on_conflict_do_nothing()
                .execute(c)
                .await
        })?;
        if begun == 1 {
            forget_earlier(conn, instance, epoch).await?;
            return Ok(InstanceEpoch { instance: instance.as_str().into(), epoch });
        }
    }
    Err(Failure::Refused(StorageError::away("others of this name start all the time")))
}

/// Earlier lives that left nothing open are of no more use.
async fn forget_earlier(conn: &mut Connection, instance: &str, epoch: i64) -> QueryResult<()> {
    on_backend!(conn, c => {
        let open = model_calls::table
            .filter(IsOpen)
            .filter(model_calls::owner.eq(instances::id))
            .filter(model_calls::owner_epoch.eq(instances::epoch));
        let earlier = instances::table.filter(instances::id.eq(instance).and(instances::epoch.lt(epoch)));
        diesel::delete(earlier.filter(not(exists(open)))).execute(c).await
    })?;
    Ok(())
}

async fn renew(
    conn: &mut Connection,
    (epoch, ttl): &(InstanceEpoch, Duration),
) -> Result<(), Failure<LeaseError>> {
    let renewed = on_backend!(conn, c => {
        diesel::update(instances::table.find((&*epoch.instance, epoch.epoch)))
            .filter(instances::ended.eq(false))
            .set(instances::lease_until_ms.eq(Now::plus(*ttl)))
            .execute(c)
            .await
    })?;
    if renewed == 1 { Ok(()) } else { Err(Failure::Refused(LeaseError::Lost)) }
}

/// The row stays: it says which epoch comes next, and since when calls that are still open are stale.
async fn end(conn: &mut Connection, epoch: &InstanceEpoch) -> Step<()> {
    let until = on_backend!(conn, c => {
        instances::table
            .find((&*epoch.instance, epoch.epoch))
            .select((instances::lease_until_ms, Now::PRESENT))
            .first::<(Millis, Millis)>(c)
            .await
            .optional()
    })?;
    let Some((until, now)) = until else { return Ok(()) };
    let until = until.min(now).into_sql::<Instant>();
    on_backend!(conn, c => {
        diesel::update(instances::table.find((&*epoch.instance, epoch.epoch)))
            .set((instances::ended.eq(true), instances::lease_until_ms.eq(until)))
            .execute(c)
            .await
    })?;
    Ok(())
}
