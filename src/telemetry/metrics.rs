//! Prometheus metrics. Their names and labels are stable.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use hub_domain::ending::Outcome;
use hub_domain::money::{Credits, UNITS_PER_CREDIT};
use hub_domain::ports::{Closing, HealthReport};
use prometheus::{
    CounterVec, Encoder, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Clients choose names of models where a provider prices all of them alike; labels have to be few.
const MODEL_LABELS: usize = 500;

const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    calls: IntCounterVec,
    time_to_first_token: HistogramVec,
    duration: HistogramVec,
    tokens: IntCounterVec,
    charged: CounterVec,
    overrun: CounterVec,
    attempts: IntCounterVec,
    requests: IntCounterVec,
    reaped: IntCounter,
    late: IntCounter,
    open_calls: IntGauge,
    holds_open: Gauge,
    pending: IntGauge,
    outbox: IntGauge,
    lease: Gauge,
    writer_queue: IntGauge,
    writer_groups: IntCounter,
    writer_commands: IntCounter,
    wal: IntGauge,
    unsynced: IntGauge,
    audit: IntGaugeVec,
    drains: IntGauge,
    drains_refused: IntCounter,
    models: RwLock<HashSet<String>>,
}

impl Metrics {
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some("aigne_hub".into()), None)?;
        let make = Maker(&registry);
        make.gauges("build_info", "Always 1; the label tells the version", &["version"])?
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        Ok(Self {
            calls: make.counters(
                "calls_total",
                "Calls that ended",
                &["status", "reason", "model", "provider"],
            )?,
            time_to_first_token: make.histogram(
                "time_to_first_token_seconds",
                "From the start of an attempt to its first content",
                &["model", "provider"],
            )?,
            duration: make.histogram("call_duration_seconds", "From receipt to settlement", &["provider"])?,
            tokens: make.counters("tokens_total", "Usage by meter", &["meter", "model", "provider"])?,
            charged: make.decimals("credits_charged_total", "Credits charged", &["provider"])?,
            overrun: make.decimals(
                "credits_overrun_total",
                "Credits beyond the hold, borne by the operator",
                &["provider"],
            )?,
            attempts: make.counters("upstream_attempts_total", "Tries upstream", &["provider", "outcome"])?,
            requests: make.counters("http_requests_total", "HTTP requests", &["route", "status"])?,
            reaped: make.counter("stale_calls_reaped_total", "Stale calls closed")?,
            late: make
                .counter("late_settlements_total", "Settlements that found their call ended by another")?,
            open_calls: make.gauge("open_calls", "Calls in flight in this process")?,
            holds_open: make.real("holds_open", "Credits held for open calls, over all instances")?,
            pending: make.gauge("pending_settlements", "Settlements that wait for the database")?,
            outbox: make.gauge("outbox_waiting", "Usage events that wait for delivery")?,
            lease: make.real("lease_remaining_seconds", "What is left of this instance's lease")?,
            writer_queue: make.gauge("writer_queue_depth", "Commands that wait for the database's writer")?,
            writer_groups: make.counter("writer_groups_total", "Groups that the writer committed")?,
            writer_commands: make.counter("writer_commands_total", "Commands in the groups committed")?,
            wal: make.gauge("wal_bytes", "Bytes of SQLite's write-ahead log")?,
            unsynced: make.gauge("unsynced_groups", "Groups committed and not yet on the disk")?,
            audit: make.gauges("audit_findings", "Findings of the last audit", &["check"])?,
            drains: make.gauge("drains_active", "Answers that are read on without a client")?,
            drains_refused: make.counter(
                "drains_refused_total",
                "Answers that were cancelled because all drain slots were taken",
            )?,
            models: RwLock::default(),
            registry,
        })
    }

    /// The label for a model: its name, until there are too many.
    fn model<'a>(&self, provider: &str, model: &'a str) -> &'a str {
        let name = format!("{provider}/{model}");
        let known = |names: &HashSet<String>| names.contains(&name);
        if known(&self.models.read().unwrap_or_else(PoisonError::into_inner)) {
            return model;
        }
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        if models.len() < MODEL_LABELS {
            models.insert(name);
            return model;
        }
        "other"
    }

    /// A call was recorded as ended.
    pub fn call_ended(&self, closing: &Closing, charge: Credits, duration: Duration) {
        let provider = &*closing.served.provider;
        let model = self.model(provider, &closing.served.model);
        let status = match closing.outcome {
            Outcome::Success => "success",
            Outcome::Failed => "failed",
        };
        let reason = closing.reason.as_deref().unwrap_or("");
        self.calls.with_label_values(&[status, reason, model, provider]).inc();
        self.duration.with_label_values(&[provider]).observe(duration.as_secs_f64());
        for (meter, quantity) in closing.usage.quantities.iter() {
            self.tokens.with_label_values(&[meter.name(), model, provider]).inc_by(quantity);
        }
        self.charged.with_label_values(&[provider]).inc_by(shown(charge.units()));
        if !closing.division.overrun.is_zero() {
            self.overrun.with_label_values(&[provider]).inc_by(shown(closing.division.overrun.units()));
        }
    }

    pub fn first_content(&self, provider: &str, model: &str, after: Duration) {
        let model = self.model(provider, model);
        self.time_to_first_token.with_label_values(&[model, provider]).observe(after.as_secs_f64());
    }

    pub fn attempt(&self, provider: &str, outcome: &str) {
        self.attempts.with_label_values(&[provider, outcome]).inc();
    }

    pub fn reaped(&self, calls: u64) {
        self.reaped.inc_by(calls);
    }

    pub fn drains_active(&self, drains: usize) {
        self.drains.set(gauge(drains as u64));
    }

    pub fn drain_refused(&self) {
        self.drains_refused.inc();
    }

    pub fn late_settlement(&self) {
        self.late.inc();
    }

    /// How this instance stands.
    pub fn standing(&self, open: usize, pending: usize, lease: Duration, health: &HealthReport) {
        self.open_calls.set(gauge(open as u64));
        self.pending.set(gauge(pending as u64));
        self.lease.set(lease.as_secs_f64());
        self.writer_queue.set(gauge(health.writer_queue));
        self.writer_groups.inc_by(health.groups.saturating_sub(self.writer_groups.get()));
        self.writer_commands.inc_by(health.commands.saturating_sub(self.writer_commands.get()));
        self.wal.set(gauge(health.wal_bytes.unwrap_or_default()));
        self.unsynced.set(gauge(health.unsynced_groups.unwrap_or_default()));
    }

    /// What the books say, over all instances.
    pub fn books(&self, held_units: i64, outbox: u64) {
        self.holds_open.set(shown(held_units));
        self.outbox.set(gauge(outbox));
    }

    /// The findings of an audit, by check.
    pub fn audited<'a>(&self, checks: impl IntoIterator<Item = &'a str>) {
        self.audit.reset();
        for check in checks {
            self.audit.with_label_values(&[check]).inc();
        }
    }

    pub fn request(&self, route: &str, status: u16) {
        self.requests.with_label_values(&[route, &status.to_string()]).inc();
    }

    /// The text format of Prometheus.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics can't be rendered");
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Credits for a graph. Metrics are floats; nothing is reckoned from them.
fn shown(units: i64) -> f64 {
    units as f64 / UNITS_PER_CREDIT as f64
}

struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn add<C: prometheus::core::Collector + Clone + 'static>(&self, metric: C) -> prometheus::Result<C> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn decimals(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<CounterVec> {
        self.add(CounterVec::new(Opts::new(name, help), labels)?)
    }

    fn histogram(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<HistogramVec> {
        self.add(HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), labels)?)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::new(name, help)?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        self.add(prometheus::IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn real(&self, name: &str, help: &str) -> prometheus::Result<Gauge> {
        self.add(Gauge::new(name, help)?)
    }
}
