//! Who pays when a call ends: one test for each ending of the table.

use std::time::Duration;

use futures_util::StreamExt;
use hub_domain::call::OnDisconnect;
use hub_domain::ending::OnUpstreamFailure;
use hub_domain::error::{CallError, UpstreamClass};
use hub_domain::money::Credits;
use hub_domain::ports::{CallLedger, CallStatus, Leases};
use hub_domain::vocabulary::{AnswerItem, Event};

use super::stage::*;
use super::upstream::{error, usage};

fn draining() -> Staging {
    Staging { on_disconnect: OnDisconnect::Drain, ..Staging::default() }
}

#[test]
fn a_whole_answer_costs_what_its_provider_reported() {
    on_system(async {
        let stage = Stage::new().await;
        stage.upstream.says([text("hello"), Event::Usage(usage(10, 5))]);
        let (call, items) = stage.whole().await.unwrap();
        assert_eq!(receipt(&items).charged, Some(Credits::from_units(price(10, 5))));
        let record = stage.record(call).await;
        assert_eq!((record.status, record.state.as_str()), (CallStatus::Success, "settled"));
        assert_eq!((record.reason, record.finish_reason.as_deref()), (None, Some("stop")));
        assert!(!record.usage.unwrap().estimated);
        stage.books_are_right(price(10, 5)).await;
    });
}

#[test]
fn a_whole_answer_without_usage_is_counted() {
    on_system(async {
        let stage = Stage::new().await;
        stage.upstream.says([text("four five six seven")]);
        let (call, items) = stage.whole().await.unwrap();
        let charge = price(COUNTED_INPUT, 4);
        assert_eq!(receipt(&items).charged, Some(Credits::from_units(charge)));
        let usage = stage.record(call).await.usage.unwrap();
        assert!(usage.estimated && !usage.partial);
        stage.books_are_right(charge).await;
    });
}

#[test]
fn an_answer_without_content_is_whole_all_the_same() {
    on_system(async {
        let stage = Stage::new().await;
        stage.upstream.says([Event::Usage(usage(10, 0))]);
        let (_, items) = stage.whole().await.unwrap();
        assert_eq!(receipt(&items).charged, Some(Credits::from_units(price(10, 0))));
        stage.books_are_right(price(10, 0)).await;
    });
}

#[test]
fn what_failed_before_its_first_content_costs_nothing() {
    on_system(async {
        let stage = Stage::new().await;
        stage.upstream.refuses(error(UpstreamClass::InvalidRequest));
        let refused = stage.whole().await.unwrap_err();
        assert_eq!(refused.code(), "invalid_request");
        let record = stage.ended().await;
        assert_eq!((record.status, record.state.as_str()), (CallStatus::Failed, "voided"));
        assert_eq!(record.reason.as_deref(), Some("invalid_request"));
        stage.books_are_right(0).await;
    });
}

#[test]
fn an_upstream_that_breaks_off_is_paid_for_what_was_delivered() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four five").await;
        let mut answer = stage.stream().await;
        drop(line);
        let items: Vec<_> = answer.items.by_ref().collect().await;
        assert!(matches!(items.last(), Some(AnswerItem::Failed(CallError::Upstream(_)))), "{items:?}");
        let record = stage.record(answer.call).await;
        assert_eq!((record.status, record.reason.as_deref()), (CallStatus::Failed, Some("upstream_cut")));
        let usage = record.usage.unwrap();
        assert!(usage.estimated && usage.partial);
        stage.books_are_right(price(COUNTED_INPUT, 2)).await;
    });
}

#[test]
fn an_upstream_that_breaks_off_is_paid_by_its_last_usage_where_it_told_one() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four five").await;
        line.says(Event::Usage(usage(10, 7))).await;
        let answer = stage.stream().await;
        line.fails(error(UpstreamClass::Server)).await;
        answer.items.collect::<Vec<_>>().await;
        stage.books_are_right(price(10, 7)).await;
    });
}

#[test]
fn an_operator_may_bear_what_an_upstream_broke_off() {
    on_system(async {
        let mut staging = Staging::default();
        staging.settings.on_upstream_failure = OnUpstreamFailure::Free;
        let stage = Stage::with(staging).await;
        let line = stage.upstream.answers();
        line.text("four five").await;
        let answer = stage.stream().await;
        drop(line);
        answer.items.collect::<Vec<_>>().await;
        assert_eq!(stage.ended().await.state, "voided");
        stage.books_are_right(0).await;
    });
}

#[test]
fn a_client_that_leaves_stops_the_upstream_and_pays_for_what_was_received() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four five six").await;
        let mut answer = stage.stream().await;
        assert!(matches!(answer.items.next().await, Some(AnswerItem::Frame(_))));
        drop(answer);
        line.is_closed_within(SECOND).await;
        let record = stage.ended().await;
        assert_eq!(
            (record.status, record.reason.as_deref()),
            (CallStatus::Failed, Some("client_disconnected"))
        );
        let usage = record.usage.unwrap();
        assert!(usage.estimated && usage.partial);
        stage.books_are_right(price(COUNTED_INPUT, 3)).await;
    });
}

#[test]
fn a_client_that_leaves_pays_the_larger_of_what_was_reported_and_counted() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four five six").await;
        line.says(Event::Usage(usage(40, 1))).await;
        let answer = stage.stream().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(answer);
        line.is_closed_within(SECOND).await;
        stage.books_are_right(price(40, 3)).await;
    });
}

#[test]
fn a_client_that_leaves_before_the_first_content_pays_the_counted_input() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        // The head of the stream goes out without content.
        let answer = stage.stream().await;
        drop(answer);
        line.is_closed_within(SECOND).await;
        assert_eq!(stage.ended().await.reason.as_deref(), Some("client_disconnected"));
        stage.books_are_right(price(COUNTED_INPUT, 0)).await;
    });
}

#[test]
fn a_client_that_leaves_before_anything_was_sent_pays_nothing() {
    on_system(async {
        for on_disconnect in [OnDisconnect::Cancel, OnDisconnect::Drain] {
            let stage = Stage::with(Staging { on_disconnect, ..Staging::default() }).await;
            stage.ledger.hold_up_opening();
            let asked = tokio::time::timeout(Duration::from_millis(100), stage.run(incoming(true))).await;
            assert!(asked.is_err(), "the client gives up while its hold waits");
            stage.ledger.let_open();
            let record = stage.ended().await;
            assert_eq!(
                (record.state.as_str(), record.reason.as_deref()),
                ("voided", Some("client_disconnected"))
            );
            assert!(stage.upstream.attempts().is_empty());
            stage.books_are_right(0).await;
        }
    });
}

#[test]
fn an_answer_is_read_to_its_end_where_the_provider_bills_it_anyway() {
    on_system(async {
        let stage = Stage::with(draining()).await;
        let line = stage.upstream.answers();
        line.text("four").await;
        drop(stage.stream().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
        line.text(" five").await;
        line.says(Event::Usage(usage(10, 2))).await;
        line.ends().await;
        let record = stage.ended().await;
        assert_eq!((record.status, record.reason.as_deref()), (CallStatus::Success, Some("client_gone")));
        assert!(!record.usage.unwrap().partial);
        stage.books_are_right(price(10, 2)).await;
    });
}

#[test]
fn without_a_free_slot_nothing_is_drained() {
    on_system(async {
        let mut staging = draining();
        staging.settings.drain_slots = 0;
        let stage = Stage::with(staging).await;
        let line = stage.upstream.answers();
        line.text("four five").await;
        drop(stage.stream().await);
        line.is_closed_within(SECOND).await;
        assert_eq!(stage.ended().await.reason.as_deref(), Some("client_disconnected"));
        stage.books_are_right(price(COUNTED_INPUT, 2)).await;
    });
}

#[test]
fn a_drain_that_takes_too_long_is_cut() {
    on_system(async {
        let mut staging = draining();
        staging.settings.drain_limit = Duration::from_millis(100);
        let stage = Stage::with(staging).await;
        let line = stage.upstream.answers();
        line.text("four five").await;
        drop(stage.stream().await);
        line.is_closed_within(SECOND).await;
        assert_eq!(stage.ended().await.reason.as_deref(), Some("client_disconnected"));
        stage.books_are_right(price(COUNTED_INPUT, 2)).await;
    });
}

#[test]
fn a_call_that_was_closed_as_stale_meanwhile_is_not_closed_again() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four").await;
        let answer = stage.stream().await;
        // Another process has taken the instance's name, as after a restart.
        let next = stage.memory.begin("here", SECOND).await.unwrap();
        assert_eq!(stage.memory.close_earlier_epochs(&next).await.unwrap(), 1);
        line.says(Event::Usage(usage(10, 5))).await;
        line.ends().await;
        let items: Vec<_> = answer.items.collect().await;
        assert_eq!(receipt(&items).charged, Some(Credits::ZERO), "what is shown is what was charged");
        let record = stage.ended().await;
        assert_eq!((record.status, record.reason.as_deref()), (CallStatus::Failed, Some("stale")));
        stage.books_are_right(0).await;
    });
}

#[test]
fn a_call_that_takes_too_long_ends_as_if_its_upstream_had_failed() {
    on_system(async {
        let mut staging = Staging::default();
        staging.settings.plain_limit = Duration::from_millis(100);
        let stage = Stage::with(staging).await;
        let line = stage.upstream.answers();
        let refused = stage.whole().await.unwrap_err();
        assert_eq!(refused.code(), "timeout");
        line.is_closed_within(SECOND).await;
        stage.books_are_right(0).await;
    });
}

#[test]
fn an_upstream_that_sends_no_content_for_too_long_has_broken_off() {
    on_system(async {
        let mut staging = Staging::default();
        staging.settings.content_idle = Duration::from_millis(100);
        let stage = Stage::with(staging).await;
        let line = stage.upstream.answers();
        line.text("four").await;
        let answer = stage.stream().await;
        answer.items.collect::<Vec<_>>().await;
        line.is_closed_within(SECOND).await;
        assert_eq!(stage.ended().await.reason.as_deref(), Some("upstream_cut"));
        stage.books_are_right(price(COUNTED_INPUT, 1)).await;
    });
}

#[test]
fn a_client_that_takes_nothing_any_more_has_left() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        for _ in 0..60 {
            line.text("word ").await;
        }
        let answer = stage.stream().await;
        line.is_closed_within(SECOND).await;
        let record = stage.ended().await;
        assert_eq!(record.reason.as_deref(), Some("client_disconnected"));
        drop(answer);
    });
}

fn text(text: &str) -> Event {
    Event::Text { choice: 0, text: text.to_owned() }
}
