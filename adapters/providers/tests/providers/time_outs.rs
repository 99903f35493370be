//! Upstreams that take too long, in each phase.

use std::time::{Duration, Instant};

use hub_domain::error::{ProviderError, UpstreamClass};

use crate::asked::{Asked, delta, providers, stream, whole};
use crate::upstream::{Reply, Upstream};

const SHORT: Duration = Duration::from_millis(300);

async fn fails_soon(asked: Asked) -> ProviderError {
    let began = Instant::now();
    let error = asked.fails(&providers()).await;
    let took = began.elapsed();
    assert!((SHORT..Duration::from_secs(2)).contains(&took), "{took:?}");
    error
}

#[tokio::test]
async fn a_connection_that_does_not_come_about() {
    // It takes the TCP connection and never says a word of TLS.
    let upstream = Upstream::new([Reply::default().wait()]).await;
    let mut asked = whole(&upstream);
    asked.base_url = Some(format!("https://{}/v1", upstream.address));
    asked.timeouts.connect = SHORT;
    let error = fails_soon(asked).await;
    assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Transport, false));
}

#[tokio::test]
async fn a_head_that_does_not_come() {
    let mut upstream = Upstream::new([Reply::default().wait()]).await;
    let mut asked = whole(&upstream);
    asked.timeouts.first_byte = SHORT;
    let error = fails_soon(asked).await;
    assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Timeout, true));
    upstream.departure().await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte() {
    let drip = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
    let reply = drip
        .bytes()
        .fold(Reply::default(), |reply, byte| reply.then(vec![byte]).pause(Duration::from_millis(50)));
    let upstream = Upstream::new([reply.wait()]).await;
    let mut asked = whole(&upstream);
    asked.timeouts.first_byte = SHORT;
    assert_eq!(fails_soon(asked).await.class, UpstreamClass::Timeout);
}

#[tokio::test]
async fn silence_in_the_middle() {
    let mut upstream = Upstream::new([Reply::stream().piece(delta("Hello")).wait()]).await;
    let mut asked = stream(&upstream);
    asked.timeouts.idle = SHORT;
    let error = fails_soon(asked).await;
    assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Timeout, true));
    upstream.departure().await;
}

#[tokio::test]
async fn silence_in_the_middle_of_a_whole_answer() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let upstream = Upstream::new([Reply::raw(head).wait()]).await;
    let mut asked = whole(&upstream);
    asked.timeouts.idle = SHORT;
    assert_eq!(fails_soon(asked).await.class, UpstreamClass::Timeout);
}

#[tokio::test]
async fn every_piece_begins_the_silence_anew() {
    let reply = (0..8).fold(Reply::stream(), |reply, _| reply.piece(": ping\n\n").pause(SHORT / 3));
    let reply = reply.piece(delta("Hello")).piece(crate::asked::finish()).end();
    let upstream = Upstream::new([reply]).await;
    let mut asked = stream(&upstream);
    asked.timeouts.idle = SHORT;
    assert!(asked.send(&providers()).await.is_whole());
}

#[tokio::test]
async fn an_answer_that_goes_on_for_ever() {
    let reply =
        (0..100).fold(Reply::stream(), |reply, _| reply.piece(delta("on ")).pause(Duration::from_millis(20)));
    let mut upstream = Upstream::new([reply.wait()]).await;
    let mut asked = stream(&upstream);
    asked.timeouts.total = SHORT;
    assert_eq!(fails_soon(asked).await.class, UpstreamClass::Timeout);
    upstream.departure().await;
}

#[tokio::test]
async fn what_is_left_of_the_calls_time_is_all_there_is() {
    let upstream = Upstream::new([Reply::default().wait()]).await;
    let mut attempt = whole(&upstream).attempt();
    attempt.time_left = SHORT;
    let began = Instant::now();
    let error = hub_domain::ports::ModelProvider::start(&providers(), attempt).await.err().unwrap();
    assert_eq!(error.class, UpstreamClass::Timeout);
    assert!(began.elapsed() < Duration::from_secs(2));
}
