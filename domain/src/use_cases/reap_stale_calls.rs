//! Reaps stale calls: ends those whose owner can't do it any more, so that no hold is left behind.

use std::time::Duration;

use crate::ports::{CallLedger, StorageError};

/// Calls that are ended in one step. A step locks their accounts, so it stays short.
const BATCH: u32 = 100;

/// Ends every open call whose owner's lease has been over for `lease_slack`, or that has been open for
/// too long; batch by batch until none is left. How many there were.
pub async fn reap_stale_calls(ledger: &dyn CallLedger, lease_slack: Duration) -> Result<u64, StorageError> {
    let mut reaped = 0_u64;
    loop {
        let batch = ledger.close_stale(lease_slack, BATCH).await?;
        reaped = reaped.saturating_add(batch);
        if batch < u64::from(BATCH) {
            return Ok(reaped);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::memory::Memory;
    use crate::money::Credits;
    use crate::ports::contract::Stage;

    const SLACK: Duration = Duration::from_secs(10);
    const TWO_HOURS: Duration = Duration::from_secs(7200);

    /// A store with so many open calls.
    async fn with_open_calls(calls: u32) -> Memory {
        let memory = Memory::new();
        let stage = Stage::set(&memory, 1_000_000).await;
        for _ in 0..calls {
            stage.open(&stage.call(10, Some(20))).await;
        }
        memory
    }

    #[test]
    fn all_calls_of_a_dead_instance_are_ended_in_batches() {
        block_on(async {
            let memory = with_open_calls(2 * BATCH + 7).await;
            memory.clock().advance(TWO_HOURS);

            assert_eq!(reap_stale_calls(&memory, SLACK).await.unwrap(), u64::from(2 * BATCH + 7));
            assert_eq!(memory.open_holds().await.unwrap(), (0, Credits::ZERO));
            assert_eq!(reap_stale_calls(&memory, SLACK).await.unwrap(), 0);
        });
    }

    #[test]
    fn calls_of_a_living_instance_go_on() {
        block_on(async {
            let memory = with_open_calls(3).await;

            assert_eq!(reap_stale_calls(&memory, SLACK).await.unwrap(), 0);
            assert_eq!(memory.open_holds().await.unwrap().0, 3);
        });
    }

    #[test]
    fn while_the_database_is_away_nothing_is_reaped() {
        block_on(async {
            let memory = with_open_calls(1).await;
            memory.clock().advance(TWO_HOURS);
            memory.set_away(true);

            assert!(reap_stale_calls(&memory, SLACK).await.unwrap_err().is_away());
        });
    }
}
