//! HTTP to upstreams: one pool of connections for each worker, proxies, TLS, time-outs, and bodies that
//! can't be trusted. Redirects are never followed.

mod body;
mod failure;
mod gunzip;
mod proxy;
pub mod retry_after;
mod tls;
mod worker_client;

use std::time::Duration;

use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::ports::ProviderTimeouts;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Request, Response};
use tokio::time::{Instant, timeout_at};

pub use body::{Body, Watch};
use proxy::Proxies;
use tls::Tls;
use worker_client::Kind;

/// A head is never larger.
const HEAD_LIMIT: usize = 64 * 1024;

/// How long one exchange may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    connect: Duration,
    head: Instant,
    idle: Duration,
    total: Instant,
}

impl Limits {
    /// `left` is what remains of the call's own time.
    pub fn new(timeouts: ProviderTimeouts, left: Duration) -> Self {
        let now = Instant::now();
        let total = timeouts.total.min(left);
        Self {
            connect: timeouts.connect,
            head: now + timeouts.first_byte.min(total),
            idle: timeouts.idle,
            total: now + total,
        }
    }
}

impl Limits {
    /// The head comes when the whole request has gone, however long that takes.
    pub fn for_upload(self) -> Self {
        Self { head: self.total, ..self }
    }
}

pub struct Http {
    user_agent: HeaderValue,
    tls: Tls,
    proxies: Proxies,
}

impl Http {
    pub fn new(user_agent: &str, extra_roots: Vec<Vec<u8>>) -> Self {
        let user_agent =
            HeaderValue::from_str(user_agent).unwrap_or_else(|_| HeaderValue::from_static("aigne-hub"));
        Self { user_agent, tls: Tls::new(extra_roots), proxies: Proxies::from_environment() }
    }

    pub fn user_agent(&self) -> HeaderValue {
        self.user_agent.clone()
    }

    pub fn tls_config(&self) -> Result<rustls::ClientConfig, rustls::Error> {
        self.tls.config()
    }

    /// Sends a request and waits for the head of the answer.
    pub async fn send(&self, mut request: Request, limits: Limits) -> Result<Response, ProviderError> {
        let kind = Kind { connect: limits.connect, proxied: self.proxies.apply_to(request.url()).await };
        let client = worker_client::here(kind, &self.tls)?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let response = match timeout_at(limits.head, client.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failure::before_the_head(&error)),
            Err(_) => return Err(failure::no_head_in_time()),
        };
        if size(response.headers()) > HEAD_LIMIT {
            return Err(ProviderError::new(
                UpstreamClass::BadAnswer,
                "the head of the upstream's answer is too large",
                true,
            ));
        }
        Ok(response)
    }
}

fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
