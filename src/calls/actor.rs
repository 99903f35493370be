//! The life of one call. The actor feeds the domain's machine with what happened, starts what it
//! decides, and is the only one who settles. Messages go per call, none per frame.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message};
use hub_domain::call::{Call, CallEvent, Effect, Effects, OnDisconnect};
use hub_domain::ending::End;
use hub_domain::error::{CallError, ProviderError};
use hub_domain::ports::Claim;
use hub_domain::routing::{Candidate, routes};
use hub_domain::vocabulary::AnswerItem;
use smallvec::SmallVec;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::answer_channel::AnswerSender;
use super::drain::DrainSlot;
use super::live::LiveCall;
use super::pump::{Command, Pump};
use super::registry::Entry;
use super::retry;
use super::service::Shared;
use super::settlement;

/// A call's mailbox holds this many messages; a call has a handful in its life.
const MAILBOX: usize = 64;

/// What the pump saw.
#[derive(Message)]
#[rtype(result = "()")]
pub enum Seen {
    /// The hold is committed.
    Held,
    /// Admission refused the call; nothing is held.
    Refused(CallError),
    /// Admission's outcome is unknown: void what may have been held.
    Uncertain(CallError),
    FirstContent,
    Finished,
    Failed(ProviderError),
    ClientGone,
}

/// What comes from outside the call.
#[derive(Message, Clone, Copy, Debug, PartialEq, Eq)]
#[rtype(result = "()")]
pub enum Interrupt {
    /// The grace of the shutdown is over.
    Shutdown,
    /// The access key was revoked.
    Revoked,
}

pub struct CallActor {
    shared: Arc<Shared>,
    call: Arc<LiveCall>,
    machine: Call,
    claim: Option<Claim>,
    /// Where the answer goes; the receiver is the response body.
    out: AnswerSender,
    commands: Option<mpsc::Sender<Box<Command>>>,
    pump: Option<AbortHandle>,
    /// The candidate and the time for the next try.
    next: retry::Retry,
    /// The candidates of the tries so far.
    tried: SmallVec<[usize; 4]>,
    first_failure: Option<Instant>,
    drain: Option<DrainSlot>,
    /// Set once the ending is on its way; from then on nobody else need care.
    closing: bool,
}

impl CallActor {
    pub fn new(shared: Arc<Shared>, call: Arc<LiveCall>, claim: Option<Claim>, out: AnswerSender) -> Self {
        let mut machine = Call::new(max_attempts(&shared, &call));
        machine.set_on_disconnect(call.candidate().provider.on_disconnect);
        Self {
            shared,
            call,
            machine,
            claim,
            out,
            commands: None,
            pump: None,
            next: retry::Retry { candidate: 0, delay: Duration::ZERO, is_fallback: false },
            tried: SmallVec::new(),
            first_failure: None,
            drain: None,
            closing: false,
        }
    }

    fn happened(&mut self, event: CallEvent, ctx: &mut Context<Self>) {
        let effects = self.machine.on(event);
        self.apply(effects, ctx);
    }

    fn apply(&mut self, effects: Effects, ctx: &mut Context<Self>) {
        for effect in effects {
            match effect {
                Effect::StartAttempt => self.start_attempt(ctx),
                Effect::CancelUpstream => self.cancel_pump(),
                Effect::Drain => self.drain(ctx),
                Effect::Close(end) => self.close(end, ctx),
            }
        }
    }

    fn command(&self, command: Command) -> bool {
        self.commands.as_ref().is_some_and(|commands| commands.try_send(Box::new(command)).is_ok())
    }

    fn start_attempt(&mut self, ctx: &mut Context<Self>) {
        self.tried.push(self.next.candidate);
        let target = &self.call.candidates[self.next.candidate];
        self.machine.set_on_disconnect(target.provider.on_disconnect);
        let started = self.command(Command::Attempt {
            candidate: self.next.candidate,
            delay: self.next.delay,
            number: u32::try_from(self.tried.len()).unwrap_or(u32::MAX),
        });
        if !started {
            self.broke_down("the pump is gone", ctx);
        }
    }

    fn cancel_pump(&mut self) {
        if let Some(pump) = self.pump.take() {
            pump.abort();
        }
    }

    fn drain(&mut self, ctx: &mut Context<Self>) {
        match self.shared.drains.take() {
            Some(slot) => {
                self.drain = Some(slot);
                ctx.run_later(self.shared.settings.drain_limit, |actor, ctx| {
                    actor.happened(CallEvent::DrainEnded, ctx);
                });
            }
            None => {
                self.shared.metrics.drain_refused();
                self.happened(CallEvent::DrainEnded, ctx);
            }
        }
    }

    /// An upstream try failed: is there another?
    fn failed(&mut self, error: ProviderError, ctx: &mut Context<Self>) {
        let shared = &self.shared;
        shared.upstreams.failed(self.call.candidate(), &error, Instant::now());
        let spent = self.first_failure.get_or_insert_with(Instant::now).elapsed();
        let left = shared.settings.retry_limit.saturating_sub(spent).min(self.call.time_left());
        let (quote, has_content) = {
            let progress = self.call.progress();
            (progress.quote, progress.first_content.is_some())
        };
        let canonical = &self.call.request.canonical;
        let is_paid_for = |route: &Candidate| {
            let own = shared.admission.quote(route, canonical);
            quote.zip(own.ok()).is_some_and(|(held, own)| held.covers(&own))
        };
        // An upload that has begun is gone.
        let may_try = !has_content
            && canonical.can_be_sent()
            && self.tried.len() < max_attempts(shared, &self.call) as usize;
        let plan = may_try
            .then(|| retry::plan(&error, &self.tried, &self.call.candidates, left, is_paid_for))
            .flatten()
            .filter(|retry| retry.is_fallback || shared.retries.spend());
        if let Some(plan) = plan {
            self.next = plan;
        }
        self.failing(CallError::Upstream(error));
        self.happened(CallEvent::UpstreamFailed { retryable: plan.is_some() }, ctx);
    }

    /// Notes why the call fails, unless its ending is on its way already.
    fn failing(&self, error: CallError) {
        if !self.closing {
            self.call.progress().error = Some(error);
        }
    }

    /// Something of ours broke; the call ends as if the upstream had.
    fn broke_down(&mut self, detail: &str, ctx: &mut Context<Self>) {
        tracing::error!(call = %self.call.id, detail, "a call broke down");
        self.failing(CallError::Internal { detail: detail.to_owned() });
        let effects = self.machine.on(CallEvent::UpstreamFailed { retryable: false });
        if effects.is_empty() && !self.closing {
            // It broke before the hold's commit was seen: what may have been held is voided.
            self.close(End::FailedBeforeContent, ctx);
        }
        self.apply(effects, ctx);
    }

    fn close(&mut self, end: End, ctx: &mut Context<Self>) {
        self.closing = true;
        self.drain = None;
        // Between the hold's commit and the first byte upstream a departure still costs nothing.
        let end = match end {
            End::ClientDisconnected if !self.call.progress().dispatched => End::ClientLeftBeforeDispatch,
            end => end,
        };
        // In a task of its own: it runs on when this actor ends, and a panic in it is seen here.
        let settle = actix_rt::spawn(settlement::close(
            Arc::clone(&self.shared),
            Arc::clone(&self.call),
            end,
            self.out.clone(),
        ));
        ctx.spawn(wrap_future::<_, Self>(settle).map(|ended, actor, ctx| {
            actor.closing = ended.is_ok();
            ctx.stop();
        }));
    }

    /// Nothing was held: the answer is the error alone.
    fn refuse(&mut self, error: CallError, ctx: &mut Context<Self>) {
        self.closing = true;
        self.call.progress().tokens = None;
        self.shared.registry.ended(self.call.id);
        self.out.send_first(AnswerItem::Failed(error));
        ctx.stop();
    }
}

impl Actor for CallActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.shared.registry.begun(Entry { call: Arc::clone(&self.call), actor: ctx.address().recipient() });
        let (commands, inbox) = mpsc::channel(4);
        self.commands = Some(commands);
        let pump = Pump::new(
            Arc::clone(&self.shared),
            Arc::clone(&self.call),
            ctx.address(),
            self.out.clone(),
            inbox,
        );
        let task = actix_rt::spawn(pump.run(self.claim.take()));
        self.pump = Some(task.abort_handle());
        // A panic of the pump ends this call and no other.
        ctx.spawn(wrap_future::<_, Self>(task).map(|ended, actor, ctx| {
            if ended.is_err_and(|error| error.is_panic()) {
                actor.broke_down("the pump panicked", ctx);
            }
        }));
        ctx.run_later(self.call.time_limit, |actor, ctx| {
            actor.failing(CallError::Upstream(deadline()));
            actor.happened(CallEvent::Deadline, ctx);
        });
    }
}

/// Each route may be tried, however many there are.
fn max_attempts(shared: &Shared, call: &LiveCall) -> u32 {
    let routes = u32::try_from(routes(&call.candidates).count()).unwrap_or(u32::MAX);
    shared.settings.max_attempts.max(routes)
}

fn deadline() -> ProviderError {
    ProviderError::new(hub_domain::error::UpstreamClass::Timeout, "the call took longer than it may", true)
}

impl Handler<Seen> for CallActor {
    type Result = ();

    fn handle(&mut self, seen: Seen, ctx: &mut Self::Context) {
        match seen {
            Seen::Held => self.happened(CallEvent::Held, ctx),
            Seen::Refused(error) => self.refuse(error, ctx),
            Seen::Uncertain(error) => {
                self.failing(error);
                self.close(End::FailedBeforeContent, ctx);
            }
            Seen::FirstContent => self.happened(CallEvent::FirstContent, ctx),
            Seen::Finished => {
                self.shared.upstreams.succeeded(self.call.candidate());
                self.happened(CallEvent::Finished, ctx);
            }
            Seen::Failed(error) => self.failed(error, ctx),
            Seen::ClientGone => {
                if !self.call.progress().dispatched {
                    // There is nothing to drain.
                    self.machine.set_on_disconnect(OnDisconnect::Cancel);
                }
                self.happened(CallEvent::ClientGone, ctx);
            }
        }
    }
}

impl Handler<Interrupt> for CallActor {
    type Result = ();

    fn handle(&mut self, interrupt: Interrupt, ctx: &mut Self::Context) {
        match interrupt {
            Interrupt::Shutdown => {
                self.failing(CallError::Unavailable {
                    message: "the hub is shutting down".into(),
                    code: "server_shutting_down",
                    retry_after: Duration::from_secs(5),
                });
                self.happened(CallEvent::ShutdownDeadline, ctx);
            }
            Interrupt::Revoked => {
                self.failing(CallError::Forbidden {
                    message: "the access key was revoked".into(),
                    code: "key_revoked",
                });
                // The caller may not have what is still to come; what came is paid as on a departure.
                self.machine.set_on_disconnect(OnDisconnect::Cancel);
                self.happened(CallEvent::ClientGone, ctx);
            }
        }
    }
}

/// An actor that ends without having settled has panicked, or its settlement has: the supervisor settles
/// in its stead.
impl Drop for CallActor {
    fn drop(&mut self) {
        self.cancel_pump();
        if !self.closing {
            self.shared.orphaned(Arc::clone(&self.call), self.out.clone());
        }
    }
}
