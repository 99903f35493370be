//! A usage reporter that keeps what it was told.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::ids::CallId;
use crate::ports::{ReportError, UsageEvent, UsageReporter};

#[derive(Default)]
pub struct CollectedUsage(Mutex<Collected>);

#[derive(Default)]
struct Collected {
    events: BTreeMap<CallId, UsageEvent>,
    away: bool,
}

impl CollectedUsage {
    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing can be reported, until it is back.
    pub fn set_away(&self, away: bool) {
        self.collected().away = away;
    }

    /// Every event once, however often it came.
    pub fn events(&self) -> Vec<UsageEvent> {
        self.collected().events.values().cloned().collect()
    }
}

#[async_trait]
impl UsageReporter for CollectedUsage {
    async fn report(&self, events: &[UsageEvent]) -> Result<(), ReportError> {
        let mut collected = self.collected();
        if collected.away {
            return Err(ReportError::Away("the test said so".to_owned()));
        }
        for event in events {
            collected.events.entry(event.call).or_insert_with(|| event.clone());
        }
        Ok(())
    }
}
