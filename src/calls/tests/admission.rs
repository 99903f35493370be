//! What is refused before anything goes upstream.

use std::time::Duration;

use hub_domain::error::CallError;
use hub_domain::vocabulary::Canonical;

use super::stage::*;

#[test]
fn who_can_not_pay_for_a_useful_answer_is_told_so() {
    on_system(async {
        let stage = Stage::new().await;
        let mut call = incoming(false);
        if let Canonical::Chat(chat) = &mut call.request.canonical {
            chat.messages[0].parts = vec![hub_domain::vocabulary::Part::Text("word ".repeat(200_000))];
        }
        let refused = stage.run(call).await.err().unwrap();
        assert!(matches!(refused, CallError::InsufficientCredits { .. }), "{refused:?}");
        assert!(stage.upstream.attempts().is_empty());
        stage.books_are_right(0).await;
    });
}

#[test]
fn a_model_that_nobody_has_is_refused_and_not_recorded() {
    on_system(async {
        let stage = Stage::new().await;
        let mut call = incoming(false);
        if let Canonical::Chat(chat) = &mut call.request.canonical {
            chat.model = "acme/other".into();
        }
        assert_eq!(stage.run(call).await.err().unwrap().code(), "model_not_found");
        stage.books_are_right(0).await;
    });
}

#[test]
fn a_hold_that_takes_too_long_is_refused_and_voided_when_it_comes() {
    on_system(async {
        let mut staging = Staging::default();
        staging.settings.settle_limit = Duration::from_millis(100);
        let stage = Stage::with(staging).await;
        stage.ledger.hold_up_opening();
        let refused = stage.run(incoming(false)).await.err().unwrap();
        assert_eq!(refused.code(), "storage_unavailable");
        stage.ledger.let_open();
        stage.books_are_right(0).await;
    });
}
