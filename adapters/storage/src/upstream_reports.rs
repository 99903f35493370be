//! [`UpstreamReports`]: what each instance finds wrong with upstreams.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hub_domain::ids::InstanceEpoch;
use hub_domain::ports::{StorageError, UpstreamReport, UpstreamReports, UpstreamTrouble};

use crate::Store;
use crate::connection::{Connection, on_backend};
use crate::failure::Step;
use crate::schema::{instances, upstream_reports};
use crate::sql_types::{AsJson, Now};

async fn tell(
    conn: &mut Connection,
    (by, troubles): &(InstanceEpoch, AsJson<Vec<UpstreamTrouble>>),
) -> Step<()> {
    on_backend!(conn, c => {
        diesel::delete(upstream_reports::table.find(&*by.instance)).execute(c).await
    })?;
    on_backend!(conn, c => {
        diesel::insert_into(upstream_reports::table)
            .values((
                upstream_reports::owner.eq(&*by.instance),
                upstream_reports::owner_epoch.eq(by.epoch),
                upstream_reports::troubles.eq(troubles),
                upstream_reports::told_ms.eq(Now::PRESENT),
            ))
            .execute(c)
            .await
    })?;
    Ok(())
}

async fn told(conn: &mut Connection, _: &()) -> QueryResult<Vec<UpstreamReport>> {
    let rows: Vec<(String, AsJson<Vec<UpstreamTrouble>>)> = on_backend!(conn, c => {
        upstream_reports::table
            .inner_join(instances::table.on(
                instances::id.eq(upstream_reports::owner).and(instances::epoch.eq(upstream_reports::owner_epoch)),
            ))
            .filter(instances::ended.eq(false).and(instances::lease_until_ms.gt(Now::PRESENT)))
            .select((upstream_reports::owner, upstream_reports::troubles))
            .load(c)
            .await
    })?;
    let report = |(instance, AsJson(troubles)): (String, AsJson<_>)| UpstreamReport {
        instance: instance.into(),
        troubles,
    };
    let mut reports: Vec<_> = rows.into_iter().map(report).collect();
    reports.sort_by(|one, other| one.instance.cmp(&other.instance));
    Ok(reports)
}

#[async_trait]
impl UpstreamReports for Store {
    async fn tell(&self, by: &InstanceEpoch, troubles: Vec<UpstreamTrouble>) -> Result<(), StorageError> {
        self.write((by.clone(), AsJson(troubles)), tell).await
    }

    async fn told(&self) -> Result<Vec<UpstreamReport>, StorageError> {
        self.read((), told).await
    }
}
