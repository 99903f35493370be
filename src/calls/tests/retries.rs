//! Other tries, before the first content and never after it.

use futures_util::StreamExt;
use hub_domain::error::UpstreamClass;
use hub_domain::ports::CallStatus;
use hub_domain::vocabulary::{AnswerItem, Event};

use super::stage::*;
use super::upstream::{error, usage};

#[test]
fn a_busy_upstream_is_asked_again_and_both_tries_are_recorded() {
    on_system(async {
        let stage = Stage::new().await;
        stage.upstream.refuses(error(UpstreamClass::RateLimited));
        stage.upstream.says([Event::Usage(usage(10, 5))]);
        let (call, _) = stage.whole().await.unwrap();
        let record = stage.record(call).await;
        assert_eq!(record.status, CallStatus::Success);
        let errors: Vec<_> = record.attempts.iter().map(|attempt| attempt.error.as_deref()).collect();
        assert_eq!(errors, [Some("rate_limit_exceeded"), None]);
        stage.books_are_right(price(10, 5)).await;
    });
}

#[test]
fn an_upstream_that_always_fails_is_left_after_the_last_try() {
    on_system(async {
        let stage = Stage::new().await;
        for _ in 0..5 {
            stage.upstream.refuses(error(UpstreamClass::Server));
        }
        assert_eq!(stage.whole().await.unwrap_err().code(), "upstream_error");
        assert_eq!(stage.upstream.attempts().len(), 3);
        assert_eq!(stage.ended().await.attempts.len(), 3);
        stage.books_are_right(0).await;
    });
}

#[test]
fn a_refused_credential_is_left_for_the_next_one() {
    on_system(async {
        let stage = Stage::with(Staging { credentials: 2, ..Staging::default() }).await;
        stage.upstream.refuses(error(UpstreamClass::Authentication));
        stage.upstream.says([Event::Usage(usage(10, 5))]);
        stage.whole().await.unwrap();
        stage.books_are_right(price(10, 5)).await;
    });
}

#[test]
fn what_an_earlier_try_said_without_content_does_not_count() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.says(Event::Usage(usage(90, 0))).await;
        line.fails(error(UpstreamClass::Overloaded)).await;
        stage.upstream.says([Event::Usage(usage(10, 5))]);
        stage.whole().await.unwrap();
        stage.books_are_right(price(10, 5)).await;
    });
}

#[test]
fn after_content_there_is_no_other_try() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four").await;
        line.fails(error(UpstreamClass::Overloaded)).await;
        let answer = stage.stream().await;
        let items: Vec<_> = answer.items.collect().await;
        assert!(matches!(items.last(), Some(AnswerItem::Failed(_))));
        assert_eq!(stage.upstream.attempts().len(), 1);
        stage.books_are_right(price(COUNTED_INPUT, 1)).await;
    });
}

#[test]
fn a_try_that_its_client_cut_short_is_recorded_too() {
    on_system(async {
        let stage = Stage::new().await;
        stage.upstream.refuses(error(UpstreamClass::RateLimited));
        let line = stage.upstream.answers();
        line.text("four").await;
        drop(stage.stream().await);
        line.is_closed_within(SECOND).await;
        let errors: Vec<_> = stage.ended().await.attempts.into_iter().map(|attempt| attempt.error).collect();
        assert_eq!(errors, [Some("rate_limit_exceeded".into()), Some("client_disconnected".into())]);
        stage.books_are_right(price(COUNTED_INPUT, 1)).await;
    });
}
