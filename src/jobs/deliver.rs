//! Delivers usage events from the outbox to whoever keeps the customers' money.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::ports::{BillingMode, Outbox, StorageError, UsageReporter};

use super::{Job, deliver_usage};

pub struct DeliverUsage {
    pub mode: BillingMode,
    pub outbox: Arc<dyn Outbox>,
    pub reporter: Arc<dyn UsageReporter>,
}

#[async_trait]
impl Job for DeliverUsage {
    fn name(&self) -> &'static str {
        "deliver-usage"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run(&self) -> Result<(), StorageError> {
        let delivered =
            deliver_usage::deliver_usage(self.outbox.as_ref(), self.reporter.as_ref(), self.mode).await?;
        if delivered > 0 {
            tracing::debug!(events = delivered, "usage events were delivered");
        }
        Ok(())
    }
}
