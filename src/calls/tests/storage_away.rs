//! While the database is away: new calls are refused, running answers finish, and their settlements wait.

use futures_util::StreamExt;
use hub_domain::money::Credits;
use hub_domain::ports::Readiness;
use hub_domain::vocabulary::{AnswerItem, Event};

use super::stage::*;
use super::upstream::usage;

#[test]
fn an_answer_ends_as_pending_and_is_settled_exactly_when_the_database_is_back() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four").await;
        let answer = stage.stream().await;
        stage.memory.set_away(true);
        line.says(Event::Usage(usage(10, 5))).await;
        line.ends().await;
        let items: Vec<_> = answer.items.collect().await;
        assert_eq!(receipt(&items).charged, None);

        let refused = stage.run(incoming(false)).await.err().unwrap();
        assert_eq!(refused.code(), "service_unavailable");
        assert!(stage.service.check().is_err(), "the hub is not ready");

        stage.memory.set_away(false);
        eventually("the hub is ready again", async || stage.service.check().ok()).await;
        stage.ended().await;
        stage.books_are_right(price(10, 5)).await;
    });
}

#[test]
fn a_call_that_meets_the_outage_first_is_refused_and_leaves_no_hold() {
    on_system(async {
        let stage = Stage::new().await;
        stage.memory.set_away(true);
        let refused = stage.run(incoming(true)).await.err().unwrap();
        assert!(["storage_unavailable", "service_unavailable"].contains(&refused.code()), "{refused:?}");
        stage.memory.set_away(false);
        eventually("the hub is ready again", async || stage.service.check().ok()).await;
        stage.books_are_right(0).await;
    });
}

#[test]
fn many_settlements_wait_and_none_is_lost_or_made_twice() {
    on_system(async {
        let stage = Stage::new().await;
        let mut answers = Vec::new();
        let mut lines = Vec::new();
        for _ in 0..100 {
            let line = stage.upstream.answers();
            line.text("four").await;
            answers.push(stage.stream().await);
            lines.push(line);
        }
        stage.memory.set_away(true);
        for line in &lines {
            line.says(Event::Usage(usage(10, 5))).await;
            line.ends().await;
        }
        for answer in answers {
            let items: Vec<_> = answer.items.collect().await;
            assert_eq!(receipt(&items).charged, None);
        }
        stage.memory.set_away(false);
        eventually("all are settled", async || {
            let charged = stage.balance().await.held;
            charged.is_zero().then_some(())
        })
        .await;
        stage.books_are_right(100 * price(10, 5)).await;
    });
}

#[test]
fn a_settlement_that_is_slow_ends_as_pending_and_is_made_once() {
    on_system(async {
        let stage = Stage::new().await;
        stage.ledger.hold_up_closing();
        stage.upstream.says([Event::Usage(usage(10, 5))]);
        let (_, items) = stage.whole().await.unwrap();
        assert!(matches!(items.last(), Some(AnswerItem::Settled(receipt)) if receipt.charged.is_none()));
        stage.ledger.let_close();
        let record = stage.ended().await;
        assert_eq!(record.charge, Credits::from_units(price(10, 5)));
        stage.books_are_right(price(10, 5)).await;
    });
}
