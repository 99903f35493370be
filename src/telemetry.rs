//! What operators see of the running hub: logs, traces, metrics.

mod logs;
mod metrics;
mod otlp;

pub use logs::{LogFormat, TelemetryGuard, TelemetrySettings, init};
pub use metrics::Metrics;
