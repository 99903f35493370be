//! What the operator can set about the HTTP side. Values are checked where they are read.

use std::net::SocketAddr;
use std::time::Duration;

use hub_domain::ports::BillingMode;

use crate::BasePath;

#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    pub base_path: BasePath,
    /// Threads that serve; at least 1.
    pub workers: usize,
    /// Connections of the whole process; beyond them none is accepted.
    pub max_connections: usize,
    /// Connections that may wait to be accepted.
    pub backlog: u32,
    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// For the head of a connection's first request.
    pub head_timeout: Duration,
    /// After the stop of the server, for answers that still run; then they are cut.
    pub shutdown_timeout: Duration,
    pub body: BodyLimits,
    /// Bytes of one form whose files pass through without being kept.
    pub upload_limit: usize,
    pub calls: CallLimits,
    /// Silence on a stream after which a comment is sent, so that a peer that vanished is noticed.
    pub stream_keep_alive: Duration,
    /// Which book of money the balances shown are from.
    pub billing: BillingMode,
    /// Where a user can buy credit.
    pub payment_link: Option<String>,
}

/// How large and how slow request bodies may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of one body.
    pub max_bytes: usize,
    /// Bytes of all bodies that are in memory at once.
    pub total_bytes: usize,
    /// For a whole body.
    pub timeout: Duration,
}

/// Calls in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    pub process: u32,
    pub account: u32,
    /// For keys that have no limit of their own.
    pub key: u32,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { max_bytes: 30 << 20, total_bytes: 512 << 20, timeout: Duration::from_secs(30) }
    }
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { process: 10_000, account: 256, key: 64 }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            base_path: BasePath::default(),
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            max_connections: 20_000,
            backlog: 1024,
            keep_alive: Duration::from_secs(15),
            head_timeout: Duration::from_secs(5),
            shutdown_timeout: Duration::from_secs(35),
            body: BodyLimits::default(),
            upload_limit: 100 << 20,
            calls: CallLimits::default(),
            stream_keep_alive: Duration::from_secs(10),
            billing: BillingMode::default(),
            payment_link: None,
        }
    }
}
