//! Rows of a hold and of an ending, as statements take them.

use diesel::prelude::*;
use hub_domain::ports::{AttemptRecord, Closing, NewCall, Served};

use crate::call_lines::CallLines;
use crate::schema::{call_attempts, model_calls, outbox, transfers};
use crate::sql_types::{AsJson, Key, Millis};

/// A call as it is opened.
#[derive(Insertable)]
#[diesel(table_name = model_calls, treat_none_as_default_value = false)]
pub struct OpenedCall<'a> {
    pub id: Key,
    pub account_id: Key,
    pub key_id: Option<Key>,
    pub app_did: Option<&'a str>,
    pub provider: &'a str,
    pub model: &'a str,
    pub credential_id: Option<Key>,
    pub call_type: &'a str,
    pub stream: bool,
    pub billing: &'a str,
    pub rate_id: Option<Key>,
    pub state: &'a str,
    pub hold: i64,
    pub request_id: Option<&'a str>,
    pub trace_id: Option<&'a str>,
    pub owner: &'a str,
    pub owner_epoch: i64,
    pub accepted_ms: Millis,
    pub deadline_ms: Millis,
}

impl<'a> OpenedCall<'a> {
    pub fn new(call: &'a NewCall, hold: i64, now: Millis) -> Self {
        let Served { provider, model, credential } = &call.served;
        Self {
            id: call.id.into(),
            account_id: call.account.into(),
            key_id: call.key.map(Key::from),
            app_did: call.app_did.as_deref(),
            provider,
            model,
            credential_id: credential.map(Key::from),
            call_type: call.call_type.name(),
            stream: call.stream,
            billing: call.billing.name(),
            rate_id: call.rate.map(Key::from),
            state: "held",
            hold,
            request_id: call.request_id.as_deref(),
            trace_id: call.trace_id.as_deref(),
            owner: &call.by.instance,
            owner_epoch: call.by.epoch,
            accepted_ms: now,
            deadline_ms: now.plus(call.time_limit),
        }
    }
}

/// What an ending changes of a call.
#[derive(AsChangeset)]
#[diesel(table_name = model_calls, treat_none_as_null = true)]
pub struct EndedCall<'a> {
    pub provider: &'a str,
    pub model: &'a str,
    pub credential_id: Option<Key>,
    pub rate_id: Option<Key>,
    pub state: &'a str,
    pub outcome: Option<&'a str>,
    pub reason: Option<&'a str>,
    pub error: Option<&'a str>,
    pub finish_reason: Option<&'a str>,
    pub charge: i64,
    pub overrun: i64,
    pub lines: Option<AsJson<CallLines>>,
    pub duration_ms: Option<i64>,
    pub ttfb_ms: Option<i64>,
    pub provider_ttfb_ms: Option<i64>,
    pub upstream_id: Option<&'a str>,
    pub closed_ms: Option<Millis>,
}

impl<'a> EndedCall<'a> {
    /// `now` is left to the statement where it is `None`.
    pub fn new(closing: &'a Closing, now: Option<Millis>) -> Self {
        let Served { provider, model, credential } = &closing.served;
        let millis = |millis: u64| i64::try_from(millis).unwrap_or(i64::MAX);
        let lines = if closing.void { Vec::new() } else { closing.division.bill.lines.clone() };
        Self {
            provider,
            model,
            credential_id: credential.map(Key::from),
            rate_id: closing.rate.map(Key::from),
            state: if closing.void { "voided" } else { "settled" },
            outcome: Some(closing.outcome.name()),
            reason: closing.reason.as_deref(),
            error: closing.error.as_deref(),
            finish_reason: closing.finish_reason.as_deref(),
            charge: charge(closing),
            overrun: overrun(closing),
            lines: Some(AsJson(CallLines { usage: closing.usage, lines })),
            duration_ms: Some(millis(closing.timings.duration_ms)),
            ttfb_ms: closing.timings.ttfb_ms.map(millis),
            provider_ttfb_ms: closing.timings.provider_ttfb_ms.map(millis),
            upstream_id: closing.upstream_id.as_deref(),
            closed_ms: now,
        }
    }
}

/// What the user pays, in units.
pub fn charge(closing: &Closing) -> i64 {
    if closing.void { 0 } else { closing.division.charge.units() }
}

/// What the operator pays, in units.
pub fn overrun(closing: &Closing) -> i64 {
    if closing.void { 0 } else { closing.division.overrun.units() }
}

#[derive(Insertable)]
#[diesel(table_name = transfers)]
pub struct CallTransfer<'a> {
    pub id: Key,
    pub kind: &'a str,
    pub debit: Key,
    pub credit: Key,
    pub amount: i64,
    pub call_id: Key,
    pub created_ms: Millis,
}

#[derive(Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct Event<'a> {
    pub dedupe_key: Key,
    pub kind: &'a str,
    pub mode: &'a str,
    pub account_id: Key,
    pub app_did: Option<&'a str>,
    pub amount: i64,
    pub created_ms: Millis,
}

#[derive(Insertable)]
#[diesel(table_name = call_attempts, treat_none_as_default_value = false)]
pub struct AttemptRow<'a> {
    pub call_id: Key,
    pub number: i32,
    pub provider: &'a str,
    pub model: &'a str,
    pub credential_id: Option<Key>,
    pub started_ms: Millis,
    pub duration_ms: i64,
    pub error: Option<&'a str>,
    pub status: Option<i32>,
    pub maybe_executed: bool,
}

/// Whether there are tries that get rows of their own: a first one that succeeded is what the call itself
/// tells.
pub fn has_attempts(closing: &Closing) -> bool {
    !matches!(closing.attempts.as_slice(), [] | [AttemptRecord { error: None, .. }])
}

/// The tries that get rows of their own.
pub fn attempts(closing: &Closing) -> Vec<AttemptRow<'_>> {
    if !has_attempts(closing) {
        return Vec::new();
    }
    (1..)
        .zip(closing.attempts.iter())
        .map(|(number, attempt)| AttemptRow::new(closing, number, attempt))
        .collect()
}

impl<'a> AttemptRow<'a> {
    fn new(closing: &Closing, number: i32, attempt: &'a AttemptRecord) -> Self {
        Self {
            call_id: closing.call.into(),
            number,
            provider: &attempt.provider,
            model: &attempt.model,
            credential_id: attempt.credential.map(Key::from),
            started_ms: attempt.started.into(),
            duration_ms: i64::try_from(attempt.duration_ms).unwrap_or(i64::MAX),
            error: attempt.error.as_deref(),
            status: attempt.status.map(i32::from),
            maybe_executed: attempt.maybe_executed,
        }
    }
}
