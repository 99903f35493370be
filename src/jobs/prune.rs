//! Deletes kept answers that are older than a day.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::ports::{Answers, StorageError};

use super::Job;

const BATCH: u32 = 500;

pub struct PruneAnswers {
    pub answers: Arc<dyn Answers>,
}

#[async_trait]
impl Job for PruneAnswers {
    fn name(&self) -> &'static str {
        "prune-answers"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(300)
    }

    async fn run(&self) -> Result<(), StorageError> {
        while self.answers.prune(BATCH).await? == u64::from(BATCH) {}
        Ok(())
    }
}
