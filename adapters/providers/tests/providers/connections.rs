//! Connections: kept where they can be, closed where they must be.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use hub_domain::error::UpstreamClass;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::asked::{ANSWER, delta, finish, providers, stream, whole};
use crate::upstream::{Reply, Upstream};

fn connections(upstream: &Upstream) -> Vec<usize> {
    upstream.seen().iter().map(|seen| seen.connection).collect()
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    let streamed = Reply::stream().piece(delta("Hello")).piece(finish()).end();
    let replies = [Reply::json(200, ANSWER), streamed.clone(), streamed, Reply::json(200, ANSWER)];
    let upstream = Upstream::new(replies).await;
    let providers = providers();
    for asked in [whole(&upstream), stream(&upstream), stream(&upstream), whole(&upstream)] {
        assert!(asked.send(&providers).await.is_whole());
        // The last bytes of a body come after its answer.
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(connections(&upstream), [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_body_may_end_a_moment_after_its_answer() {
    let reply = Reply::stream().piece(delta("Hello")).piece(finish()).pause(Duration::from_millis(500)).end();
    let upstream = Upstream::new([reply, Reply::json(200, ANSWER)]).await;
    let providers = providers();
    let began = Instant::now();
    assert!(stream(&upstream).send(&providers).await.is_whole());
    assert!(began.elapsed() < Duration::from_millis(400), "the end of the answer waits for nothing");
    sleep(Duration::from_millis(700)).await;
    assert!(whole(&upstream).send(&providers).await.is_whole());
    assert_eq!(connections(&upstream), [0, 0]);
}

#[tokio::test]
async fn what_comes_after_the_answer_is_ignored_and_ends_the_connection() {
    let reply = Reply::stream().piece(delta("Hello")).piece(finish()).pause(Duration::from_millis(50));
    let mut upstream = Upstream::new([reply.piece(delta("more")).wait(), Reply::json(200, ANSWER)]).await;
    let providers = providers();
    let heard = stream(&upstream).send(&providers).await;
    assert!(heard.is_whole());
    assert_eq!(heard.text(), "Hello");
    upstream.departure().await;
    assert!(whole(&upstream).send(&providers).await.is_whole());
    assert_eq!(connections(&upstream), [0, 1]);
}

#[tokio::test]
async fn an_idle_connection_that_the_upstream_closed_is_not_missed() {
    let upstream = Upstream::new([Reply::json(200, ANSWER).close()]).await;
    let providers = providers();
    for _ in 0..3 {
        assert!(whole(&upstream).send(&providers).await.is_whole());
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(connections(&upstream), [0, 1, 2]);
}

#[tokio::test]
async fn nobody_there_means_that_nothing_was_done() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let upstream = Upstream::new([Reply::default()]).await;
    let mut asked = whole(&upstream);
    for base in [format!("http://{address}/v1"), "http://nowhere.invalid/v1".to_owned()] {
        asked.base_url = Some(base);
        let error = asked.fails(&providers()).await;
        assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Transport, false));
        assert!(
            !error.message.contains("127.0.0.1") && !error.message.contains("nowhere"),
            "{}",
            error.message
        );
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_may_have_done_something() {
    for reply in [Reply::default().close(), Reply::default().reset(), Reply::raw("HTTP/1.1 200").close()] {
        let upstream = Upstream::new([reply]).await;
        let error = whole(&upstream).fails(&providers()).await;
        assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Transport, true));
        assert_eq!(upstream.seen().len(), 1, "it is not repeated behind the caller's back");
    }
}

#[tokio::test]
async fn what_is_no_http_is_a_bad_answer() {
    let large = format!("HTTP/1.1 200 OK\r\nx-large: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(100_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "x-many: 1\r\n".repeat(200));
    for reply in ["SSH-2.0-OpenSSH_9.9\r\n\r\n", &large, &many] {
        let upstream = Upstream::new([Reply::raw(reply.to_owned()).wait()]).await;
        let error = whole(&upstream).fails(&providers()).await;
        assert_eq!(error.class, UpstreamClass::BadAnswer, "{}", &reply[..20]);
    }
}

#[tokio::test]
async fn dropping_a_stream_closes_its_connection_within_a_second() {
    let mut upstream = Upstream::new([Reply::stream().piece(delta("Hello")).wait()]).await;
    let mut frames = stream(&upstream).head(&providers()).await.unwrap();
    frames.next().await.unwrap().unwrap();
    let began = Instant::now();
    drop(frames);
    let left = upstream.departure().await;
    assert!(left.duration_since(began) < Duration::from_secs(1));
}

#[tokio::test]
async fn dropping_a_stream_in_full_flow_closes_its_connection_too() {
    let chunk = delta("on and on");
    let chunk = format!("{:x}\r\n{chunk}\r\n", chunk.len());
    let mut upstream = Upstream::new([Reply::stream().flood(chunk.as_bytes())]).await;
    let mut frames = stream(&upstream).head(&providers()).await.unwrap();
    for _ in 0..100 {
        frames.next().await.unwrap().unwrap();
    }
    let began = Instant::now();
    drop(frames);
    let left = upstream.departure().await;
    assert!(left.duration_since(began) < Duration::from_secs(1));
}

#[tokio::test]
async fn giving_up_before_the_head_closes_the_connection_within_a_second() {
    let mut upstream = Upstream::new([Reply::default().wait()]).await;
    let (asked, providers) = (stream(&upstream), providers());
    tokio::select! {
        _ = asked.head(&providers) => panic!("there is no answer"),
        () = sleep(Duration::from_millis(200)) => {}
    }
    let began = Instant::now();
    let left = upstream.departure().await;
    assert!(left.duration_since(began) < Duration::from_secs(1));
}

#[tokio::test]
async fn a_dropped_stream_leaves_nothing_for_the_next_call() {
    let streamed = Reply::stream().piece(delta("first")).wait();
    let upstream = Upstream::new([streamed, Reply::json(200, ANSWER)]).await;
    let providers = providers();
    let mut frames = stream(&upstream).head(&providers).await.unwrap();
    frames.next().await.unwrap().unwrap();
    drop(frames);
    assert_eq!(whole(&upstream).send(&providers).await.text(), "Hello there");
    assert_eq!(connections(&upstream), [0, 1]);
}
