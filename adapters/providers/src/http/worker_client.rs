//! One `reqwest::Client` for each worker: a pooled connection belongs to the runtime that opened it, and
//! a worker of the hub is a thread with a runtime of its own.

use std::cell::RefCell;
use std::time::Duration;

use hub_domain::error::{ProviderError, UpstreamClass};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::runtime::{Handle, Id};

use super::tls::Tls;

/// Idle connections to one provider that a worker keeps.
const IDLE_CONNECTIONS: usize = 1024;
/// Shorter than any server's own, so that a connection is rarely closed as it is taken.
const IDLE_TIME: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How much one stream, and all streams of an HTTP/2 connection, may send ahead of their readers. Many
/// slow readers must not starve the others of one connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 32 * 1024 * 1024;
const HTTP2_PING: Duration = Duration::from_secs(20);
const HTTP2_PONG: Duration = Duration::from_secs(10);
const HTTP2_HEAD_LIMIT: u32 = 64 * 1024;
/// Kinds are as many as there are different time-outs; more than that would be a leak.
const MOST_KINDS: usize = 32;

/// What two requests have to agree on to share connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub connect: Duration,
    pub proxied: bool,
}

struct Kept {
    runtime: Id,
    /// Which TLS settings: a process has one, a test may have several.
    tls: usize,
    kind: Kind,
    client: Client,
}

thread_local! {
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// This worker's client.
pub fn here(kind: Kind, tls: &Tls) -> Result<Client, ProviderError> {
    let runtime = Handle::current().id();
    KEPT.with_borrow_mut(|kept| {
        let same = |one: &&Kept| one.runtime == runtime && one.kind == kind && one.tls == tls.number();
        if let Some(found) = kept.iter().find(same) {
            return Ok(found.client.clone());
        }
        kept.retain(|one| one.runtime == runtime);
        if kept.len() >= MOST_KINDS {
            kept.remove(0);
        }
        let client = build(kind, tls)?;
        kept.push(Kept { runtime, tls: tls.number(), kind, client: client.clone() });
        Ok(client)
    })
}

fn build(kind: Kind, tls: &Tls) -> Result<Client, ProviderError> {
    let config = tls.config().map_err(|error| unusable(&error))?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(kind.connect)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_TIME)
        .tcp_nodelay(true)
        .tcp_keepalive(KEEP_ALIVE)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(HTTP2_HEAD_LIMIT)
        .http2_keep_alive_interval(HTTP2_PING)
        .http2_keep_alive_timeout(HTTP2_PONG);
    if !kind.proxied {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| unusable(&error))
}

fn unusable(error: &dyn std::error::Error) -> ProviderError {
    tracing::error!(%error, "the HTTP client can't be built");
    ProviderError::new(UpstreamClass::Transport, "the hub's HTTP client can't be built", false)
}
