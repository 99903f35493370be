//! The body of a meter event (`POST /api/meter-events`).

use hub_domain::ids::CallId;
use serde::Serialize;

use crate::identifier::Identifier;
use crate::reported_time::ReportedTime;
use crate::wire_amount::WireAmount;

/// Charged calls of one account and app, to be told as one event. All of it is fixed before the first
/// sending, so that every sending has the same bytes.
#[derive(Debug, Clone)]
pub struct Report {
    pub identifier: Identifier,
    /// The account's DID; without one nobody could be billed.
    pub customer: String,
    pub app: Option<String>,
    pub value: WireAmount,
    pub time: ReportedTime,
    pub calls: u64,
    /// The first and the last call, so that a statement's line can be traced.
    pub span: Option<(CallId, CallId)>,
}

/// Its members are in the order in which the platform's own client sends them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeterEvent {
    event_name: String,
    /// Unix seconds.
    timestamp: i64,
    payload: Payload,
    identifier: Identifier,
    metadata: Metadata,
    source_data: Vec<SourceDatum>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Payload {
    customer_id: String,
    /// Credits. What is read back under this name is in the smallest unit instead.
    value: WireAmount,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<i64>,
}

/// A line that Payment Kit shows on statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SourceDatum {
    key: &'static str,
    label: Label,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Label {
    en: &'static str,
    zh: &'static str,
}

fn datum(key: &'static str, en: &'static str, zh: &'static str, value: impl ToString) -> SourceDatum {
    SourceDatum { key, label: Label { en, zh }, value: value.to_string() }
}

/// Payment Kit knows DIDs by their address, without a method.
fn address(did: &str) -> String {
    did.strip_prefix("did:abt:").unwrap_or(did).to_owned()
}

impl MeterEvent {
    /// The event of a report, for the meter of this name.
    pub fn new(meter: &str, report: &Report) -> Self {
        let mut source_data = vec![
            datum("source", "Source", "来源", "AIGNE Hub"),
            datum("record_count", "API Calls", "API 调用数", report.calls),
        ];
        if let Some((first, last)) = report.span {
            source_data.push(datum("first_call", "First Call", "首次调用", first));
            source_data.push(datum("last_call", "Last Call", "末次调用", last));
        }
        Self {
            event_name: meter.to_owned(),
            timestamp: report.time.timestamp,
            payload: Payload { customer_id: address(&report.customer), value: report.value.clone() },
            identifier: report.identifier.clone(),
            metadata: Metadata {
                app_id: report.app.as_deref().map(address),
                occurred_at: report.time.occurred_at,
            },
            source_data,
        }
    }
}
