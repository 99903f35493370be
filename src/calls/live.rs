//! What is known of a call in flight. The pump writes it, the actor settles from it, and the
//! supervisor does when the actor is no more.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hub_domain::ending::Observed;
use hub_domain::error::CallError;
use hub_domain::ids::{CallId, InstanceEpoch};
use hub_domain::money::Credits;
use hub_domain::ports::{AnswerRecorder, AttemptRecord, NewCall, Served, UnixMillis};
use hub_domain::quote::Quote;
use hub_domain::rate_limits::Reservation;
use hub_domain::rates::Rate;
use hub_domain::routing::{Candidate, Candidates};
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{AnswerItem, Event, FinishReason, Frame, Principal, Request};
use smallvec::SmallVec;

use super::trace::CallTrace;

/// Output beyond this is counted, not kept; a break-off estimates it from its length.
const MAX_KEPT_OUTPUT: usize = 1024 * 1024;

/// One call in flight.
pub struct LiveCall {
    pub id: CallId,
    pub principal: Principal,
    pub request: Arc<Request>,
    pub candidates: Candidates,
    pub by: InstanceEpoch,
    pub started: Instant,
    pub time_limit: Duration,
    pub request_id: String,
    pub app_did: Option<String>,
    pub has_claim: bool,
    pub trace: CallTrace,
    shown_model: OnceLock<String>,
    /// Locked for moments, by one task at a time; no other call meets it.
    progress: Mutex<Progress>,
}

/// What has happened so far.
#[derive(Default)]
pub struct Progress {
    /// Index of the candidate of the last try.
    pub candidate: usize,
    /// Of the limits for each minute; given back when the call is dropped without having been settled.
    pub tokens: Option<Reservation>,
    /// What is reserved; nothing before the hold is committed.
    pub hold: Credits,
    /// With which quote that is; other routes may be dearer.
    pub quote: Option<Quote>,
    pub output_limit: Option<u64>,
    pub dispatched: bool,
    pub observed: Observed,
    pub output: Output,
    pub finish_reason: Option<FinishReason>,
    pub upstream_id: Option<String>,
    /// Fields of the request that the provider does without.
    pub dropped: Vec<String>,
    pub attempts: SmallVec<[AttemptRecord; 1]>,
    /// The try at hand, until it is recorded.
    pub running: Option<RunningAttempt>,
    pub first_content: Option<Instant>,
    pub provider_ttfb: Option<Duration>,
    pub recorder: Option<Box<dyn AnswerRecorder>>,
    recorder_begun: bool,
    /// Why the call failed, once it has.
    pub error: Option<CallError>,
}

/// A try that has not ended.
#[derive(Clone, Copy)]
pub struct RunningAttempt {
    pub number: u32,
    pub began: Instant,
    pub started: UnixMillis,
}

/// What was received, as far as a count of its tokens needs it.
#[derive(Default)]
pub struct Output {
    text: String,
    /// Bytes that were not kept.
    beyond: u64,
    /// Bytes of audio.
    audio: u64,
}

impl Output {
    fn push(&mut self, piece: &str) {
        if self.text.len() + piece.len() <= MAX_KEPT_OUTPUT {
            self.text.push_str(piece);
        } else {
            self.beyond = self.beyond.saturating_add(piece.len() as u64);
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Text { text, .. } | Event::Thinking { text, .. } | Event::Refusal { text, .. } => {
                self.push(text);
            }
            Event::ToolCallStart { name, .. } => self.push(name),
            Event::ToolCallArguments { fragment, .. } => self.push(fragment),
            Event::Audio(piece) => self.audio = self.audio.saturating_add(piece.len() as u64),
            _ => {}
        }
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn audio_bytes(&self) -> u64 {
        self.audio
    }

    /// Scales a count of the kept text up to all that was received.
    pub fn extrapolate(&self, tokens: u64) -> u64 {
        let kept = self.text.len() as u64;
        if self.beyond == 0 || kept == 0 {
            return tokens;
        }
        let all = u128::from(tokens) * u128::from(kept + self.beyond) / u128::from(kept);
        u64::try_from(all).unwrap_or(u64::MAX)
    }
}

impl Progress {
    /// Notes what a frame says.
    pub fn take(&mut self, frame: &Frame) {
        for event in &frame.events {
            self.output.take(event);
            match event {
                Event::Usage(usage) => self.observed.reported = Some(highest(self.observed.reported, *usage)),
                Event::Finish { reason, .. } => self.finish_reason = Some(reason.clone()),
                Event::Start { id, .. } if self.upstream_id.is_none() && !id.is_empty() => {
                    self.upstream_id = Some(id.clone());
                }
                Event::End => self.observed.reported_is_final = self.observed.reported.is_some(),
                _ => {}
            }
        }
    }

    /// The first content has come. How long the provider took for it.
    pub fn saw_content(&mut self) -> Option<Duration> {
        self.first_content = Some(Instant::now());
        self.provider_ttfb = self.running.map(|attempt| attempt.began.elapsed());
        self.provider_ttfb
    }

    /// Another try begins: what an earlier one said does not count.
    pub fn start_attempt(&mut self, candidate: usize, attempt: RunningAttempt) {
        self.candidate = candidate;
        self.dispatched = true;
        self.observed = Observed::default();
        self.output = Output::default();
        self.finish_reason = None;
        self.upstream_id = None;
        self.dropped.clear();
        self.running = Some(attempt);
    }
}

/// Cumulative usage counts last; one that falls is a broken provider's, and the highest is kept.
fn highest(before: Option<Usage>, now: Usage) -> Usage {
    match before {
        Some(before) if now.quantities.total_tokens() < before.quantities.total_tokens() => {
            Usage { inconsistent: true, ..before }
        }
        _ => now,
    }
}

/// What a call is made of; the rest is filled in on the way.
pub struct Begin {
    pub id: CallId,
    pub principal: Principal,
    pub request: Request,
    pub candidates: Candidates,
    pub by: InstanceEpoch,
    pub time_limit: Duration,
    pub request_id: String,
    pub app_did: Option<String>,
    pub recorder: Option<Box<dyn AnswerRecorder>>,
    pub trace: CallTrace,
}

impl LiveCall {
    pub fn new(begin: Begin) -> Self {
        Self {
            id: begin.id,
            principal: begin.principal,
            request: Arc::new(begin.request),
            candidates: begin.candidates,
            by: begin.by,
            started: Instant::now(),
            time_limit: begin.time_limit,
            request_id: begin.request_id,
            app_did: begin.app_did,
            has_claim: begin.recorder.is_some(),
            trace: begin.trace,
            shown_model: OnceLock::new(),
            progress: Mutex::new(Progress { recorder: begin.recorder, ..Progress::default() }),
        }
    }

    /// A panic elsewhere leaves the progress as it was: every change to it is one assignment.
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The candidate of the last try, or of the first one to come.
    pub fn candidate(&self) -> &Candidate {
        let index = self.progress().candidate.min(self.candidates.len() - 1);
        &self.candidates[index]
    }

    /// `provider/model`, as the client sees it: that of the try that was on its way when the answer began.
    pub fn shown_model(&self) -> &str {
        self.shown_model.get_or_init(|| {
            let candidate = self.candidate();
            format!("{}/{}", candidate.provider.name, candidate.model)
        })
    }

    /// Writes down what is sent, where that was asked for.
    pub fn record(&self, item: &AnswerItem) {
        if !self.has_claim {
            return;
        }
        let model = self.shown_model();
        let mut progress = self.progress();
        let begun = std::mem::replace(&mut progress.recorder_begun, true);
        if let Some(recorder) = &mut progress.recorder {
            if !begun {
                recorder.begin(self.id, model);
            }
            recorder.push(item);
        }
    }

    pub fn rate(&self) -> Option<&Arc<Rate>> {
        self.candidate().rate.as_ref()
    }

    pub fn served(&self) -> Served {
        let candidate = self.candidate();
        Served {
            provider: Arc::clone(&candidate.provider.name),
            model: Arc::clone(&candidate.model),
            credential: candidate.credential.as_ref().and_then(|credential| credential.id),
        }
    }

    /// The record of a try at a candidate.
    pub fn attempt_record(&self, candidate: &Candidate, attempt: RunningAttempt) -> AttemptRecord {
        AttemptRecord {
            provider: candidate.provider.name.to_string(),
            model: candidate.model.to_string(),
            credential: candidate.credential.as_ref().and_then(|credential| credential.id),
            started: attempt.started,
            duration_ms: u64::try_from(attempt.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            error: None,
            status: None,
            maybe_executed: false,
        }
    }

    /// What is left of the call's time.
    pub fn time_left(&self) -> Duration {
        self.time_limit.saturating_sub(self.started.elapsed())
    }

    /// The intent, without what only admission knows.
    pub fn intent(
        &self,
        billing: hub_domain::ports::Billing,
        quote: Quote,
        claim: Option<hub_domain::ports::Claim>,
    ) -> NewCall {
        NewCall {
            id: self.id,
            account: self.principal.account,
            key: self.principal.key,
            app_did: self.app_did.clone(),
            served: self.served(),
            call_type: self.request.canonical.call_type(),
            stream: self.request.canonical.is_stream(),
            rate: self.rate().map(|rate| rate.id),
            billing,
            quote,
            by: self.by.clone(),
            time_limit: self.time_limit,
            request_id: Some(self.request_id.clone()),
            trace_id: Some(self.trace.trace_id()),
            claim,
        }
    }
}
