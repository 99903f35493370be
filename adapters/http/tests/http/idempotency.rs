//! `Idempotency-Key`.

use std::time::Duration;

use crate::client::{Answer, post};
use crate::hub::{ANN, BOB, Hub};
use crate::runner::Script;
use crate::streams::{STREAM, WITH_USAGE};
use crate::whole_answers::CHAT;

async fn ask(hub: &Hub, path: &str, body: &str, key: &str) -> Answer {
    post(path, body).key(ANN).header("idempotency-key", key).send(hub.address).await
}

#[actix_web::test]
async fn an_equal_request_gets_the_same_bytes_again() {
    let hub = Hub::start().await;
    let embeddings = r#"{"model":"sim/vectors","input":"a"}"#;
    for (path, body) in [
        ("/v1/chat/completions", CHAT),
        ("/api/v2/chat/completions", CHAT),
        ("/v1/chat/completions", STREAM),
        ("/v1/chat/completions", WITH_USAGE),
        ("/v1/embeddings", embeddings),
    ] {
        let key = format!("{path} {}", body.len());
        let before = hub.runner.arrived().len();
        let first = ask(&hub, path, body, &key).await;
        let again = ask(&hub, path, body, &key).await;
        assert_eq!(first.status(), 200, "{}", first.text());
        assert_eq!(again.status(), 200);
        assert_eq!(first.body, again.body);
        for header in ["content-type", "cache-control", "x-accel-buffering", "x-aigne-hub-call-id"] {
            assert_eq!(first.header(header), again.header(header), "{header}");
        }
        assert_eq!(first.header("idempotent-replay"), None);
        assert_eq!(again.header("idempotent-replay"), Some("true"));
        assert_ne!(first.header("x-request-id"), again.header("x-request-id"));
        assert_eq!(hub.runner.arrived().len(), before + 1, "{path} ran twice");
    }
}

#[actix_web::test]
async fn one_key_stands_for_one_request_of_one_account_on_one_route() {
    let hub = Hub::start().await;
    ask(&hub, "/v1/chat/completions", CHAT, "k").await;
    let other_body = ask(&hub, "/v1/chat/completions", STREAM, "k").await;
    assert_eq!((other_body.status(), other_body.error_code().as_str()), (422, "idempotency_mismatch"));
    assert_eq!(other_body.header("x-should-retry"), Some("false"));

    let other_route = ask(&hub, "/api/v2/chat/completions", CHAT, "k").await;
    assert_eq!((other_route.status(), other_route.header("idempotent-replay")), (200, None));
    let other_account =
        post("/v1/chat/completions", CHAT).key(BOB).header("idempotency-key", "k").send(hub.address).await;
    assert_eq!((other_account.status(), other_account.header("idempotent-replay")), (200, None));
}

#[actix_web::test]
async fn while_the_first_runs_an_equal_request_is_asked_to_come_back() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::Live);
    let address = hub.address;
    let first = actix_web::rt::spawn(async move {
        post("/v1/chat/completions", CHAT).key(ANN).header("idempotency-key", "k").send(address).await
    });
    let call = hub.runner.live_call().await;
    let second = ask(&hub, "/v1/chat/completions", CHAT, "k").await;
    assert_eq!((second.status(), second.error_code().as_str()), (409, "idempotency_in_progress"));
    assert_eq!((second.header("retry-after"), second.header("x-should-retry")), (Some("1"), Some("true")));
    call.begin().await;
    call.say("done").await;
    call.finish().await;
    let first = first.await.unwrap();
    assert_eq!(ask(&hub, "/v1/chat/completions", CHAT, "k").await.body, first.body);
}

#[actix_web::test]
async fn a_storm_of_equal_requests_is_one_call_and_one_answer() {
    let hub = Hub::with(|settings| settings.calls.key = 1_000).await;
    let address = hub.address;
    let storm: Vec<_> = (0..100)
        .map(|_| {
            actix_web::rt::spawn(async move {
                loop {
                    let call = post("/v1/chat/completions", WITH_USAGE).key(ANN);
                    let answer = call.header("idempotency-key", "storm").send(address).await;
                    if answer.status() != 409 {
                        return answer;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
        })
        .collect();
    let mut bodies = Vec::new();
    for answer in storm {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        bodies.push(answer.body);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(hub.runner.arrived().len(), 1);
}

#[actix_web::test]
async fn an_answer_too_large_to_keep_is_not_given_twice() {
    let hub = Hub::start().await;
    let long: &'static str = Box::leak("x".repeat(600_000).into_boxed_str());
    hub.runner.plays(Script::Says(vec![long, long]));
    for body in [CHAT, STREAM] {
        let first = ask(&hub, "/v1/chat/completions", body, body).await;
        assert_eq!(first.status(), 200);
        assert!(first.body.len() > 1_200_000);
        // The recorder had nothing to hand over, so the runner of these tests forgot the key.
        let again = ask(&hub, "/v1/chat/completions", body, body).await;
        assert_eq!(again.header("idempotent-replay"), None);
    }
    hub.runner.plays(Script::Refuses(hub_domain::error::CallError::IdempotencyAnswerNotKept));
    let refused = ask(&hub, "/v1/chat/completions", CHAT, "other").await;
    assert_eq!((refused.status(), refused.error_code().as_str()), (409, "idempotency_answer_not_kept"));
    assert_eq!(refused.header("x-should-retry"), Some("false"));
}

#[actix_web::test]
async fn a_key_that_is_too_long_or_not_printable_is_refused() {
    let hub = Hub::start().await;
    for key in ["k".repeat(256), "k\u{e4}".to_owned()] {
        let answer = ask(&hub, "/v1/chat/completions", CHAT, &key).await;
        assert_eq!((answer.status(), answer.error_code().as_str()), (400, "invalid_idempotency_key"));
        assert_eq!(answer.json()["error"]["param"], "Idempotency-Key");
    }
    assert!(hub.runner.arrived().is_empty());
}
