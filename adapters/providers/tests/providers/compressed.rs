//! Answers that are compressed although nobody asked for it.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt;
use hub_domain::error::UpstreamClass;

use crate::asked::{ANSWER, delta, finish, hear, providers, stream, whole};
use crate::upstream::{Reply, Upstream};

const PACKED_JSON: [(&str, &str); 2] = [("content-type", "application/json"), ("content-encoding", "gzip")];
const PACKED_EVENTS: [(&str, &str); 2] =
    [("content-type", "text/event-stream"), ("content-encoding", "gzip")];

fn pack(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn a_whole_answer_is_unpacked() {
    let upstream = Upstream::new([Reply::whole(200, &PACKED_JSON, pack(ANSWER.as_bytes()))]).await;
    let heard = whole(&upstream).send(&providers()).await;
    assert!(heard.is_whole());
    assert_eq!(heard.text(), "Hello there");
}

#[tokio::test]
async fn a_stream_is_unpacked_as_it_comes() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(delta("Hello").as_bytes()).unwrap();
    packer.flush().unwrap();
    let first = std::mem::take(packer.get_mut());
    packer.write_all(finish().as_bytes()).unwrap();
    let second = packer.finish().unwrap();
    let reply = Reply::chunked(&PACKED_EVENTS).piece(first).pause(Duration::from_secs(1)).piece(second).end();
    let upstream = Upstream::new([reply]).await;
    let mut frames = stream(&upstream).head(&providers()).await.unwrap();
    let first = tokio::time::timeout(Duration::from_millis(500), frames.next()).await;
    first.expect("the first piece comes before the second").unwrap().unwrap();
    assert!(hear(frames).await.is_whole());
}

#[tokio::test]
async fn an_error_is_unpacked() {
    let refusal = r#"{"error":{"message":"no","code":"insufficient_quota"}}"#;
    let upstream = Upstream::new([Reply::whole(429, &PACKED_JSON, pack(refusal.as_bytes()))]).await;
    assert_eq!(whole(&upstream).fails(&providers()).await.class, UpstreamClass::Quota);
}

#[tokio::test]
async fn a_bomb_does_not_go_off() {
    let bomb = pack(&vec![b' '; 100 * 1024 * 1024]);
    let upstream = Upstream::new([Reply::whole(200, &PACKED_JSON, &bomb)]).await;
    assert_eq!(whole(&upstream).fails(&providers()).await.class, UpstreamClass::BadAnswer);
    let upstream = Upstream::new([Reply::whole(200, &PACKED_EVENTS, &bomb)]).await;
    assert_eq!(stream(&upstream).fails(&providers()).await.class, UpstreamClass::BadAnswer);
}

#[tokio::test]
async fn a_packed_answer_that_is_cut_is_no_answer() {
    let packed = pack(ANSWER.as_bytes());
    let upstream = Upstream::new([Reply::whole(200, &PACKED_JSON, &packed[..packed.len() / 2])]).await;
    assert_eq!(whole(&upstream).fails(&providers()).await.class, UpstreamClass::Transport);
}

#[tokio::test]
async fn other_ways_of_packing_are_refused() {
    let headers = [("content-type", "application/json"), ("content-encoding", "br")];
    let upstream = Upstream::new([Reply::whole(200, &headers, ANSWER)]).await;
    assert_eq!(whole(&upstream).fails(&providers()).await.class, UpstreamClass::BadAnswer);
}
