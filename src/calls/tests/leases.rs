//! The instance's lease.

use std::time::Duration;

use futures_util::StreamExt;
use hub_domain::money::Credits;
use hub_domain::ports::{CallLedger, LeaseError, Leases, Readiness};
use hub_domain::vocabulary::Event;

use super::stage::*;
use super::upstream::usage;

#[test]
fn a_lease_that_another_instance_ended_is_begun_anew() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four").await;
        let answer = stage.stream().await;
        // As if the process had been suspended: its lease runs out, and another instance's reaper looks.
        stage.memory.clock().advance(Duration::from_secs(60));
        assert_eq!(stage.memory.close_stale(SECOND, 100).await.unwrap(), 1);

        line.says(Event::Usage(usage(10, 1))).await;
        line.ends().await;
        let items: Vec<_> = answer.items.collect().await;
        assert_eq!(receipt(&items).charged, Some(Credits::ZERO), "it was voided as stale");

        eventually("a call is taken again", async || {
            stage.upstream.says([Event::Usage(usage(10, 1))]);
            let (call, _) = stage.whole().await.ok()?;
            let record = stage.record(call).await;
            (record.charge == Credits::from_units(price(10, 1))).then_some(())
        })
        .await;
        assert!(stage.service.check().is_ok());
    });
}

#[test]
fn an_instance_whose_name_another_process_took_refuses_calls() {
    on_system(async {
        let stage = Stage::new().await;
        let other = stage.memory.begin("here", Duration::from_secs(60)).await.unwrap();
        stage.memory.close_earlier_epochs(&other).await.unwrap();
        eventually("the first one notices", async || stage.service.check().err()).await;
        tokio::time::sleep(SECOND).await;
        assert!(stage.service.check().is_err(), "and stays away");
        assert!(!matches!(stage.memory.renew(&other, SECOND).await, Err(LeaseError::Lost)));
    });
}
