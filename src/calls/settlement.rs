//! Ends a call: usage, price, charge, record, and the last item of the answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hub_domain::bound;
use hub_domain::ending::{Division, End, divide};
use hub_domain::error::{CallError, ProviderError, UpstreamClass};
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::{AttemptRecord, ClaimEnd, CloseError, Closed, Closing, Timings};
use hub_domain::speech;
use hub_domain::transcription;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{AnswerItem, Canonical, FinishReason, Receipt};

use super::answer_channel::AnswerSender;
use super::live::LiveCall;
use super::service::Shared;

/// What stands in the record of an error, at most.
const MAX_ERROR_TEXT: usize = 1_000;

/// Ends the call as `end` says and sends the client the last item of its answer.
pub async fn close(shared: Arc<Shared>, call: Arc<LiveCall>, end: End, out: AnswerSender) {
    let usage = usage(&shared, &call, end).await;
    let void = end.is_void(shared.settings.on_upstream_failure);
    let (usage, division) = if void { (usage, Division::default()) } else { priced(&shared, &call, usage) };
    let closing = Arc::new(closing(&shared, &call, end, void, usage, division));
    if let Some(reserved) = call.progress().tokens.take() {
        reserved.used(closing.usage.quantities.total_tokens());
    }
    let settled = commit(&shared, Arc::clone(&closing)).await;
    observe(&shared, &call, &closing, settled);
    shared.registry.ended(call.id);
    let last = match (end, settled) {
        (End::Complete | End::ClientGone, Settled::Recorded(charged)) => {
            AnswerItem::Settled(Receipt { call: call.id, usage, charged: Some(charged) })
        }
        (End::Complete | End::ClientGone, Settled::Pending) => {
            AnswerItem::Settled(Receipt { call: call.id, usage, charged: None })
        }
        _ => AnswerItem::Failed(failure(&call)),
    };
    // The client may be gone or take nothing any more; the call is settled all the same.
    out.send(Box::new(last), shared.settings.write_stall).await;
}

/// Ends a call whose settlement broke down: nothing is counted and nothing charged.
pub async fn void(shared: Arc<Shared>, call: Arc<LiveCall>, out: AnswerSender) {
    let end = End::FailedBeforeContent;
    // Neither the recorder nor anything else that may have broken is asked again.
    call.progress().recorder = None;
    let closing = closing(&shared, &call, end, true, Usage::default(), Division::default());
    commit(&shared, Arc::new(closing)).await;
    shared.registry.ended(call.id);
    out.send(Box::new(AnswerItem::Failed(failure(&call))), shared.settings.write_stall).await;
}

/// The usage that counts, with the hub's own count where the provider's is missing.
async fn usage(shared: &Shared, call: &LiveCall, end: End) -> Usage {
    let observed = call.progress().observed;
    let counted = if end.needs_count(&observed) { Some(count(shared, call).await) } else { None };
    end.usage(&observed, counted)
}

/// Counts what went in and came out.
async fn count(shared: &Shared, call: &LiveCall) -> Usage {
    let model = Arc::clone(&call.candidate().model);
    let canonical = &call.request.canonical;
    let input = shared.tokens.count(&model, bound::texts(canonical)).await;
    let input = input.saturating_add(bound::likely_overhead(canonical));
    if let Canonical::Speech(asked) = canonical {
        let quantities = speech::counted(asked, input, call.progress().output.audio_bytes());
        return Usage { quantities, estimated: true, ..Usage::default() };
    }
    let text = {
        let progress = call.progress();
        if progress.output.is_empty() { None } else { Some(progress.output.text().to_owned()) }
    };
    let output = match text {
        Some(text) => shared.tokens.count(&model, vec![text]).await,
        None => 0,
    };
    let output = call.progress().output.extrapolate(output);
    let quantities = match canonical {
        Canonical::Transcription(asked) => transcription::counted(asked, input, output),
        _ => Quantities::default().with(Meter::Input, input).with(Meter::Output, output),
    };
    Usage { quantities, estimated: true, partial: false, inconsistent: false }
}

/// The bill, divided between the user and the operator. Without a rate nothing is charged.
///
/// A usage whose price leaves the range is no usage: it is dropped, so that record and charge agree.
fn priced(shared: &Shared, call: &LiveCall, usage: Usage) -> (Usage, Division) {
    let hold = call.progress().hold;
    let Some(rate) = call.rate().filter(|_| shared.admission.policy().is_priced()) else {
        return (usage, Division::default());
    };
    divide(rate, &usage, hold).map_or_else(
        |_| {
            tracing::error!(call = %call.id, "the price of a usage is out of range; the usage is dropped");
            let none = Usage { inconsistent: true, ..Usage::default() };
            (none, divide(rate, &none, hold).unwrap_or_default())
        },
        |division| (usage, division),
    )
}

fn failure(call: &LiveCall) -> CallError {
    call.progress().error.clone().unwrap_or_else(|| {
        CallError::Upstream(ProviderError::new(
            UpstreamClass::Transport,
            "the upstream broke off in the middle of its answer",
            true,
        ))
    })
}

fn finish_name(reason: &FinishReason) -> String {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::StopSequence(_) => "stop_sequence",
        FinishReason::Refusal => "refusal",
        FinishReason::Paused => "pause_turn",
        FinishReason::ContextFull => "context_full",
        FinishReason::Other(other) => other,
    }
    .to_owned()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn closing(
    shared: &Shared,
    call: &LiveCall,
    end: End,
    void: bool,
    usage: Usage,
    division: Division,
) -> Closing {
    let idempotency = claim_end(shared, call, end, void, usage, division.charge);
    let served = call.served();
    let rate = call.rate().map(|rate| rate.id);
    let mut progress = call.progress();
    let error = progress.error.as_ref().filter(|_| !matches!(end, End::Complete | End::ClientGone));
    let reason = match end.reason() {
        // A departure is a departure, but a revoked key and a deadline have names of their own.
        Some(word) => Some(match (end, error) {
            (End::ClientDisconnected, Some(CallError::Forbidden { code, .. })) => (*code).to_owned(),
            _ => word.to_owned(),
        }),
        None => error.map(|error| error.code().to_owned()),
    };
    let text = error.map(|error| error.to_string().chars().take(MAX_ERROR_TEXT).collect());
    // A try that was cut short; the first one is told by the call's own record.
    if let Some(running) = progress.running.take().filter(|running| running.number > 1) {
        let candidate = &call.candidates[progress.candidate.min(call.candidates.len() - 1)];
        let error = Some(reason.clone().unwrap_or_else(|| "cancelled".to_owned()));
        let record = call.attempt_record(candidate, running);
        progress.attempts.push(AttemptRecord { error, maybe_executed: true, ..record });
    }
    Closing {
        call: call.id,
        account: call.principal.account,
        by: call.by.clone(),
        outcome: end.outcome(),
        reason,
        error: text,
        void,
        served,
        rate,
        usage,
        division,
        mode: shared.admission.policy().mode,
        timings: Timings {
            duration_ms: millis(call.started.elapsed()),
            ttfb_ms: progress.first_content.map(|at| millis(at.duration_since(call.started))),
            provider_ttfb_ms: progress.provider_ttfb.map(millis),
        },
        attempts: std::mem::take(&mut progress.attempts),
        finish_reason: progress.finish_reason.as_ref().map(finish_name),
        upstream_id: progress.upstream_id.take(),
        idempotency,
    }
}

/// What becomes of the idempotency key: the whole answer is kept in the commit that charges it.
fn claim_end(
    shared: &Shared,
    call: &LiveCall,
    end: End,
    void: bool,
    usage: Usage,
    charge: Credits,
) -> ClaimEnd {
    if !call.has_claim {
        return ClaimEnd::None;
    }
    if void {
        return ClaimEnd::Release;
    }
    let recorder = call.progress().recorder.take();
    // An answer that was drained is whole: its client may come back for it.
    let is_whole = matches!(end, End::Complete | End::ClientGone);
    let Some(mut recorder) = recorder.filter(|_| is_whole) else {
        return ClaimEnd::NotKept;
    };
    let receipt = Receipt { call: call.id, usage, charged: Some(charge) };
    recorder.push(&AnswerItem::Settled(receipt));
    let Some(answer) = recorder.finish(&receipt) else {
        return ClaimEnd::NotKept;
    };
    match shared.seal_answer(call.id, &answer) {
        Some(sealed) => ClaimEnd::Keep(sealed),
        None => ClaimEnd::NotKept,
    }
}

/// How the commit went, as far as the client has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Recorded, with this charge.
    Recorded(Credits),
    /// Storage is away: it is recorded later.
    Pending,
}

/// Commits a closing; hands it to the queue of pending settlements where storage is away or slow.
pub async fn commit(shared: &Arc<Shared>, closing: Arc<Closing>) -> Settled {
    // It runs on when we stop waiting for it: a step that has begun runs to its end. A panic in it is caught
    // here, so that the settlement is not lost; a task of its own would do the same for a wake-up more.
    let commit = AssertUnwindSafe(shared.ledger.close(Arc::clone(&closing))).catch_unwind();
    match tokio::time::timeout(shared.settings.settle_limit, commit).await {
        Ok(Ok(Ok(Closed::Done { charge }))) => Settled::Recorded(charge),
        Ok(Ok(Ok(Closed::Before { charge, outcome }))) => {
            shared.metrics.late_settlement();
            tracing::warn!(
                call = %closing.call, %charge, outcome = outcome.name(), uncharged = %closing.division.charge,
                "a call was ended by somebody else before it could be settled"
            );
            Settled::Recorded(charge)
        }
        // Never opened: nothing to end, nothing charged.
        Ok(Ok(Err(CloseError::Unknown))) => Settled::Recorded(Credits::ZERO),
        Ok(Ok(Err(CloseError::Storage(error)))) => {
            if error.is_away() {
                shared.standing.set_storage_away(true);
            }
            tracing::error!(call = %closing.call, %error, "a settlement waits for the database");
            shared.pending.push(closing).await;
            Settled::Pending
        }
        Ok(Ok(Err(CloseError::OutOfRange(error)))) => {
            tracing::error!(call = %closing.call, %error, "a settlement is out of range");
            shared.pending.push(closing).await;
            Settled::Pending
        }
        Ok(Err(_)) | Err(_) => {
            // The supervisor asks each second whether it is back.
            shared.standing.set_storage_away(true);
            tracing::error!(call = %closing.call, "a settlement takes too long");
            shared.pending.push(closing).await;
            Settled::Pending
        }
    }
}

fn observe(shared: &Shared, call: &LiveCall, closing: &Closing, settled: Settled) {
    let charge = match settled {
        Settled::Recorded(charge) => charge,
        Settled::Pending => closing.division.charge,
    };
    shared.metrics.call_ended(closing, charge, call.started.elapsed());
    let span = &call.trace.span;
    if span.is_disabled() {
        return;
    }
    span.record("aigne_hub.call.id", tracing::field::display(call.id));
    span.record("aigne_hub.charge", tracing::field::display(charge));
    span.record("gen_ai.usage.input_tokens", closing.usage.quantities.input_tokens());
    span.record("gen_ai.usage.output_tokens", closing.usage.quantities.output_tokens());
    if let Some(reason) = &closing.finish_reason {
        span.record("gen_ai.response.finish_reasons", reason.as_str());
    }
    if let Some(reason) = &closing.reason {
        span.record("error.type", reason.as_str());
    }
    if closing.outcome == hub_domain::ending::Outcome::Failed {
        span.record("otel.status_code", "ERROR");
    }
}
