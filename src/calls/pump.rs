//! Moves the frames of one call from the upstream to the client. It owns the upstream stream; the
//! response body only has the other end of a bounded channel.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Addr;
use futures_util::StreamExt;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::ports::{Attempt, AttemptRecord, Claim, StorageError, UpstreamAnswer};
use hub_domain::routing::{Candidate, routes};
use hub_domain::use_cases::admit::{AdmitError, storage_error};
use hub_domain::vocabulary::{AnswerItem, Event, Frame};
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep, sleep_until};
use tracing::Instrument;

use super::actor::{CallActor, Seen};
use super::answer_channel::AnswerSender;
use super::live::{LiveCall, RunningAttempt};
use super::service::Shared;

/// Frames without content that are held back, at most; beyond them the answer counts as begun.
const MAX_HELD_BACK: usize = 1_024;

/// What the actor wants done.
#[derive(Debug, Clone, Copy)]
pub enum Command {
    Attempt { candidate: usize, delay: Duration, number: u32 },
}

pub struct Pump {
    shared: Arc<Shared>,
    call: Arc<LiveCall>,
    actor: Addr<CallActor>,
    out: AnswerSender,
    /// Boxed: the channel keeps room for many.
    commands: mpsc::Receiver<Box<Command>>,
    client_gone: bool,
}

impl Pump {
    pub fn new(
        shared: Arc<Shared>,
        call: Arc<LiveCall>,
        actor: Addr<CallActor>,
        out: AnswerSender,
        commands: mpsc::Receiver<Box<Command>>,
    ) -> Self {
        Self { shared, call, actor, out, commands, client_gone: false }
    }

    /// Runs until the actor has no more commands, or aborts it.
    pub async fn run(mut self, claim: Option<Claim>) {
        let held = self.admit(claim).await;
        // Told before the hold, so that nothing is sent upstream for somebody who left meanwhile.
        self.notice_departure();
        match held {
            Ok(()) => self.tell(Seen::Held),
            Err(seen) => return self.tell(seen),
        }
        while let Some(command) = self.commands.recv().await {
            let Command::Attempt { candidate, delay, number } = *command;
            if !delay.is_zero() {
                self.watching(sleep(delay)).await;
            }
            if number == 1 && self.notice_departure() {
                // The actor ends the call, and this task with it.
                continue;
            }
            let seen = match self.attempt(candidate, number).await {
                Ok(()) => Seen::Finished,
                Err(error) => Seen::Failed(error),
            };
            self.tell(seen);
        }
    }

    /// Whether the client has left; the actor is told once.
    fn notice_departure(&mut self) -> bool {
        if !self.client_gone && self.out.is_closed() {
            self.client_gone = true;
            self.tell(Seen::ClientGone);
        }
        self.client_gone
    }

    /// The mailbox has room for all that a call can say; a full one belongs to an actor that is gone.
    fn tell(&self, seen: Seen) {
        let _ = self.actor.try_send(seen);
    }

    /// Quotes and holds: the durable intent.
    async fn admit(&self, claim: Option<Claim>) -> Result<(), Seen> {
        let candidates = &self.call.candidates;
        let admission = &self.shared.admission;
        let canonical = &self.call.request.canonical;
        let quote = admission.quote_all(candidates, canonical).map_err(Seen::Refused)?;
        let most = quote.bound.tokens();
        let reserved = self.shared.rates.reserve(&self.call.principal, most, Instant::now());
        self.call.progress().tokens = reserved.map_err(|exceeded| Seen::Refused(exceeded.into()))?;
        let intent = self.call.intent(admission.policy().billing(), quote, claim);
        // Dropping it undoes nothing: a step that has begun runs to its end, and is voided after it.
        let opening = admission.open(intent, candidates, canonical);
        let (held, quote) = match tokio::time::timeout(self.shared.settings.settle_limit, opening).await {
            Ok(Ok(held)) => held,
            Ok(Err(AdmitError::Refused(error))) => return Err(Seen::Refused(error)),
            Ok(Err(AdmitError::Unknown(error))) => return Err(Seen::Uncertain(error)),
            Err(_) => return Err(Seen::Uncertain(storage_error(StorageError::away("it takes too long")))),
        };
        let mut progress = self.call.progress();
        progress.hold = held.reserved.hold;
        progress.quote = Some(quote);
        // Where nothing is charged no limit is forced on the answer.
        progress.output_limit = held.reserved.output_limit.filter(|_| admission.policy().is_priced());
        Ok(())
    }

    /// Awaits something, and says when the client leaves meanwhile.
    async fn watching<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if !self.client_gone {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.out.closed() => {
                    self.client_gone = true;
                    self.tell(Seen::ClientGone);
                }
            }
        }
        work.await
    }

    /// One try upstream, recorded.
    async fn attempt(&mut self, candidate: usize, number: u32) -> Result<(), ProviderError> {
        let call = Arc::clone(&self.call);
        let target = &call.candidates[candidate];
        let span = call.trace.attempt(target, call.request.canonical.call_type(), number);
        let running = RunningAttempt { number, began: Instant::now(), started: self.shared.clock.now() };
        let output_limit = {
            let mut progress = call.progress();
            progress.start_attempt(candidate, running);
            progress.output_limit
        };
        let output_limit = self.own_limit(target, output_limit);
        let attempt = Attempt {
            request: Arc::clone(&call.request),
            candidate: target.clone(),
            output_limit,
            traceparent: Some(call.trace.traceparent(&span)),
            time_left: call.time_left(),
        };
        let result = match target.route.total {
            None => self.stream(attempt).instrument(span.clone()).await,
            Some(limit) => {
                let bounded = tokio::time::timeout(limit, self.stream(attempt).instrument(span.clone()));
                bounded.await.unwrap_or_else(|_| Err(too_slow()))
            }
        };
        let error = result.as_ref().err();
        if let Some(error) = error {
            span.record("error.type", error.class.name());
            span.record("otel.status_code", "ERROR");
        }
        if let Some(id) = &call.progress().upstream_id {
            span.record("gen_ai.response.id", id.as_str());
        }
        match error {
            None => self.shared.metrics.attempt_answered(&target.provider.name, &target.model),
            Some(error) => self.shared.metrics.attempt_failed(&target.provider.name, error.class),
        }
        let mut progress = call.progress();
        progress.running = None;
        if error.is_some() || number > 1 {
            // A success at once is told by the call's own record.
            let record = call.attempt_record(target, running);
            progress.attempts.push(AttemptRecord {
                error: error.map(|error| error.class.name().to_owned()),
                status: error.and_then(|error| error.status),
                maybe_executed: error.is_some_and(|error| error.maybe_executed),
                ..record
            });
        }
        drop(progress);
        result
    }

    /// What was held for covers the longest answer of all routes; one of them may give less.
    fn own_limit(&self, target: &Candidate, held: Option<u64>) -> Option<u64> {
        let held = held?;
        if routes(&self.call.candidates).nth(1).is_none() {
            return Some(held);
        }
        let own = self.shared.admission.quote(target, &self.call.request.canonical);
        Some(own.map_or(held, |own| own.wanted().min(held)))
    }

    async fn stream(&mut self, attempt: Attempt) -> Result<(), ProviderError> {
        let provider = Arc::clone(&self.shared.provider);
        let content_idle = self.shared.settings.content_idle;
        let first_content = attempt.candidate.route.first_content;
        let first_due = first_content.map(|limit| Instant::now() + limit);
        let start = provider.start(attempt);
        let UpstreamAnswer { mut frames, upstream_id, dropped } = match first_due {
            None => self.watching(start).await?,
            Some(due) => {
                let bounded = tokio::time::timeout_at(due.into(), start);
                self.watching(bounded).await.unwrap_or_else(|_| Err(silent()))?
            }
        };
        if !dropped.is_empty() {
            self.call.progress().dropped = dropped;
        }
        if upstream_id.is_some() {
            self.call.progress().upstream_id = upstream_id;
        }
        // Held back until there is content: an error may still lead to another try.
        let mut held_back: Vec<Frame> = Vec::new();
        let mut content = false;
        let mut due = Instant::now() + content_idle;
        due = first_due.map_or(due, |first| first.min(due));
        let mut idle = pin!(sleep_until(due.into()));
        loop {
            let next = self.watching(next_frame(&mut frames, idle.as_mut(), due)).await;
            let frame = next.unwrap_or_else(|| Err(cut()))?;
            let (has_content, is_end) =
                (frame.has_content(), frame.events.iter().any(|event| matches!(event, Event::End)));
            let provider_ttfb = {
                let mut progress = self.call.progress();
                progress.take(&frame);
                if has_content && progress.first_content.is_none() { progress.saw_content() } else { None }
            };
            if has_content {
                due = Instant::now() + content_idle;
            }
            let begins = has_content || held_back.len() >= MAX_HELD_BACK;
            if begins && !content {
                content = true;
                if let Some(ttfb) = provider_ttfb {
                    let candidate = self.call.candidate();
                    self.shared.metrics.first_content(&candidate.provider.name, &candidate.model, ttfb);
                }
                self.tell(Seen::FirstContent);
                for frame in held_back.drain(..) {
                    self.forward(item(frame)).await;
                }
            }
            if content {
                self.forward(item(frame)).await;
            } else {
                held_back.push(frame);
            }
            if is_end {
                if !content {
                    for frame in held_back.drain(..) {
                        self.forward(item(frame)).await;
                    }
                }
                return Ok(());
            }
        }
    }

    /// Hands a frame to the client. One that takes nothing for too long has left.
    async fn forward(&mut self, item: Box<AnswerItem>) {
        self.call.record(&item);
        if self.client_gone {
            return;
        }
        let sent = self.out.send(item, self.shared.settings.write_stall).await;
        if !sent {
            self.client_gone = true;
            self.tell(Seen::ClientGone);
        }
    }
}

/// Boxed before it is awaited with, so that an open stream's task has no room for it.
fn item(frame: Frame) -> Box<AnswerItem> {
    Box::new(AnswerItem::Frame(frame))
}

/// The next frame, or an error when content has not come for too long. The timer is set anew only
/// when it fires, not for each frame.
async fn next_frame(
    frames: &mut hub_domain::ports::FrameStream,
    mut idle: std::pin::Pin<&mut Sleep>,
    due: Instant,
) -> Option<Result<Frame, ProviderError>> {
    loop {
        tokio::select! {
            biased;
            frame = frames.next() => return frame,
            () = idle.as_mut() => {
                if due <= Instant::now() {
                    return Some(Err(silent()));
                }
                idle.as_mut().reset(due.into());
            }
        }
    }
}

fn broken(class: UpstreamClass, message: &str) -> ProviderError {
    ProviderError::new(class, message, true)
}

fn cut() -> ProviderError {
    broken(UpstreamClass::Transport, "the upstream broke off in the middle of its answer")
}

fn too_slow() -> ProviderError {
    broken(UpstreamClass::Timeout, "the upstream took longer than its route allows")
}

fn silent() -> ProviderError {
    broken(UpstreamClass::Timeout, "the upstream sent no content for too long")
}
