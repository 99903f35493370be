//! Every setting of the hub, read once at the edge into types that can't be wrong.
//!
//! Precedence: built-in (`config.toml`, which is part of the program), file (`--config`), environment
//! (`HUB__SECTION__KEY`), flags. An unknown key or a bad value stops the program with one line.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use hub_domain::ending::OnUpstreamFailure;
use hub_domain::money::Credits;
use hub_domain::ports::BillingMode;
use hub_http::BasePath;
use hub_providers::Allowed;
use serde::{Deserialize, Serialize};

use crate::telemetry::LogFormat;

mod address;
mod allowed;
mod byte_size;
mod choice;
mod data_dir;
mod duration;
mod entries;
mod environment;
mod http_url;
mod load;
mod log_filter;
mod providers;
mod route_target;
mod secret;
mod setting;
mod storage_url;
mod text;
mod virtual_models;
mod whole_number;

pub use byte_size::ByteSize;
pub use data_dir::DataDir;
pub use environment::Environment;
pub use http_url::HttpUrl;
pub use load::{Configuration, Overrides, SettingsError};
pub use log_filter::LogFilter;
pub use providers::{ProviderSource, keys as keys_in};
pub use route_target::RouteTarget;
pub use secret::Secret;
pub use setting::{Optional, Required, Setting, parse as parse_setting};
pub use storage_url::StorageUrl;
pub use text::{ShellCommand, ShortName};
pub use whole_number::Percent;

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Settings {
    /// Empty: the platform's directory for data ([`DataDir`]).
    pub data_dir: Optional<PathBuf>,
    pub server: Server,
    pub storage: Storage,
    pub instance: Instance,
    pub lease: Lease,
    pub billing: Billing,
    pub bootstrap: Bootstrap,
    pub limits: Limits,
    pub egress: Egress,
    pub timeouts: Timeouts,
    pub retry: Retry,
    pub drain: Drain,
    pub shutdown: Shutdown,
    pub secrets: Secrets,
    pub log: Log,
    pub telemetry: Telemetry,
    pub routing: Routing,
    pub providers: providers::ConfiguredProviders,
    pub models: virtual_models::ConfiguredModels,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Server {
    pub listen: Required<SocketAddr>,
    pub base_path: Required<BasePath>,
    /// 0: one for each core.
    pub workers: Required<usize>,
    pub max_connections: Required<NonZeroUsize>,
    pub backlog: Required<NonZeroU32>,
    pub keep_alive: Required<Duration>,
    pub head_timeout: Required<Duration>,
    pub body_timeout: Required<Duration>,
    pub body_limit: Required<ByteSize>,
    pub bodies_limit: Required<ByteSize>,
    pub upload_limit: Required<ByteSize>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Storage {
    /// Empty: `hub.db` in the data directory.
    pub url: Optional<StorageUrl>,
    pub durability: Required<Durability>,
    pub migrate: Required<bool>,
}

/// When SQLite's writes are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// At their commit: a killed process loses nothing, a power cut the last few milliseconds at most.
    Normal,
    /// Once the disk has them.
    Full,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Instance {
    /// Empty: a random one, kept in the data directory.
    pub id: Optional<ShortName>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Lease {
    pub ttl: Required<Duration>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Billing {
    pub mode: Required<BillingMode>,
    pub uncapped_share_percent: Required<Percent>,
    pub uncapped_floor_tokens: Required<NonZeroU64>,
    pub min_output_tokens: Required<NonZeroU64>,
    pub max_output_tokens: Required<NonZeroU64>,
    pub uncapped_output_tokens: Required<NonZeroU64>,
    pub on_upstream_failure: Required<OnUpstreamFailure>,
    pub payment_link: Optional<HttpUrl>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Bootstrap {
    pub access_key: Optional<Secret>,
    pub credits: Required<Credits>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Limits {
    pub calls: Required<NonZeroU32>,
    pub calls_per_account: Required<NonZeroU32>,
    pub calls_per_key: Required<NonZeroU32>,
    pub requests_per_account: Required<u64>,
    pub requests_per_key: Required<u64>,
    pub tokens_per_account: Required<u64>,
    pub tokens_per_key: Required<u64>,
}

/// What the hub fetches because a caller names it.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Egress {
    pub allow: Required<Allowed>,
    pub max_bytes: Required<ByteSize>,
    pub timeout: Required<Duration>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Timeouts {
    pub connect: Required<Duration>,
    pub first_byte: Required<Duration>,
    pub idle: Required<Duration>,
    pub content_idle: Required<Duration>,
    pub early_headers: Required<Duration>,
    pub keep_alive: Required<Duration>,
    pub stream: Required<Duration>,
    pub plain: Required<Duration>,
    pub write_stall: Required<Duration>,
    pub settle: Required<Duration>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Retry {
    pub max_attempts: Required<NonZeroU32>,
    pub total: Required<Duration>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Routing {
    pub named_only: Required<text::Names>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Drain {
    pub limit: Required<Duration>,
    pub slots: Required<usize>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Shutdown {
    pub propagation: Required<Duration>,
    pub grace: Required<Duration>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Secrets {
    pub master_key: Optional<Secret>,
    pub master_key_file: Optional<PathBuf>,
    pub master_key_command: Optional<ShellCommand>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Log {
    pub format: Required<LogFormat>,
    pub filter: Required<LogFilter>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Telemetry {
    pub otlp_endpoint: Optional<HttpUrl>,
}
