//! Prometheus metrics. Their names and labels are stable.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use hub_domain::ending::Outcome;
use hub_domain::error::UpstreamClass;
use hub_domain::meter::Meter;
use hub_domain::money::{Credits, UNITS_PER_CREDIT};
use hub_domain::ports::{Closing, HealthReport};
use hub_domain::upstream_health::Trouble;
use prometheus::{
    Counter, CounterVec, Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Clients choose names of models where a provider prices all of them alike; labels have to be few.
const MODEL_LABELS: usize = 500;

const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// By provider, then by model.
type Models = HashMap<String, HashMap<String, Arc<OfModel>>>;

/// What every call of a model counts up.
struct OfModel {
    succeeded: IntCounter,
    time_to_first_token: Histogram,
    duration: Histogram,
    charged: Counter,
    answered: IntCounter,
    tokens: [OnceLock<IntCounter>; Meter::ALL.len()],
    /// Model and provider.
    labels: [String; 2],
}

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
    upstreams: IntGaugeVec,
    drains: IntGauge,
    drains_refused: IntCounter,
    models: RwLock<Models>,
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
            upstreams: make.gauges(
                "upstreams_resting",
                "Credentials and circuits that no call is sent to",
                &["provider", "model", "state"],
            )?,
            drains: make.gauge("drains_active", "Answers that are read on without a client")?,
            drains_refused: make.counter(
                "drains_refused_total",
                "Answers that were cancelled because all drain slots were taken",
            )?,
            models: RwLock::default(),
            registry,
        })
    }

    /// What no call is sent to now.
    pub fn upstreams(&self, troubles: &[Trouble]) {
        self.upstreams.reset();
        for Trouble { provider, model, state, .. } in troubles {
            self.upstreams.with_label_values(&[provider, model.as_deref().unwrap_or_default(), state]).inc();
        }
    }

    /// The series of a model: found once, then only counted up.
    fn model(&self, provider: &str, model: &str) -> Arc<OfModel> {
        let known = |models: &Models| models.get(provider)?.get(model).cloned();
        if let Some(known) = known(&self.models.read().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        let count: usize = models.values().map(HashMap::len).sum();
        let label = if count < MODEL_LABELS { model } else { "other" };
        let of_provider = models.entry(provider.to_owned()).or_default();
        let made = || {
            Arc::new(OfModel {
                succeeded: self.calls.with_label_values(&["success", "", label, provider]),
                time_to_first_token: self.time_to_first_token.with_label_values(&[label, provider]),
                duration: self.duration.with_label_values(&[provider]),
                charged: self.charged.with_label_values(&[provider]),
                answered: self.attempts.with_label_values(&[provider, "success"]),
                tokens: Meter::ALL.map(|_| OnceLock::new()),
                labels: [label.to_owned(), provider.to_owned()],
            })
        };
        of_provider.entry(label.to_owned()).or_insert_with(made).clone()
    }

    /// A call was recorded as ended.
    pub fn call_ended(&self, closing: &Closing, charge: Credits, duration: Duration) {
        let series = self.model(&closing.served.provider, &closing.served.model);
        let [model, provider] = &series.labels;
        match (closing.outcome, closing.reason.as_deref()) {
            (Outcome::Success, None) => series.succeeded.inc(),
            (outcome, reason) => {
                let labels = [outcome.name(), reason.unwrap_or(""), model, provider];
                self.calls.with_label_values(&labels).inc();
            }
        }
        series.duration.observe(duration.as_secs_f64());
        for (meter, quantity) in closing.usage.quantities.iter() {
            let counter = || self.tokens.with_label_values(&[meter.name(), model, provider]);
            series.tokens[meter.index()].get_or_init(counter).inc_by(quantity);
        }
        series.charged.inc_by(shown(charge.units()));
        if !closing.division.overrun.is_zero() {
            self.overrun.with_label_values(&[provider]).inc_by(shown(closing.division.overrun.units()));
        }
    }

    pub fn first_content(&self, provider: &str, model: &str, after: Duration) {
        self.model(provider, model).time_to_first_token.observe(after.as_secs_f64());
    }

    /// A try upstream was answered whole.
    pub fn attempt_answered(&self, provider: &str, model: &str) {
        self.model(provider, model).answered.inc();
    }

    pub fn attempt_failed(&self, provider: &str, class: UpstreamClass) {
        self.attempts.with_label_values(&[provider, class.name()]).inc();
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
