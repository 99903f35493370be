//! Answers in pieces.

use std::time::Duration;

use futures_util::StreamExt;
use hub_domain::error::UpstreamClass;
use hub_domain::meter::Meter;
use hub_domain::ports::contract;

use crate::asked::{delta, finish, hear, providers, stream, whole};
use crate::upstream::{Reply, Upstream};

#[tokio::test]
async fn keeps_the_contract() {
    let reply = Reply::stream().piece(delta("Hello ")).piece(delta("there")).piece(finish()).end();
    let upstream = Upstream::new([reply]).await;
    contract::model_provider(&providers(), stream(&upstream).attempt()).await;
}

#[tokio::test]
async fn pieces_are_handed_on_as_they_come() {
    let reply = Reply::stream().piece(delta("Hello")).pause(Duration::from_secs(1)).piece(finish()).end();
    let upstream = Upstream::new([reply]).await;
    let mut frames = stream(&upstream).head(&providers()).await.unwrap();
    let early = async {
        loop {
            let frame = frames.next().await.unwrap().unwrap();
            if frame.has_content() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_millis(500), early)
        .await
        .expect("the first piece comes before the second");
    assert!(hear(frames).await.is_whole());
}

#[tokio::test]
async fn a_stream_asks_for_pieces_and_for_its_usage() {
    let reply = Reply::stream().piece(delta("Hello")).piece(finish()).end();
    let upstream = Upstream::new([reply]).await;
    let heard = stream(&upstream).send(&providers()).await;
    assert!(heard.is_whole());
    assert_eq!(heard.usage().unwrap().quantities.get(Meter::Output), 2);
    let seen = upstream.only();
    assert_eq!(seen.header("accept"), Some("text/event-stream"));
    assert_eq!(seen.json()["stream_options"]["include_usage"], true);
}

#[tokio::test]
async fn it_does_not_matter_where_the_bytes_are_cut() {
    let text = [delta("H\u{e9}llo \u{1F600} "), delta("there"), finish()].concat();
    let reply = text.as_bytes().iter().fold(Reply::stream(), |reply, byte| reply.piece([*byte])).end();
    let upstream = Upstream::new([reply]).await;
    let heard = stream(&upstream).send(&providers()).await;
    assert!(heard.is_whole());
    assert_eq!(heard.text(), "H\u{e9}llo \u{1F600} there");
}

#[tokio::test]
async fn a_stream_that_breaks_off_has_no_end() {
    let started = Reply::stream().piece(delta("Hello")).pause(Duration::from_millis(50));
    for (reply, name) in [(started.clone().close(), "closed"), (started.clone().reset(), "reset")] {
        let upstream = Upstream::new([reply]).await;
        let heard = stream(&upstream).send(&providers()).await;
        assert_eq!(heard.text(), "Hello", "{name}");
        let error = heard.error.unwrap();
        assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Transport, true), "{name}");
    }
    // An orderly end of the body where the answer had none.
    let upstream = Upstream::new([started.end()]).await;
    assert!(!stream(&upstream).send(&providers()).await.is_whole());
}

#[tokio::test]
async fn an_error_inside_a_stream_is_told_as_such() {
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":\"server_is_overloaded\"}}\n\n";
    let upstream = Upstream::new([Reply::stream().piece(delta("Hello")).piece(error).end()]).await;
    let heard = stream(&upstream).send(&providers()).await;
    assert_eq!(heard.text(), "Hello");
    assert_eq!(heard.error.unwrap().class, UpstreamClass::Overloaded);
}

#[tokio::test]
async fn a_stream_is_taken_where_a_whole_answer_was_asked_for() {
    let upstream = Upstream::new([Reply::stream().piece(delta("Hello")).piece(finish()).end()]).await;
    let heard = whole(&upstream).send(&providers()).await;
    assert!(heard.is_whole());
    assert_eq!(heard.text(), "Hello");
}

#[tokio::test]
async fn an_event_without_end_is_cut_at_the_limit() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: ";
    let mut upstream = Upstream::new([Reply::raw(reply).flood(&[b'x'; 64 * 1024])]).await;
    let error = stream(&upstream).fails(&providers()).await;
    assert_eq!(error.class, UpstreamClass::BadAnswer);
    upstream.departure().await;
}
