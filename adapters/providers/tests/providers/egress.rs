//! What callers have fetched by URL: pictures of the open internet, and no attack on anything else.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use flate2::Compression;
use flate2::write::GzEncoder;
use hub_domain::ports::{Egress, EgressError, Fetched, contract};
use hub_providers::{Allowed, EgressSettings, GuardedEgress, LookUp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// Names as a test wants them; the last answer stays.
struct Names {
    answers: Mutex<Vec<&'static str>>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl LookUp for Names {
    async fn addresses(&self, _: &str, _: u16) -> Vec<IpAddr> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        answer.split(' ').filter_map(|address| address.parse().ok()).collect()
    }
}

struct Stage {
    egress: GuardedEgress,
    asked: Arc<AtomicUsize>,
}

fn stage(allowed: &str, answers: &[&'static str]) -> Stage {
    let asked = Arc::new(AtomicUsize::new(0));
    let names = Names { answers: Mutex::new(answers.to_vec()), asked: Arc::clone(&asked) };
    let settings = EgressSettings {
        allowed: Allowed::parse(allowed).unwrap(),
        max_bytes: 1 << 20,
        timeout: Duration::from_secs(2),
    };
    Stage { egress: GuardedEgress::with_names(settings, Box::new(names)), asked }
}

async fn judged(stage: &Stage, url: &str) -> Option<Vec<SocketAddr>> {
    stage.egress.addresses(url).await
}

/// A server that gives each connection the next answer, and counts them.
async fn server(answers: Vec<Vec<u8>>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let at = count.fetch_add(1, Ordering::Relaxed);
            let answer = answers[at.min(answers.len() - 1)].clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = socket.read(&mut head).await;
                let _ = socket.write_all(&answer).await;
                let _ = socket.shutdown().await;
            });
        }
    });
    (address, seen)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

async fn fetch(stage: &Stage, url: &str) -> Result<Fetched, EgressError> {
    stage.egress.fetch(url, Duration::from_secs(5)).await
}

/// A server's answers as somebody gets them whom the operator lets in there.
async fn let_in(answers: Vec<Vec<u8>>) -> (Result<Fetched, EgressError>, usize) {
    let (address, seen) = server(answers).await;
    let port = address.port();
    let stage = stage(&format!("good.test:{port}"), &["127.0.0.1"]);
    let fetched = fetch(&stage, &format!("http://good.test:{port}/a.png")).await;
    (fetched, seen.load(Ordering::Relaxed))
}

#[tokio::test]
async fn the_guard_keeps_the_contract() {
    let (address, _) = server(vec![answer("200 OK", "content-type: text/plain\r\n", PNG)]).await;
    let port = address.port();
    let stage = stage(&format!("good.test:{port}"), &["127.0.0.1"]);
    contract::egress(&stage.egress, &format!("http://good.test:{port}/a.png")).await;
}

#[tokio::test]
async fn addresses_written_in_odd_ways_are_what_they_stand_for() {
    let stage = stage("", &["8.8.8.8"]);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "%31%32%37.0.0.1",
        "１２７.０.０.１",
        "0",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "10.0.0.1",
        "192.168.1.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ] {
        assert_eq!(judged(&stage, &format!("http://{host}/")).await, None, "{host}");
    }
    assert_eq!(stage.asked.load(Ordering::Relaxed), 0, "none of them is a name");
    assert!(judged(&stage, "http://8.8.8.8/").await.is_some());
    assert!(judged(&stage, "https://[2606:4700::1111]/").await.is_some());
}

#[tokio::test]
async fn a_name_is_judged_by_every_address_it_stands_for() {
    for (answer, passed) in [
        ("127.0.0.1", None),
        ("169.254.169.254", None),
        ("::1 10.0.0.1", None),
        ("::ffff:192.168.0.1", None),
        ("", None),
        ("8.8.8.8", Some("8.8.8.8:443")),
        ("10.0.0.1 8.8.8.8", Some("8.8.8.8:443")),
    ] {
        let stage = stage("", &[answer]);
        let expected = passed.map(|address| vec![address.parse().unwrap()]);
        assert_eq!(judged(&stage, "https://images.test/a.png").await, expected, "{answer}");
    }
}

#[tokio::test]
async fn other_schemes_ports_and_credentials_are_refused_unasked() {
    let stage = stage("", &["8.8.8.8"]);
    for url in [
        "file:///etc/passwd",
        "ftp://images.test/a.png",
        "gopher://images.test/",
        "data:image/png;base64,AAAA",
        "http://images.test:22/",
        "http://images.test:6379/",
        "https://user:word@images.test/",
        "http://user@images.test/",
    ] {
        assert_eq!(judged(&stage, url).await, None, "{url}");
    }
    assert_eq!(stage.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_refused_address_sees_no_connection() {
    let (address, seen) = server(vec![answer("200 OK", "", PNG)]).await;
    let stage = stage("other.test", &["127.0.0.1"]);
    let port = address.port();
    for url in [
        format!("http://evil.test:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
    ] {
        assert_eq!(fetch(&stage, &url).await, Err(EgressError::Unreachable), "{url}");
    }
    assert_eq!(seen.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_the_operator_allows_is_fetched_and_told_by_its_bytes() {
    let (fetched, seen) = let_in(vec![answer("200 OK", "content-type: text/html\r\n", PNG)]).await;
    assert_eq!(fetched, Ok(Fetched { media_type: "image/png", bytes: PNG.into() }));
    assert_eq!(seen, 1);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_asked_once_and_taken_at_its_word() {
    let (address, seen) = server(vec![answer("200 OK", "", PNG)]).await;
    let port = address.port();
    let stage = stage(&format!("good.test:{port}"), &["127.0.0.1", "127.0.0.9"]);
    assert!(fetch(&stage, &format!("http://good.test:{port}/")).await.is_ok());
    assert_eq!((stage.asked.load(Ordering::Relaxed), seen.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn redirects_lead_nowhere_else() {
    for location in [
        "http://127.0.0.1/secret",
        "http://169.254.169.254/latest/meta-data/",
        "http://evil.test/",
        "https://good.test/",
        "file:///etc/passwd",
        "//evil.test/",
    ] {
        let moved = answer("302 Found", &format!("location: {location}\r\ncontent-length: 0\r\n"), b"");
        let (fetched, seen) = let_in(vec![moved, answer("200 OK", "", PNG)]).await;
        assert_eq!((fetched, seen), (Err(EgressError::Unreachable), 1), "{location}");
    }
    let moved = answer("301 Moved Permanently", "location: /b.png\r\ncontent-length: 0\r\n", b"");
    let (fetched, seen) = let_in(vec![moved.clone(), answer("200 OK", "", PNG)]).await;
    assert_eq!((fetched.is_ok(), seen), (true, 2));
    let (fetched, seen) = let_in(vec![moved]).await;
    assert_eq!((fetched, seen), (Err(EgressError::Unreachable), 4), "it goes round in circles");
}

#[tokio::test]
async fn what_is_too_large_too_slow_or_no_picture_is_not_had() {
    let large = [PNG, &vec![0; 2 << 20]].concat();
    let limit = 1 << 20;
    for headers in [format!("content-length: {}\r\n", large.len()), String::new()] {
        let (fetched, _) = let_in(vec![answer("200 OK", &headers, &large)]).await;
        assert_eq!(fetched, Err(EgressError::TooLarge { limit }));
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&vec![0; 100 << 20]).unwrap();
    let bomb = answer("200 OK", "content-encoding: gzip\r\n", &packer.finish().unwrap());
    assert_eq!(let_in(vec![bomb]).await.0, Err(EgressError::TooLarge { limit }));
    let page = answer("200 OK", "content-type: image/png\r\n", b"<html>secret</html>");
    assert_eq!(let_in(vec![page]).await.0, Err(EgressError::UnknownType));
    for status in ["404 Not Found", "401 Unauthorized", "500 Internal Server Error"] {
        assert_eq!(let_in(vec![answer(status, "", PNG)]).await.0, Err(EgressError::Unreachable));
    }
    let slow = answer("200 OK", "content-length: 100\r\n", b"");
    assert_eq!(let_in(vec![slow]).await.0, Err(EgressError::Unreachable), "it never comes");
}
