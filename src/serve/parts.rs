//! The running parts of a server, started in order and stopped in the reverse one.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::task::JoinHandle;
use hub_domain::ports::{CallLedger, Leases, TokenCounter};
use hub_domain::quote::HoldPolicy;
use hub_domain::rate_limits::{Defaults, RateLimits, Rates};
use hub_domain::use_cases::admit::AdmissionPolicy;
use hub_http::{BodyLimits, CallLimits, HttpSettings, HttpState, ServerHandle};
use hub_identity::AccessKeyVerifier;
use hub_providers::{TiktokenCounter, price_list};
use hub_storage::{LocalLedger, Store};

use super::observer::HttpObserver;
use crate::calls::{CallService, CallServiceParts, CallSettings};
use crate::cli::Failure;
use crate::compose::{Books, write_missing};
use crate::jobs::{self, JobParts, RunningJobs};
use crate::settings::{Configuration, Settings};
use crate::snapshot::SnapshotKeeper;
use crate::telemetry::Metrics;

/// For answers that are still on their way to slow clients when everything is settled.
const LAST_BYTES: Duration = Duration::from_secs(5);
const NOTE_KEY_USE_EVERY: Duration = Duration::from_secs(30);

pub struct Parts {
    calls: Arc<CallService>,
    jobs: RunningJobs,
    verifier: Arc<AccessKeyVerifier>,
    key_use: tokio::task::JoinHandle<()>,
    http: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    address: SocketAddr,
    tokens: Arc<TiktokenCounter>,
}

impl Parts {
    /// Closes what an earlier life of this instance left open, and only then listens.
    pub async fn start(
        configuration: &Configuration,
        books: &Books,
        store: &Store,
        instance: &str,
    ) -> Result<Self, Failure> {
        let settings = &configuration.settings;
        let store = Arc::new(store.clone());
        let metrics = Arc::new(Metrics::new().map_err(Failure::refused)?);
        let epoch = store.begin(instance, *settings.lease.ttl).await?;
        let left_open = store.close_earlier_epochs(&epoch).await?;
        if left_open > 0 {
            metrics.reaped(left_open);
            tracing::warn!(
                calls = left_open,
                "calls that this instance had left open were closed and their holds voided"
            );
        }
        write_built_in_prices(books).await?;
        let snapshots = SnapshotKeeper::start(books.catalogue.clone(), books.rates.clone()).await?;
        let tokens = Arc::new(TiktokenCounter::new());
        let rates = Arc::new(RateLimits::new(rate_defaults(settings)));
        let calls = CallService::start(CallServiceParts {
            settings: call_settings(settings),
            epoch: epoch.clone(),
            ledger: store.clone(),
            leases: store.clone(),
            accounts: store.clone(),
            answers: store.clone(),
            keys: store.clone(),
            health: store.clone(),
            upstream_reports: store.clone(),
            provider: books.upstream.clone(),
            snapshots: snapshots.clone(),
            tokens: tokens.clone(),
            secrets: books.secrets.clone(),
            rates: rates.clone(),
            clock: books.clock.clone(),
            metrics: metrics.clone(),
        });
        let jobs = jobs::start(JobParts {
            epoch,
            mode: *settings.billing.mode,
            jobs: store.clone(),
            ledger: store.clone(),
            outbox: store.clone(),
            reporter: Arc::new(LocalLedger::new((*store).clone())),
            answers: store.clone(),
            auditor: store.clone(),
            metrics: metrics.clone(),
        });
        let verifier =
            Arc::new(AccessKeyVerifier::new(store.clone(), books.clock.clone(), snapshots.clone()));
        let key_use = tokio::spawn(note_key_use(verifier.clone()));
        let state = HttpState {
            runner: calls.clone(),
            verifier: verifier.clone(),
            accounts: store.clone(),
            history: store,
            rates,
            snapshots,
            readiness: calls.clone(),
            observer: Arc::new(HttpObserver { metrics, calls: calls.clone() }),
        };
        let (server, address) = match hub_http::serve(http_settings(settings), state) {
            Ok(serving) => serving,
            Err(error) => {
                calls.drain(Duration::ZERO).await;
                jobs.stop().await;
                let reason = format!("can't listen there: {error}");
                return Err(configuration.bad("server.listen", reason).into());
            }
        };
        let http = server.handle();
        let server = actix_rt::spawn(server);
        Ok(Self { calls, jobs, verifier, key_use, http, server, address, tokens })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Loads the tokenizer ahead of the first call that needs it.
    pub fn warm_up(&self, model: &'static str) {
        let tokens = self.tokens.clone();
        tokio::spawn(async move { tokens.count(model, vec!["warm up".to_owned()]).await });
    }

    pub fn open_calls(&self) -> usize {
        self.calls.open_calls()
    }

    /// Resolves only if the server ends without having been told to.
    pub async fn server_ended(&mut self) -> String {
        match (&mut self.server).await {
            Ok(Ok(())) => "it was stopped".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        }
    }

    pub fn announce_end(&self) {
        self.calls.announce_end();
    }

    /// Accepts no call any more, and sees the running ones to their end. Connections are still accepted:
    /// the kernel would take them anyway, and their clients would wait for an answer that never comes.
    pub async fn drain(&self, grace: Duration) {
        self.calls.drain(grace).await;
    }

    /// Stops the workers, which have nothing to do by now, and the rest.
    pub async fn stop(self) {
        self.http.stop(true).await;
        self.jobs.stop().await;
        self.key_use.abort();
        self.verifier.flush_last_use().await;
    }
}

async fn note_key_use(verifier: Arc<AccessKeyVerifier>) {
    let mut tick = tokio::time::interval(NOTE_KEY_USE_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        verifier.flush_last_use().await;
    }
}

/// The prices of what the program knows by itself, for all providers there are.
async fn write_built_in_prices(books: &Books) -> Result<(), Failure> {
    let providers = books.catalogue.providers().await?;
    let in_force = providers.iter().filter(|found| !found.is_shadowed).map(|found| &found.provider);
    let wanted = in_force.flat_map(|provider| price_list::rates(&provider.name, provider.kind)).collect();
    let written = write_missing(books.rates.as_ref(), &books.rates.current().await?, wanted).await?;
    if written > 0 {
        tracing::info!(rates = written, list = price_list::DATE, "built-in prices entered the book");
    }
    Ok(())
}

fn call_settings(settings: &Settings) -> CallSettings {
    let (billing, timeouts) = (&settings.billing, &settings.timeouts);
    CallSettings {
        admission: AdmissionPolicy {
            mode: *billing.mode,
            hold: HoldPolicy {
                min_output_tokens: billing.min_output_tokens.get(),
                uncapped_share_percent: billing.uncapped_share_percent.0.0,
                uncapped_floor_tokens: billing.uncapped_floor_tokens.get(),
            },
            max_output_tokens: billing.max_output_tokens.get(),
            uncapped_output_tokens: billing.uncapped_output_tokens.get(),
            payment_link: payment_link(settings),
        },
        on_upstream_failure: *billing.on_upstream_failure,
        early_headers: *timeouts.early_headers,
        stream_limit: *timeouts.stream,
        plain_limit: *timeouts.plain,
        content_idle: *timeouts.content_idle,
        write_stall: *timeouts.write_stall,
        settle_limit: *timeouts.settle,
        max_attempts: settings.retry.max_attempts.get(),
        retry_limit: *settings.retry.total,
        drain_limit: *settings.drain.limit,
        drain_slots: *settings.drain.slots,
        lease_ttl: *settings.lease.ttl,
    }
}

fn payment_link(settings: &Settings) -> Option<String> {
    settings.billing.payment_link.as_ref().map(|url| url.0.to_string())
}

/// Limits for each minute of those that have none of their own.
fn rate_defaults(settings: &Settings) -> Defaults {
    let limits = &settings.limits;
    let rates =
        |requests, tokens| Rates { requests: NonZeroU64::new(requests), tokens: NonZeroU64::new(tokens) };
    Defaults {
        key: rates(*limits.requests_per_key, *limits.tokens_per_key),
        account: rates(*limits.requests_per_account, *limits.tokens_per_account),
    }
}

fn http_settings(settings: &Settings) -> HttpSettings {
    let (server, limits) = (&settings.server, &settings.limits);
    HttpSettings {
        listen: *server.listen,
        base_path: server.base_path.0.clone(),
        workers: match *server.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            workers => workers,
        },
        max_connections: server.max_connections.get(),
        backlog: server.backlog.get(),
        keep_alive: *server.keep_alive,
        head_timeout: *server.head_timeout,
        shutdown_timeout: LAST_BYTES,
        body: BodyLimits {
            max_bytes: server.body_limit.0.0,
            total_bytes: server.bodies_limit.0.0,
            timeout: *server.body_timeout,
        },
        upload_limit: server.upload_limit.0.0,
        calls: CallLimits {
            process: limits.calls.get(),
            account: limits.calls_per_account.get(),
            key: limits.calls_per_key.get(),
        },
        stream_keep_alive: *settings.timeouts.keep_alive,
        billing: *settings.billing.mode,
        payment_link: payment_link(settings),
    }
}
