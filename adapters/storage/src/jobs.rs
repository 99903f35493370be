//! [`Jobs`]: which instance runs a background job, in the database's time.

use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ids::InstanceEpoch;
use hub_domain::ports::{Fence, Jobs, StorageError};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::Step;
use crate::schema::jobs;
use crate::sql_types::{Millis, Now};

struct Claim {
    job: String,
    by: InstanceEpoch,
    ttl: Duration,
    every: Duration,
}

#[async_trait]
impl Jobs for Store {
    async fn claim(
        &self,
        job: &str,
        by: &InstanceEpoch,
        ttl: Duration,
        every: Duration,
    ) -> Result<Option<Fence>, StorageError> {
        self.write(Claim { job: job.to_owned(), by: by.clone(), ttl, every }, claim).await
    }

    async fn done(&self, job: &str, fence: Fence) -> Result<(), StorageError> {
        self.write((job.to_owned(), fence), done).await
    }
}

async fn claim(conn: &mut Connection, claim: &Claim) -> Step<Option<Fence>> {
    on_backend!(conn, c => {
        diesel::insert_into(jobs::table)
            .values((jobs::name.eq(&claim.job), jobs::claimed_until_ms.eq(Millis(0)), jobs::fence.eq(0)))
            .on_conflict_do_nothing()
            .execute(c)
            .await
    })?;
    let owner = format!("{}/{}", claim.by.instance, claim.by.epoch);
    let fence: Option<i64> = on_backend!(conn, c => {
        diesel::update(jobs::table.find(&claim.job))
            .filter(jobs::claimed_until_ms.le(Now::PRESENT))
            .filter(jobs::done_ms.is_null().or(jobs::done_ms.assume_not_null().le(Now::minus(claim.every))))
            .set((
                jobs::owner.eq(Some(owner)),
                jobs::fence.eq(jobs::fence + 1),
                jobs::claimed_until_ms.eq(Now::plus(claim.ttl)),
            ))
            .returning(jobs::fence)
            .get_result(c)
            .await
            .optional()
    })?;
    Ok(fence.map(Fence))
}

async fn done(conn: &mut Connection, (job, fence): &(String, Fence)) -> Step<()> {
    on_backend!(conn, c => {
        diesel::update(jobs::table.find(job))
            .filter(jobs::fence.eq(fence.0))
            .set((
                jobs::owner.eq(None::<String>),
                jobs::claimed_until_ms.eq(Millis(0)),
                jobs::done_ms.eq(Now::PRESENT.nullable()),
            ))
            .execute(c)
            .await
    })?;
    Ok(())
}
