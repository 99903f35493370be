//! What instances tell of upstreams, in memory.

use async_trait::async_trait;

use super::Memory;
use crate::ids::InstanceEpoch;
use crate::ports::{StorageError, UpstreamReport, UpstreamReports, UpstreamTrouble};

#[async_trait]
impl UpstreamReports for Memory {
    async fn tell(&self, by: &InstanceEpoch, troubles: Vec<UpstreamTrouble>) -> Result<(), StorageError> {
        self.tables()?.upstream_reports.insert(by.instance.clone(), (by.epoch, troubles));
        Ok(())
    }

    async fn told(&self) -> Result<Vec<UpstreamReport>, StorageError> {
        let now = self.now();
        let tables = self.tables()?;
        let is_live = |instance: &std::sync::Arc<str>, epoch: i64| {
            let life = InstanceEpoch { instance: instance.clone(), epoch };
            let latest = tables.last_epoch.get(instance) == Some(&epoch);
            latest && tables.leases.get(&life).is_some_and(|lease| !lease.ended && lease.until > now)
        };
        let told = tables.upstream_reports.iter().filter(|(instance, (epoch, _))| is_live(instance, *epoch));
        Ok(told
            .map(|(instance, (_, troubles))| UpstreamReport {
                instance: instance.clone(),
                troubles: troubles.clone(),
            })
            .collect())
    }
}
