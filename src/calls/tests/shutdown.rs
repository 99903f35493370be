//! The orderly end of the process.

use std::time::Duration;

use futures_util::StreamExt;
use hub_domain::error::CallError;
use hub_domain::ids::InstanceEpoch;
use hub_domain::ports::{CallStatus, LeaseError, Leases};
use hub_domain::vocabulary::{AnswerItem, Event};

use super::stage::*;
use super::upstream::usage;

#[test]
fn running_calls_finish_while_new_ones_are_refused() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four").await;
        let answer = stage.stream().await;
        let rest = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let refused = stage.run(incoming(false)).await.err().unwrap();
            assert!(matches!(refused, CallError::Unavailable { .. }), "{refused:?}");
            line.says(Event::Usage(usage(10, 1))).await;
            line.ends().await;
            let items: Vec<_> = answer.items.collect().await;
            assert!(receipt(&items).charged.is_some());
        };
        tokio::join!(stage.service.drain(SECOND * 5), rest);
        let epoch = InstanceEpoch { instance: "here".into(), epoch: 1 };
        assert!(
            matches!(stage.memory.renew(&epoch, SECOND).await, Err(LeaseError::Lost)),
            "the lease is over"
        );
        stage.books_are_right(price(10, 1)).await;
    });
}

#[test]
fn what_still_runs_after_the_grace_is_cut_and_paid_for_what_was_received() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four five").await;
        let answer = stage.stream().await;
        let reading = async { answer.items.collect::<Vec<_>>().await };
        let (items, ()) = tokio::join!(reading, stage.service.drain(Duration::from_millis(100)));
        assert!(matches!(items.last(), Some(AnswerItem::Failed(CallError::Unavailable { .. }))), "{items:?}");
        line.is_closed_within(SECOND).await;
        let record = stage.ended().await;
        assert_eq!((record.status, record.reason.as_deref()), (CallStatus::Failed, Some("shutting_down")));
        stage.books_are_right(price(COUNTED_INPUT, 2)).await;
    });
}
