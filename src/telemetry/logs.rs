//! Logs on standard error, pretty or JSON, and spans to OpenTelemetry where an endpoint is set.

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::otlp;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Pretty,
    Json,
}

#[derive(Debug, Clone, Default)]
pub struct TelemetrySettings {
    pub format: LogFormat,
    /// As `RUST_LOG` has it.
    pub filter: String,
    /// Base address of an OTLP/HTTP collector; spans go to `/v1/traces` under it.
    pub otlp_endpoint: Option<String>,
    /// `service.instance.id`.
    pub instance: String,
}

/// Sends what is still to be sent when it is shut down.
pub struct TelemetryGuard {
    traces: Option<SdkTracerProvider>,
}

impl TelemetryGuard {
    /// Flushes spans; waits for the collector, so call it where blocking is allowed.
    pub fn shutdown(self) {
        if let Some(Err(error)) = self.traces.map(|traces| traces.shutdown()) {
            tracing::warn!(%error, "some spans could not be sent");
        }
    }
}

/// The target of call spans. Where nobody collects them, they are not even made.
const CALL_SPANS: &str = "aigne_hub::call";

/// Sets up logging and tracing for the process; inside the tokio runtime.
pub fn init(settings: &TelemetrySettings) -> Result<TelemetryGuard, Box<dyn std::error::Error>> {
    let mut filter =
        EnvFilter::try_new(&settings.filter)?.add_directive(format!("{CALL_SPANS}=off").parse()?);
    if !settings.filter.contains("actix_server") {
        // What it says of its workers is of no use to anybody who does not ask for it.
        filter = filter.add_directive("actix_server=warn".parse()?);
    }
    let is_terminal = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt::layer().with_ansi(is_terminal).with_writer(std::io::stderr);
    let logs: Box<dyn Layer<Registry> + Send + Sync> = match settings.format {
        LogFormat::Pretty => logs.with_target(false).with_filter(filter).boxed(),
        LogFormat::Json => logs.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let traces = settings
        .otlp_endpoint
        .as_deref()
        .map(|endpoint| otlp::provider(endpoint, &settings.instance))
        .transpose()?;
    let spans = traces.as_ref().map(|traces| {
        tracing_opentelemetry::layer().with_tracer(traces.tracer("aigne-hub")).with_filter(
            tracing_subscriber::filter::Targets::new().with_target(CALL_SPANS, tracing::Level::INFO),
        )
    });
    tracing_subscriber::registry().with(logs).with(spans).try_init()?;
    Ok(TelemetryGuard { traces })
}
