//! Fetches what callers name by URL, and nothing that belongs to the operator.
//!
//! A name is looked up once, every address it stands for is judged, and the connection goes to exactly
//! those that passed: there is no second look-up for a name to change its mind in. URLs are parsed as browsers
//! do, so that `0x7f.1`, `2130706433` and `[::ffff:7f00:1]` are what they stand for. Proxies are not taken:
//! behind one nobody knows where a request ends.

mod addresses;
mod allowed;
mod media;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::error::UpstreamClass;
use hub_domain::ports::{Egress, EgressError, Fetched, ProviderTimeouts};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderValue, LOCATION, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};
use url::{Host, Url};

use crate::http::{Body, Http, Limits};

pub use allowed::Allowed;

/// Redirects that stay where they are, such as those to https.
const MOST_REDIRECTS: usize = 3;
/// Fetches of the whole process at a time.
const AT_ONCE: usize = 16;
const CONNECT: Duration = Duration::from_secs(3);
const ACCEPTED: HeaderValue =
    HeaderValue::from_static("image/png, image/jpeg, image/webp, image/gif, application/pdf");

/// What callers may have fetched.
#[derive(Debug, Clone)]
pub struct EgressSettings {
    pub allowed: Allowed,
    /// Of one fetch.
    pub max_bytes: usize,
    /// For one fetch.
    pub timeout: Duration,
}

impl Default for EgressSettings {
    fn default() -> Self {
        Self { allowed: Allowed::default(), max_bytes: 20 << 20, timeout: Duration::from_secs(10) }
    }
}

/// From a name to its addresses.
#[async_trait]
pub trait LookUp: Send + Sync {
    async fn addresses(&self, host: &str, port: u16) -> Vec<IpAddr>;
}

/// As the system knows names.
struct System;

#[async_trait]
impl LookUp for System {
    async fn addresses(&self, host: &str, port: u16) -> Vec<IpAddr> {
        match tokio::net::lookup_host((host, port)).await {
            Ok(found) => found.map(|address| address.ip()).collect(),
            Err(_) => Vec::new(),
        }
    }
}

pub struct GuardedEgress {
    settings: EgressSettings,
    names: Box<dyn LookUp>,
    http: Arc<Http>,
    at_once: Semaphore,
}

impl GuardedEgress {
    pub(crate) fn new(settings: EgressSettings, http: Arc<Http>) -> Self {
        Self { settings, names: Box::new(System), http, at_once: Semaphore::new(AT_ONCE) }
    }

    /// With names that stand for what `names` says.
    pub fn with_names(settings: EgressSettings, names: Box<dyn LookUp>) -> Self {
        Self { names, ..Self::new(settings, Arc::new(Http::new("aigne-hub", Vec::new()))) }
    }

    /// The addresses that a fetch would connect to; `None` where it would not.
    pub async fn addresses(&self, url: &str) -> Option<Vec<SocketAddr>> {
        self.judge(&Url::parse(url).ok()?).await.map(|(_, addresses)| addresses)
    }

    async fn get(&self, url: &str, deadline: Instant) -> Result<Fetched, EgressError> {
        let mut url = Url::parse(url).map_err(|_| EgressError::Unreachable)?;
        for _ in 0..=MOST_REDIRECTS {
            let response = self.head(&url, deadline).await?;
            if response.status() == StatusCode::OK {
                return self.read(response, deadline).await;
            }
            url = next(&url, &response).ok_or(EgressError::Unreachable)?;
        }
        Err(EgressError::Unreachable)
    }

    /// Asks exactly the addresses that were judged.
    async fn head(&self, url: &Url, deadline: Instant) -> Result<Response, EgressError> {
        let (host, addresses) = self.judge(url).await.ok_or(EgressError::Unreachable)?;
        let tls = self.http.tls_config().map_err(|_| EgressError::Unreachable)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT)
            .resolve_to_addrs(&host, &addresses)
            .build()
            .map_err(|_| EgressError::Unreachable)?;
        let request = client
            .get(url.clone())
            .header(USER_AGENT, self.http.user_agent())
            .header(ACCEPT, ACCEPTED)
            .header(ACCEPT_ENCODING, "identity");
        match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            _ => Err(EgressError::Unreachable),
        }
    }

    /// The host of a URL that may be asked, with those of its addresses that may be.
    async fn judge(&self, url: &Url) -> Option<(String, Vec<SocketAddr>)> {
        let (host, port) = (url.host()?, url.port_or_known_default()?);
        let name = host.to_string();
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && (matches!(port, 80 | 443) || self.settings.allowed.names_port(&name, port));
        if !is_plain {
            return None;
        }
        let found = match host {
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
            Host::Domain(domain) => self.names.addresses(domain, port).await,
        };
        let may_be_asked = |address: &IpAddr| {
            addresses::is_public(*address) || self.settings.allowed.covers(&name, port, *address)
        };
        let addresses: Vec<_> =
            found.into_iter().filter(may_be_asked).map(|address| SocketAddr::new(address, port)).collect();
        (!addresses.is_empty()).then_some((name, addresses))
    }

    async fn read(&self, response: Response, deadline: Instant) -> Result<Fetched, EgressError> {
        let limit = self.settings.max_bytes;
        let left = deadline.saturating_duration_since(Instant::now());
        let limits = Limits::new(ProviderTimeouts { idle: left, total: left, ..Default::default() }, left);
        let body = Body::new(response, limits).map_err(|_| EgressError::Unreachable)?;
        let bytes = body.whole(limit).await.map_err(|error| {
            // Too large as it came, or as it was unpacked.
            let is_too_large = error.class == UpstreamClass::BadAnswer;
            if is_too_large { EgressError::TooLarge { limit } } else { EgressError::Unreachable }
        })?;
        let media_type = media::type_of(&bytes).ok_or(EgressError::UnknownType)?;
        Ok(Fetched { media_type, bytes })
    }
}

/// Where a redirect leads, if that is the same host, and no less safe.
fn next(url: &Url, response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let next = url.join(location).ok()?;
    let is_upgrade =
        url.scheme() == "http" && next.scheme() == "https" && url.port().is_none() && next.port().is_none();
    let is_same = url.scheme() == next.scheme() && url.port() == next.port();
    (url.host() == next.host() && (is_same || is_upgrade)).then_some(next)
}

#[async_trait]
impl Egress for GuardedEgress {
    async fn fetch(&self, url: &str, time: Duration) -> Result<Fetched, EgressError> {
        let deadline = Instant::now() + self.settings.timeout.min(time);
        let getting = async {
            let _permit = self.at_once.acquire().await.map_err(|_| EgressError::Unreachable)?;
            self.get(url, deadline).await
        };
        let fetched = timeout_at(deadline, getting).await.unwrap_or(Err(EgressError::Unreachable));
        if fetched == Err(EgressError::Unreachable) {
            // How long it took must not tell a closed port from a refused address.
            let jitter = Duration::from_millis(rand::random_range(20..250));
            sleep(jitter).await;
        }
        fetched
    }
}
