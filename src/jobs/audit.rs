//! Audits the books each hour, so that a fault is seen before somebody asks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::ports::{Auditor, StorageError};

use super::Job;
use crate::telemetry::Metrics;

pub struct HourlyAudit {
    pub auditor: Arc<dyn Auditor>,
    pub metrics: Arc<Metrics>,
}

#[async_trait]
impl Job for HourlyAudit {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(3600)
    }

    fn lease(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn run(&self) -> Result<(), StorageError> {
        let report = self.auditor.audit().await?;
        self.metrics.audited(report.findings.iter().map(|finding| finding.check.as_str()));
        for finding in report.findings.iter().take(20) {
            tracing::error!(check = finding.check, subject = finding.subject, "audit: {}", finding.message);
        }
        Ok(())
    }
}
