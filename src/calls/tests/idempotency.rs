//! Equal requests with one idempotency key.

use futures_util::StreamExt;
use futures_util::future::join_all;
use hub_domain::error::{CallError, UpstreamClass};
use hub_domain::ids::CallId;
use hub_domain::ports::{AnswerRecorder, Claim, IdempotencyRequest, IncomingCall, KeptAnswer, RunOutcome};
use hub_domain::vocabulary::{AnswerItem, Event, Receipt};

use super::stage::*;
use super::upstream::{error, usage};

/// Writes an answer down as its words and its cost.
#[derive(Default)]
struct Words(String);

impl AnswerRecorder for Words {
    fn begin(&mut self, call: CallId, model: &str) {
        self.0.push_str(&format!("{call} {model}:"));
    }

    fn push(&mut self, item: &AnswerItem) {
        if let AnswerItem::Frame(frame) = item {
            for event in &frame.events {
                if let Event::Text { text, .. } = event {
                    self.0.push_str(text);
                }
            }
        }
    }

    fn finish(self: Box<Self>, receipt: &Receipt) -> Option<KeptAnswer> {
        let body = format!("{} ({})", self.0, receipt.charged?);
        Some(KeptAnswer { status: 200, headers: Vec::new(), body: body.into() })
    }
}

fn with_key(fingerprint: u8, stream: bool) -> IncomingCall {
    let claim = Claim { scope: [7; 32], fingerprint: [fingerprint; 32] };
    let idempotency = Some(IdempotencyRequest { claim, recorder: Box::new(Words::default()) });
    IncomingCall { idempotency, ..incoming(stream) }
}

#[test]
fn a_storm_of_equal_requests_makes_one_upstream_call_and_one_charge() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        let storm = join_all((0..100).map(|_| async {
            match stage.run(with_key(1, false)).await {
                Ok(RunOutcome::Answer(answer)) => {
                    let items: Vec<_> = answer.items.collect().await;
                    assert!(receipt(&items).charged.is_some());
                    true
                }
                Ok(_) => panic!("nothing is kept yet"),
                Err(CallError::IdempotencyInProgress) => false,
                Err(other) => panic!("{other}"),
            }
        }));
        let answers = async {
            line.text("four").await;
            line.says(Event::Usage(usage(10, 1))).await;
            tokio::time::sleep(SECOND / 4).await;
            line.ends().await;
        };
        let (answered, ()) = tokio::join!(storm, answers);
        assert_eq!(answered.into_iter().filter(|answered| *answered).count(), 1);
        assert_eq!(stage.upstream.attempts().len(), 1);
        stage.books_are_right(price(10, 1)).await;
    });
}

#[test]
fn an_equal_request_gets_the_same_answer_again() {
    on_system(async {
        let stage = Stage::new().await;
        stage.upstream.says([Event::Text { choice: 0, text: "four".into() }, Event::Usage(usage(10, 1))]);
        let Ok(RunOutcome::Answer(first)) = stage.run(with_key(1, false)).await else { panic!("an answer") };
        let id = first.call;
        first.items.collect::<Vec<_>>().await;
        let Ok(RunOutcome::Replay { call, answer }) = stage.run(with_key(1, false)).await else {
            panic!("the same answer again")
        };
        assert_eq!(call, id);
        let charged = hub_domain::money::Credits::from_units(price(10, 1));
        assert_eq!(answer.body, format!("{id} acme/m1:four ({charged})"));
        let other = stage.run(with_key(2, false)).await.err().unwrap();
        assert_eq!(other, CallError::IdempotencyMismatch);
        stage.books_are_right(price(10, 1)).await;
    });
}

#[test]
fn a_call_that_cost_nothing_gives_its_key_back() {
    on_system(async {
        let stage = Stage::new().await;
        stage.upstream.refuses(error(UpstreamClass::InvalidRequest));
        assert!(matches!(stage.run(with_key(1, false)).await, Ok(RunOutcome::Failed { .. })));
        stage.upstream.says([Event::Usage(usage(10, 1))]);
        assert!(matches!(stage.run(with_key(1, false)).await, Ok(RunOutcome::Answer(_))));
    });
}

#[test]
fn an_answer_that_was_not_delivered_whole_is_not_kept() {
    on_system(async {
        let stage = Stage::new().await;
        let line = stage.upstream.answers();
        line.text("four").await;
        let Ok(RunOutcome::Answer(answer)) = stage.run(with_key(1, true)).await else { panic!("an answer") };
        drop(answer);
        line.is_closed_within(SECOND).await;
        stage.ended().await;
        let refused = stage.run(with_key(1, true)).await.err().unwrap();
        assert_eq!(refused, CallError::IdempotencyAnswerNotKept);
    });
}
