//! A panic in one call ends that call, and nothing else.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use hub_domain::error::CallError;
use hub_domain::vocabulary::Event;

use super::stage::*;
use super::upstream::usage;

#[test]
fn a_panic_upstream_ends_one_call_and_no_other() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four").await;
        let other = stage.stream().await;
        stage.upstream.panics();
        let refused = stage.whole().await.unwrap_err();
        assert!(matches!(refused, CallError::Internal { .. }), "{refused:?}");
        line.says(Event::Usage(usage(10, 1))).await;
        line.ends().await;
        let items: Vec<_> = other.items.collect().await;
        assert!(receipt(&items).charged.is_some());
        stage.books_are_right(price(10, 1)).await;
    });
}

#[test]
fn a_settlement_that_breaks_down_voids_its_call() {
    on_system(async {
        let staging = Staging { counter: Arc::new(PanickingCounter), ..Staging::default() };
        let stage = Stage::with(staging).await;
        stage.upstream.says([Event::Text { choice: 0, text: "four".into() }]);
        stage.whole().await.ok();
        assert_eq!(stage.ended().await.state, "voided");
        stage.books_are_right(0).await;
    });
}

#[test]
fn a_store_that_panics_once_is_asked_again() {
    on_system(async {
        let stage = Stage::new().await;
        stage.ledger.close_panics.store(true, Ordering::Release);
        stage.upstream.says([Event::Usage(usage(10, 1))]);
        let (_, items) = stage.whole().await.unwrap();
        assert_eq!(receipt(&items).charged, None, "the answer ends as pending");
        stage.ended().await;
        stage.books_are_right(price(10, 1)).await;
    });
}

#[test]
fn a_supervisor_that_panics_starts_again_and_calls_go_on() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four").await;
        let answer = stage.stream().await;
        stage.ledger.renewals_to_panic.store(2, Ordering::Release);
        eventually("two supervisors panic", async || {
            (stage.ledger.renewals_to_panic.load(Ordering::Acquire) == 0).then_some(())
        })
        .await;
        line.says(Event::Usage(usage(10, 1))).await;
        line.ends().await;
        let items: Vec<_> = answer.items.collect().await;
        assert!(receipt(&items).charged.is_some());
        // The third one goes on renewing the lease: past its length calls are still taken.
        tokio::time::sleep(SECOND * 4).await;
        stage.upstream.says([Event::Usage(usage(10, 1))]);
        stage.whole().await.unwrap();
    });
}
