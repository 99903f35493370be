//! Clients that leave.

use std::time::Duration;

use crate::client::{Connection, post};
use crate::hub::{ANN, Hub};
use crate::runner::Script;
use crate::streams::STREAM;
use crate::whole_answers::CHAT;

const A_SECOND: Duration = Duration::from_secs(1);

#[actix_web::test]
async fn a_client_that_leaves_a_stream_drops_the_answer_at_once() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::Live);
    let mut client = Connection::open(hub.address).await;
    client.send(post("/v1/chat/completions", STREAM).key(ANN)).await;
    let call = hub.runner.live_call().await;
    call.begin().await;
    call.say("one").await;
    client.head().await;
    client.chunk().await;
    assert!(!call.is_left_within(Duration::from_millis(100)).await);
    client.leave();
    assert!(call.is_left_within(A_SECOND).await);
}

#[actix_web::test]
async fn a_client_that_does_not_wait_for_a_whole_answer_drops_it_too() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::Live);
    let mut client = Connection::open(hub.address).await;
    client.send(post("/v1/chat/completions", CHAT).key(ANN)).await;
    let call = hub.runner.live_call().await;
    call.begin().await;
    client.leave();
    assert!(call.is_left_within(A_SECOND).await);
    // What is logged for it is no status of ours.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(hub.seen.last().status, 499);
}

#[actix_web::test]
async fn a_client_that_leaves_before_there_is_an_answer_ends_the_wait_for_it() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::Hangs);
    for body in [CHAT, STREAM] {
        let mut client = Connection::open(hub.address).await;
        client.send(post("/v1/chat/completions", body).key(ANN)).await;
        let call = hub.runner.live_call().await;
        assert!(!call.is_left_within(Duration::from_millis(50)).await);
        client.leave();
        assert!(call.is_left_within(A_SECOND).await);
    }
}

#[actix_web::test]
async fn a_client_that_does_not_read_holds_its_answer_back() {
    let hub = Hub::start().await;
    hub.runner.plays(Script::Live);
    let mut client = Connection::open(hub.address).await;
    client.send(post("/v1/chat/completions", STREAM).key(ANN)).await;
    let call = hub.runner.live_call().await;
    let piece = "x".repeat(64 * 1024);
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_millis(300), call.say(&piece)).await.is_ok() {
        sent += 1;
        assert!(sent < 1_000, "64 MiB are on their way to a client that reads nothing");
    }
    assert_eq!(client.head().await.status, 200);
    let reader =
        actix_web::rt::spawn(async move { while !client.chunk().await.unwrap().contains("enough") {} });
    let room = tokio::time::timeout(A_SECOND * 5, call.say("enough")).await;
    room.expect("room, now that the client reads");
    reader.await.unwrap();
}

#[actix_web::test]
async fn a_departure_makes_room_for_another_call() {
    let hub = Hub::with(|settings| settings.calls.key = 1).await;
    hub.runner.plays(Script::Live);
    let mut client = Connection::open(hub.address).await;
    client.send(post("/v1/chat/completions", STREAM).key(ANN)).await;
    let call = hub.runner.live_call().await;
    call.begin().await;
    client.head().await;
    let refused = post("/v1/chat/completions", CHAT).key(ANN).send(hub.address).await;
    assert_eq!((refused.status(), refused.error_code().as_str()), (429, "too_many_concurrent"));

    client.leave();
    assert!(call.is_left_within(A_SECOND).await);
    hub.runner.plays(Script::Says(vec!["hi"]));
    let admitted = post("/v1/chat/completions", CHAT).key(ANN).send(hub.address).await;
    assert_eq!(admitted.status(), 200);
}
