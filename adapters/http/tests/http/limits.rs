//! What is too much: 429 where the caller is at fault, 503 where the hub is full.

use crate::client::{Connection, post};
use crate::hub::{ANN, BOB, Hub};
use crate::runner::{LiveCall, Script};
use crate::streams::STREAM;
use crate::whole_answers::CHAT;

const PATH: &str = "/v1/chat/completions";

/// A stream that is open until the connection is dropped.
async fn open_stream(hub: &Hub, key: &str) -> (Connection, LiveCall) {
    hub.runner.plays(Script::Live);
    let mut client = Connection::open(hub.address).await;
    client.send(post(PATH, STREAM).key(key)).await;
    let call = hub.runner.live_call().await;
    assert_eq!(client.head().await.status, 200);
    (client, call)
}

#[actix_web::test]
async fn a_full_account_is_asked_to_wait_and_others_are_served() {
    let hub = Hub::with(|settings| settings.calls.account = 2).await;
    let open = [open_stream(&hub, ANN).await, open_stream(&hub, ANN).await];
    for path in [PATH, "/v1/embeddings", "/api/v2/quote"] {
        let refused = post(path, CHAT).key(ANN).send(hub.address).await;
        assert_eq!((refused.status(), refused.error_code().as_str()), (429, "too_many_concurrent"));
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(refused.header("x-should-retry"), Some("true"));
    }
    hub.runner.plays(Script::Says(vec!["hi"]));
    assert_eq!(post(PATH, CHAT).key(BOB).send(hub.address).await.status(), 200);
    for (_, call) in &open {
        call.finish().await;
    }
}

#[actix_web::test]
async fn a_stream_that_has_ended_counts_no_more() {
    let hub = Hub::with(|settings| settings.calls.key = 1).await;
    for _ in 0..3 {
        let (mut client, call) = open_stream(&hub, ANN).await;
        call.begin().await;
        call.say("hi").await;
        call.finish().await;
        while client.chunk().await.is_some() {}
    }
}

#[actix_web::test]
async fn a_full_process_is_the_hubs_fault() {
    let hub = Hub::with(|settings| settings.calls.process = 1).await;
    let _open = open_stream(&hub, ANN).await;
    let refused = post(PATH, CHAT).key(BOB).send(hub.address).await;
    assert_eq!((refused.status(), refused.error_code().as_str()), (503, "overloaded"));
    assert_eq!(refused.json()["error"]["type"], "service_unavailable_error");
}

#[actix_web::test]
async fn bodies_take_memory_for_as_long_as_their_calls_run() {
    let hub = Hub::with(|settings| settings.body.total_bytes = STREAM.len() + CHAT.len() - 1).await;
    let (client, call) = open_stream(&hub, ANN).await;
    let refused = post(PATH, CHAT).key(BOB).send(hub.address).await;
    assert_eq!((refused.status(), refused.error_code().as_str()), (503, "overloaded"));
    drop((client, call));
    // The request lives on in what the runner of these tests remembers.
    hub.runner.forget();
    hub.runner.plays(Script::Says(vec!["hi"]));
    for _ in 0..3 {
        assert_eq!(post(PATH, CHAT).key(BOB).send(hub.address).await.status(), 200);
        hub.runner.forget();
    }
}

#[actix_web::test]
async fn while_the_database_is_away_nobody_is_told_that_a_key_is_wrong() {
    let hub = Hub::start().await;
    hub.gate.shut();
    for key in [ANN, "nobody-knows-this-key"] {
        let refused = post(PATH, CHAT).key(key).send(hub.address).await;
        assert_eq!(refused.status(), 503);
        refused.error_code();
        assert_eq!(
            (refused.header("retry-after"), refused.header("x-should-retry")),
            (Some("2"), Some("true"))
        );
    }
    assert_eq!(post(PATH, CHAT).send(hub.address).await.status(), 503);
    assert!(hub.runner.arrived().is_empty());
}
