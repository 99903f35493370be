//! `aigne-hub calls`: what was called, and what it cost.

use std::collections::BTreeMap;

use clap::Subcommand;
use hub_domain::ports::{AttemptRecord, CallRecord, CallStatus};
use hub_domain::rates::PriceLine;
use hub_domain::usage::Usage;
use serde::Serialize;

use super::{Failure, Output, moment};
use crate::compose::Books;

mod list;
mod show;

/// See the records of calls.
#[derive(Debug, Subcommand)]
pub enum Calls {
    List(list::List),
    Show(show::Show),
}

impl Calls {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        match self {
            Self::List(list) => list.run(books).await,
            Self::Show(show) => show.run(books).await,
        }
    }
}

/// A call as programs see it. Amounts are decimal credits, times are milliseconds.
#[derive(Serialize)]
struct CallView {
    id: String,
    account: String,
    account_name: String,
    key: Option<String>,
    provider: String,
    model: String,
    #[serde(rename = "type")]
    call_type: &'static str,
    stream: bool,
    /// `processing`, `success` or `failed`.
    status: &'static str,
    /// `held`, `settled` or `voided`.
    state: String,
    reason: Option<String>,
    error: Option<String>,
    finish_reason: Option<String>,
    usage: Option<UsageView>,
    /// What was charged.
    cost: String,
    /// What was held for it.
    hold: String,
    /// What the provider billed beyond the hold, borne by the operator.
    overrun: String,
    billing: String,
    rate_version: Option<i32>,
    /// How the cost comes about; prices are for one.
    lines: Vec<LineView>,
    attempts: Vec<AttemptView>,
    duration_ms: Option<u64>,
    ttfb_ms: Option<u64>,
    provider_ttfb_ms: Option<u64>,
    request_id: Option<String>,
    trace_id: Option<String>,
    upstream_id: Option<String>,
    app_did: Option<String>,
    instance: String,
    accepted: String,
    closed: Option<String>,
}

/// Quantities by meter, and sums.
#[derive(Serialize)]
struct UsageView {
    #[serde(flatten)]
    meters: BTreeMap<&'static str, u64>,
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    /// Counted by the hub.
    estimated: bool,
    /// The answer was not delivered whole.
    partial: bool,
    inconsistent: bool,
}

#[derive(Serialize)]
struct LineView {
    meter: &'static str,
    quantity: u64,
    price: String,
    amount: String,
}

#[derive(Serialize)]
struct AttemptView {
    provider: String,
    model: String,
    credential: Option<String>,
    started: String,
    duration_ms: u64,
    /// The class of the error; none where the try succeeded.
    error: Option<String>,
    /// The upstream's HTTP status.
    http_status: Option<u16>,
    maybe_executed: bool,
}

impl UsageView {
    fn new(usage: &Usage) -> Self {
        let quantities = &usage.quantities;
        Self {
            meters: quantities.iter().map(|(meter, quantity)| (meter.name(), quantity)).collect(),
            input_tokens: quantities.input_tokens(),
            output_tokens: quantities.output_tokens(),
            total_tokens: quantities.total_tokens(),
            estimated: usage.estimated,
            partial: usage.partial,
            inconsistent: usage.inconsistent,
        }
    }
}

impl From<&PriceLine> for LineView {
    fn from(line: &PriceLine) -> Self {
        Self {
            meter: line.meter.name(),
            quantity: line.quantity,
            price: line.rate.to_string(),
            amount: line.amount.to_string(),
        }
    }
}

impl From<&AttemptRecord> for AttemptView {
    fn from(attempt: &AttemptRecord) -> Self {
        Self {
            provider: attempt.provider.clone(),
            model: attempt.model.clone(),
            credential: attempt.credential.map(|id| id.to_string()),
            started: moment::show(attempt.started),
            duration_ms: attempt.duration_ms,
            error: attempt.error.clone(),
            http_status: attempt.status,
            maybe_executed: attempt.maybe_executed,
        }
    }
}

/// Every try. A call that succeeded at once has no rows of its own for it: the call's record tells.
fn attempts(record: &CallRecord) -> Vec<AttemptView> {
    let only = || AttemptView {
        provider: record.provider.clone(),
        model: record.model.clone(),
        credential: record.credential.clone(),
        started: moment::show(record.accepted),
        duration_ms: record.timings.duration_ms,
        error: record.reason.clone().filter(|_| record.status == CallStatus::Failed),
        http_status: None,
        maybe_executed: false,
    };
    let was_answered = record.usage.is_some_and(|usage| usage.quantities.total_tokens() > 0);
    if record.attempts.is_empty() && was_answered {
        return vec![only()];
    }
    record.attempts.iter().map(AttemptView::from).collect()
}

impl From<&CallRecord> for CallView {
    fn from(record: &CallRecord) -> Self {
        let is_open = record.status == CallStatus::Processing;
        Self {
            id: record.id.to_string(),
            account: record.account.to_string(),
            account_name: record.account_name.clone(),
            key: record.key.map(|id| id.to_string()),
            provider: record.provider.clone(),
            model: record.model.clone(),
            call_type: record.call_type.name(),
            stream: record.stream,
            status: record.status.name(),
            state: record.state.clone(),
            reason: record.reason.clone(),
            error: record.error.clone(),
            finish_reason: record.finish_reason.clone(),
            usage: record.usage.as_ref().map(UsageView::new),
            cost: record.charge.to_string(),
            hold: record.hold.to_string(),
            overrun: record.overrun.to_string(),
            billing: record.billing.clone(),
            rate_version: record.rate_version,
            lines: record.lines.iter().map(LineView::from).collect(),
            attempts: attempts(record),
            duration_ms: (!is_open).then_some(record.timings.duration_ms),
            ttfb_ms: record.timings.ttfb_ms,
            provider_ttfb_ms: record.timings.provider_ttfb_ms,
            request_id: record.request_id.clone(),
            trace_id: record.trace_id.clone(),
            upstream_id: record.upstream_id.clone(),
            app_did: record.app_did.clone(),
            instance: record.instance.clone(),
            accepted: moment::show(record.accepted),
            closed: record.closed.map(moment::show),
        }
    }
}
