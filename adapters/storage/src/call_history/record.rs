//! Rows of a call and its tries, and the record that they make.

use diesel::prelude::*;
use diesel::result::Error;
use hub_domain::ids::{CallId, CredentialId, KeyId};
use hub_domain::money::Credits;
use hub_domain::ports::{AttemptRecord, CallRecord, CallStatus, Timings, UnixMillis};
use hub_domain::vocabulary::CallType;

use crate::call_lines::CallLines;
use crate::schema::{call_attempts, model_calls};
use crate::sql_types::{AsJson, Key, Millis};

#[derive(Queryable, Selectable)]
#[diesel(table_name = model_calls)]
pub struct CallRow {
    pub id: Key,
    pub account_id: Key,
    key_id: Option<Key>,
    app_did: Option<String>,
    provider: String,
    model: String,
    credential_id: Option<Key>,
    call_type: String,
    stream: bool,
    billing: String,
    state: String,
    outcome: Option<String>,
    reason: Option<String>,
    error: Option<String>,
    finish_reason: Option<String>,
    hold: i64,
    charge: i64,
    overrun: i64,
    lines: Option<AsJson<CallLines>>,
    duration_ms: Option<i64>,
    ttfb_ms: Option<i64>,
    provider_ttfb_ms: Option<i64>,
    request_id: Option<String>,
    trace_id: Option<String>,
    upstream_id: Option<String>,
    owner: String,
    accepted_ms: Millis,
    closed_ms: Option<Millis>,
}

/// A call, its account's name and DID, and the version of its rate.
pub type Row = (CallRow, String, Option<String>, Option<i32>);

#[derive(Queryable, Selectable)]
#[diesel(table_name = call_attempts)]
pub struct AttemptRow {
    pub call_id: Key,
    provider: String,
    model: String,
    credential_id: Option<Key>,
    started_ms: Millis,
    duration_ms: i64,
    error: Option<String>,
    status: Option<i32>,
    maybe_executed: bool,
}

fn millis(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or_default()
}

fn attempt(row: &AttemptRow) -> AttemptRecord {
    AttemptRecord {
        provider: row.provider.clone(),
        model: row.model.clone(),
        credential: row.credential_id.map(CredentialId::from),
        started: row.started_ms.into(),
        duration_ms: millis(row.duration_ms),
        error: row.error.clone(),
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        maybe_executed: row.maybe_executed,
    }
}

pub fn record<'a>(
    (call, account_name, did, rate_version): Row,
    attempts: impl Iterator<Item = &'a AttemptRow>,
) -> QueryResult<CallRecord> {
    let id = CallId::from(call.id);
    let call_type = CallType::from_name(&call.call_type)
        .ok_or_else(|| Error::DeserializationError(format!("call {id} is of no known type").into()))?;
    let (usage, lines) = match call.lines {
        Some(AsJson(CallLines { usage, lines })) => (Some(usage), lines),
        None => (None, Vec::new()),
    };
    let record = CallRecord {
        id,
        account: call.account_id.into(),
        account_name,
        did,
        key: call.key_id.map(KeyId::from),
        app_did: call.app_did,
        provider: call.provider,
        model: call.model,
        credential: call.credential_id.map(|id| CredentialId::from(id).to_string()),
        call_type,
        stream: call.stream,
        status: match call.outcome.as_deref() {
            None => CallStatus::Processing,
            Some("success") => CallStatus::Success,
            Some(_) => CallStatus::Failed,
        },
        state: call.state,
        reason: call.reason,
        error: call.error,
        finish_reason: call.finish_reason,
        billing: call.billing,
        rate_version,
        hold: Credits::from_units(call.hold),
        charge: Credits::from_units(call.charge),
        overrun: Credits::from_units(call.overrun),
        usage,
        lines,
        timings: Timings {
            duration_ms: call.duration_ms.map(millis).unwrap_or_default(),
            ttfb_ms: call.ttfb_ms.map(millis),
            provider_ttfb_ms: call.provider_ttfb_ms.map(millis),
        },
        attempts: attempts.map(attempt).collect(),
        request_id: call.request_id,
        trace_id: call.trace_id,
        upstream_id: call.upstream_id,
        instance: call.owner,
        accepted: call.accepted_ms.into(),
        closed: call.closed_ms.map(UnixMillis::from),
    };
    Ok(record.with_own_attempt())
}
