//! TLS and HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use hub_domain::error::UpstreamClass;
use hub_providers::{Providers, ProvidersSettings};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::asked::{ANSWER, Asked, delta, finish, providers, stream, whole};
use crate::upstream::{Reply, Upstream};

const ROOT: &[u8] = include_bytes!("certificates/root.der");
const CERTIFICATE: &[u8] = include_bytes!("certificates/localhost.der");
const KEY: &[u8] = include_bytes!("certificates/localhost.key.der");

fn tls() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], PrivateKeyDer::Pkcs8(KEY.into()))
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// How an upstream treats its streams.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Answers,
    /// One piece, and then nothing.
    Stalls,
    /// The first request of a connection is not looked at.
    RefusesFirst,
}

/// Answers over HTTP/2. Tells of connections (`true`) and of streams that the client reset (`false`).
async fn serve(manner: Manner) -> (SocketAddr, mpsc::UnboundedReceiver<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let tell = tell.clone();
            tokio::spawn(async move {
                let Ok(socket) = tls().accept(socket).await else { return };
                tell.send(true).unwrap();
                let mut connection = h2::server::handshake(socket).await.unwrap();
                let mut refuses = manner == Manner::RefusesFirst;
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    if std::mem::take(&mut refuses) {
                        respond.send_reset(h2::Reason::REFUSED_STREAM);
                        continue;
                    }
                    let tell = tell.clone();
                    tokio::spawn(async move {
                        let streams = request.headers()["accept"] == "text/event-stream";
                        let kind = if streams { "text/event-stream" } else { "application/json" };
                        let head = http::Response::builder().header("content-type", kind).body(()).unwrap();
                        let mut body = respond.send_response(head, false).unwrap();
                        if !streams {
                            body.send_data(ANSWER.into(), true).unwrap();
                            return;
                        }
                        body.send_data(delta("Hello").into(), false).unwrap();
                        if manner != Manner::Stalls {
                            body.send_data(finish().into(), true).unwrap();
                            return;
                        }
                        let _ = std::future::poll_fn(|cx| body.poll_reset(cx)).await;
                        tell.send(false).unwrap();
                    });
                }
            });
        }
    });
    (address, told)
}

fn trusting() -> Providers {
    Providers::new(ProvidersSettings { extra_roots: vec![ROOT.to_vec()], ..ProvidersSettings::default() })
}

async fn over_tls(address: SocketAddr, asked: impl Fn(&Upstream) -> Asked) -> Asked {
    let mut asked = asked(&Upstream::new([Reply::default()]).await);
    asked.base_url = Some(format!("https://localhost:{}/v1", address.port()));
    asked
}

#[tokio::test]
async fn calls_at_once_share_one_connection() {
    let (address, mut told) = serve(Manner::Answers).await;
    let providers = trusting();
    let (whole, stream) = (over_tls(address, whole).await, over_tls(address, stream).await);
    assert!(whole.send(&providers).await.is_whole());
    let (one, two, three) =
        tokio::join!(stream.send(&providers), whole.send(&providers), stream.send(&providers));
    assert!(one.is_whole() && two.is_whole() && three.is_whole());
    assert_eq!(one.text(), "Hello");
    assert!(told.recv().await.unwrap());
    assert!(told.try_recv().is_err(), "one connection only");
}

#[tokio::test]
async fn dropping_a_stream_resets_it_within_a_second() {
    let (address, mut told) = serve(Manner::Stalls).await;
    let providers = trusting();
    let mut frames = over_tls(address, stream).await.head(&providers).await.unwrap();
    frames.next().await.unwrap().unwrap();
    assert!(told.recv().await.unwrap());
    let began = Instant::now();
    drop(frames);
    assert!(!timeout(Duration::from_secs(5), told.recv()).await.unwrap().unwrap());
    assert!(began.elapsed() < Duration::from_secs(1));
    assert!(over_tls(address, whole).await.send(&providers).await.is_whole(), "the connection lives on");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (address, _told) = serve(Manner::Answers).await;
    let error = over_tls(address, whole).await.fails(&providers()).await;
    assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Transport, false));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (address, _told) = serve(Manner::Answers).await;
    let mut asked = over_tls(address, whole).await;
    asked.base_url = Some(format!("https://127.0.0.2:{}/v1", address.port()));
    let error = asked.fails(&trusting()).await;
    assert_eq!((error.class, error.maybe_executed), (UpstreamClass::Transport, false));
}

#[tokio::test]
async fn a_request_that_was_not_looked_at_is_sent_again() {
    let (address, _told) = serve(Manner::RefusesFirst).await;
    let providers = trusting();
    assert!(over_tls(address, whole).await.send(&providers).await.is_whole());
}
