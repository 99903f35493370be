//! Delivers usage: hands the events that wait in the outbox to whoever keeps the customers' money.

use crate::ports::{BillingMode, Outbox, ReportError, StorageError, UsageReporter};

/// Events in one report.
const BATCH: u32 = 500;
/// Reports of one run. Whoever runs this holds a lease, which a long backlog must not outlast.
const BATCHES: u32 = 100;

/// Reports what waits in this mode, oldest first, and acknowledges each batch once it was taken. How
/// many events were delivered; where the reporter is away the rest waits for the next run.
///
/// An event is reported at least once: a process that dies between report and acknowledgement reports
/// it again, which the reporter must not mind.
pub async fn deliver_usage(
    outbox: &dyn Outbox,
    reporter: &dyn UsageReporter,
    mode: BillingMode,
) -> Result<u64, StorageError> {
    let mut delivered = 0_u64;
    for _ in 0..BATCHES {
        let events = outbox.waiting(mode, BATCH).await?;
        if events.is_empty() {
            break;
        }
        match reporter.report(&events).await {
            Ok(()) => {}
            Err(ReportError::Away(_)) => break,
            Err(ReportError::Storage(error)) => return Err(error),
        }
        let calls: Vec<_> = events.iter().map(|event| event.call).collect();
        outbox.acknowledge(&calls).await?;
        let count = u64::try_from(calls.len()).unwrap_or(u64::MAX);
        delivered = delivered.saturating_add(count);
        if count < u64::from(BATCH) {
            break;
        }
    }
    Ok(delivered)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use futures_executor::block_on;

    use super::*;
    use crate::memory::{CollectedUsage, Memory};
    use crate::money::Credits;
    use crate::ports::UsageEvent;
    use crate::ports::contract::Stage;
    use crate::usage::{Quantities, Usage};

    /// A store in which so many calls were charged three units each.
    async fn with_charged_calls(calls: u32) -> Memory {
        let memory = Memory::new();
        let stage = Stage::set(&memory, 1_000_000).await;
        let quantities = Quantities::default().with(crate::meter::Meter::Input, 3);
        for _ in 0..calls {
            stage.run(&stage.call(10, Some(20)), Usage { quantities, ..Usage::default() }).await;
        }
        memory
    }

    #[test]
    fn a_backlog_is_delivered_whole_and_once() {
        block_on(async {
            let (memory, reporter) = (with_charged_calls(2 * BATCH + 1).await, CollectedUsage::default());

            let delivered = deliver_usage(&memory, &reporter, BillingMode::Ledger).await.unwrap();
            assert_eq!(delivered, u64::from(2 * BATCH + 1));
            assert_eq!(u64::try_from(reporter.events().len()), Ok(delivered));
            assert!(reporter.events().iter().all(|event| event.amount == Credits::from_units(3)));
            assert_eq!(memory.depth().await.unwrap(), 0);
            assert_eq!(deliver_usage(&memory, &reporter, BillingMode::Ledger).await.unwrap(), 0);
        });
    }

    #[test]
    fn events_wait_while_the_reporter_is_away() {
        block_on(async {
            let (memory, reporter) = (with_charged_calls(3).await, CollectedUsage::default());
            reporter.set_away(true);
            assert_eq!(deliver_usage(&memory, &reporter, BillingMode::Ledger).await.unwrap(), 0);
            assert_eq!(memory.depth().await.unwrap(), 3, "nothing was acknowledged");

            reporter.set_away(false);
            assert_eq!(deliver_usage(&memory, &reporter, BillingMode::Ledger).await.unwrap(), 3);
            assert_eq!(memory.depth().await.unwrap(), 0);
        });
    }

    #[test]
    fn events_of_another_mode_are_left_alone() {
        block_on(async {
            let (memory, reporter) = (with_charged_calls(2).await, CollectedUsage::default());

            assert_eq!(deliver_usage(&memory, &reporter, BillingMode::PaymentKit).await.unwrap(), 0);
            assert!(reporter.events().is_empty());
            assert_eq!(memory.depth().await.unwrap(), 2);
        });
    }

    #[test]
    fn a_database_that_is_away_is_told() {
        block_on(async {
            let (memory, reporter) = (with_charged_calls(1).await, CollectedUsage::default());
            memory.set_away(true);

            let outcome = deliver_usage(&memory, &reporter, BillingMode::Ledger).await;
            assert!(outcome.unwrap_err().is_away());
        });
    }

    /// Takes events and then loses the database, as a process does that dies after the report.
    struct DiesAfterReport<'a>(&'a Memory, CollectedUsage);

    #[async_trait]
    impl UsageReporter for DiesAfterReport<'_> {
        async fn report(&self, events: &[UsageEvent]) -> Result<(), ReportError> {
            self.1.report(events).await?;
            self.0.set_away(true);
            Ok(())
        }
    }

    #[test]
    fn what_was_reported_and_not_acknowledged_is_reported_again() {
        block_on(async {
            let memory = with_charged_calls(2).await;
            let reporter = DiesAfterReport(&memory, CollectedUsage::default());
            assert!(deliver_usage(&memory, &reporter, BillingMode::Ledger).await.is_err());
            memory.set_away(false);
            assert_eq!(memory.depth().await.unwrap(), 2);

            let again = deliver_usage(&memory, &reporter.1, BillingMode::Ledger).await.unwrap();
            assert_eq!((again, reporter.1.events().len()), (2, 2), "each counts once");
        });
    }
}
