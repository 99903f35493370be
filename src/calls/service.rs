//! The inbound port: takes a request, finds who serves it, and starts its actor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Actor;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use hub_domain::bound;
use hub_domain::error::CallError;
use hub_domain::ids::{AccountId, CallId, InstanceEpoch};
use hub_domain::ports::{
    Accounts, Answers, CallLedger, CallRunner, Claim, ClaimState, Clock, Estimate, Health, IncomingCall,
    KeptAnswer, KeyStore, Leases, ModelProvider, NotReady, Readiness, RunOutcome, SealedAnswer, Secrets,
    Snapshots, TokenCounter, UpstreamReports,
};
use hub_domain::rate_limits::RateLimits;
use hub_domain::routing::Candidates;
use hub_domain::upstream_health::{Trouble, UpstreamHealth};
use hub_domain::use_cases::admit::{Admit, claim_error, storage_error};
use hub_domain::vocabulary::{Answer, CallType, Principal, Request};
use tokio::sync::mpsc;

use super::actor::CallActor;
use super::answer_channel::{self, AnswerSender, Beginning};
use super::credential_tests;
use super::drain::DrainSlots;
use super::kept;
use super::lease::Standing;
use super::live::{Begin, LiveCall};
use super::pending::Pending;
use super::registry::Registry;
use super::retry::RetryBudget;
use super::settings::CallSettings;
use super::supervisor::Orphan;
use super::trace::CallTrace;
use super::upstreams_told;
use super::warden::{self, Warden};
use crate::telemetry::Metrics;

/// Orphans between a panic and the supervisor.
const ORPHANS: usize = 4_096;

/// What calls are made with.
pub struct CallServiceParts {
    pub settings: CallSettings,
    pub epoch: InstanceEpoch,
    pub ledger: Arc<dyn CallLedger>,
    pub leases: Arc<dyn Leases>,
    pub accounts: Arc<dyn Accounts>,
    pub answers: Arc<dyn Answers>,
    pub keys: Arc<dyn KeyStore>,
    pub health: Arc<dyn Health>,
    pub upstream_reports: Arc<dyn UpstreamReports>,
    pub provider: Arc<dyn ModelProvider>,
    pub snapshots: Arc<dyn Snapshots>,
    pub tokens: Arc<dyn TokenCounter>,
    pub secrets: Arc<dyn Secrets>,
    pub rates: Arc<RateLimits>,
    pub clock: Arc<dyn Clock>,
    pub metrics: Arc<Metrics>,
}

/// What actors, pumps and the supervisor share.
pub struct Shared {
    pub settings: CallSettings,
    pub admission: Admit,
    pub ledger: Arc<dyn CallLedger>,
    pub leases: Arc<dyn Leases>,
    pub keys: Arc<dyn KeyStore>,
    pub health: Arc<dyn Health>,
    pub snapshots: Arc<dyn Snapshots>,
    pub provider: Arc<dyn ModelProvider>,
    pub tokens: Arc<dyn TokenCounter>,
    pub clock: Arc<dyn Clock>,
    pub metrics: Arc<Metrics>,
    pub registry: Registry,
    pub standing: Standing,
    pub pending: Pending,
    pub drains: DrainSlots,
    pub retries: RetryBudget,
    pub upstreams: UpstreamHealth,
    /// Requests are counted where they come in, tokens here.
    pub rates: Arc<RateLimits>,
    /// A new one begins when the lease was lost.
    epoch: ArcSwap<InstanceEpoch>,
    secrets: Arc<dyn Secrets>,
    orphans: mpsc::Sender<Orphan>,
}

impl Shared {
    pub fn epoch(&self) -> Arc<InstanceEpoch> {
        self.epoch.load_full()
    }

    pub fn set_epoch(&self, epoch: InstanceEpoch) {
        self.epoch.store(Arc::new(epoch));
    }

    /// A call whose actor is gone without having settled it.
    pub fn orphaned(&self, call: Arc<LiveCall>, out: AnswerSender) {
        // Where the supervisor can't take it, the reaper will.
        let _ = self.orphans.try_send(Orphan { call, out });
    }

    pub fn seal_answer(&self, call: CallId, answer: &KeptAnswer) -> Option<SealedAnswer> {
        kept::seal(self.secrets.as_ref(), call, answer)
    }
}

pub struct CallService {
    shared: Arc<Shared>,
    accounts: Arc<dyn Accounts>,
    answers: Arc<dyn Answers>,
    warden: Warden,
}

impl CallService {
    /// Starts the supervisor; calls may run from now on.
    pub fn start(parts: CallServiceParts) -> Arc<Self> {
        let (orphans, orphaned) = mpsc::channel(ORPHANS);
        let admission = Admit::new(
            Arc::clone(&parts.ledger),
            Arc::clone(&parts.tokens),
            parts.settings.admission.clone(),
        );
        let shared = Arc::new(Shared {
            epoch: ArcSwap::from_pointee(parts.epoch),
            admission,
            ledger: parts.ledger,
            leases: parts.leases,
            keys: parts.keys,
            health: parts.health,
            snapshots: parts.snapshots,
            provider: parts.provider,
            tokens: parts.tokens,
            clock: parts.clock,
            metrics: parts.metrics,
            registry: Registry::default(),
            standing: Standing::new(parts.settings.lease_ttl),
            pending: Pending::new(),
            drains: DrainSlots::new(parts.settings.drain_slots),
            retries: RetryBudget::new(),
            upstreams: UpstreamHealth::default(),
            rates: parts.rates,
            secrets: parts.secrets,
            orphans,
            settings: parts.settings,
        });
        credential_tests::start(&shared);
        upstreams_told::start(&shared, parts.upstream_reports);
        let warden = warden::start(Arc::clone(&shared), orphaned);
        Arc::new(Self { shared, accounts: parts.accounts, answers: parts.answers, warden })
    }

    /// Calls in flight.
    pub fn open_calls(&self) -> usize {
        self.shared.registry.len()
    }

    /// Numbers for `/metrics`.
    pub fn observe(&self) {
        let shared = &self.shared;
        shared.metrics.upstreams(&shared.upstreams.troubles(Instant::now()));
        shared.metrics.drains_active(shared.drains.in_use());
        shared.metrics.standing(
            shared.registry.len(),
            shared.pending.len(),
            shared.standing.remaining(),
            &shared.health.report(),
        );
    }

    /// `/readyz` says no from now on; calls are still taken.
    pub fn announce_end(&self) {
        self.shared.standing.leave();
    }

    /// New calls are refused from now on.
    pub fn refuse_new_calls(&self) {
        self.shared.standing.drain();
    }

    /// Lets calls finish for `grace`, then cancels and settles the rest; ends the lease. Call it
    /// before the workers stop.
    pub async fn drain(&self, grace: Duration) {
        self.refuse_new_calls();
        let shared = &self.shared;
        if tokio::time::timeout(grace, shared.registry.wait_empty()).await.is_err() {
            tracing::warn!(
                calls = shared.registry.len(),
                "the grace is over: the rest is cancelled and settled"
            );
            for entry in shared.registry.snapshot() {
                // A full mailbox belongs to a call that is ending anyway.
                let _ = entry.actor.try_send(super::actor::Interrupt::Shutdown);
            }
            if tokio::time::timeout(SETTLE_REST, shared.registry.wait_empty()).await.is_err() {
                tracing::error!(
                    calls = shared.registry.len(),
                    "calls are left open for the next start to close"
                );
            }
        }
        if tokio::time::timeout(SETTLE_REST, shared.pending.wait_empty()).await.is_err() {
            tracing::error!(settlements = shared.pending.len(), "settlements could not be recorded");
        }
        self.warden.stop().await;
        if let Err(error) = shared.leases.end(&shared.epoch()).await {
            tracing::warn!(%error, "the lease could not be ended; it runs out by itself");
        }
    }

    fn check_ready(&self) -> Result<(), CallError> {
        self.shared.standing.check().map_err(|NotReady { reason, retry_after }| CallError::Unavailable {
            message: reason,
            code: "service_unavailable",
            retry_after,
        })
    }

    /// An answer that was given before to an equal request.
    async fn replay(&self, account: AccountId, claim: &Claim) -> Result<Option<RunOutcome>, CallError> {
        let found = self.answers.find(account, claim).await.map_err(storage_error)?;
        match found {
            None => Ok(None),
            Some(ClaimState::Kept { call, answer }) => {
                let answer = kept::open(self.shared.secrets.as_ref(), call, &answer)
                    .ok_or(CallError::IdempotencyAnswerNotKept)?;
                Ok(Some(RunOutcome::Replay { call, answer }))
            }
            Some(state) => Err(claim_error(&state)),
        }
    }
}

/// What is left after the grace has this long to be settled.
const SETTLE_REST: Duration = Duration::from_secs(8);

impl Readiness for CallService {
    fn check(&self) -> Result<(), NotReady> {
        self.shared.standing.check()
    }

    fn announced(&self) -> Result<(), NotReady> {
        self.shared.standing.announced()
    }
}

#[async_trait]
impl CallRunner for CallService {
    async fn run(&self, principal: Principal, incoming: IncomingCall) -> Result<RunOutcome, CallError> {
        self.check_ready()?;
        let (claim, recorder) = incoming.idempotency.map(|asked| (asked.claim, asked.recorder)).unzip();
        if let Some(claim) = &claim
            && let Some(replay) = self.replay(principal.account, claim).await?
        {
            return Ok(replay);
        }
        let shared = &self.shared;
        let canonical = &incoming.request.canonical;
        let (call_type, is_stream) = (canonical.call_type(), canonical.is_stream());
        let mut candidates = shared.snapshots.current().resolve(
            canonical.model(),
            call_type,
            shared.admission.policy().is_priced(),
        )?;
        shared.upstreams.admit(&mut candidates, Instant::now(), true)?;
        let trace = CallTrace::begin(incoming.traceparent.as_deref(), call_type, &candidates[0]);
        let id = CallId::new();
        let provider_limit = candidates.iter().map(|one| one.provider.timeouts.total).max();
        let call = Arc::new(LiveCall::new(Begin {
            id,
            time_limit: self.time_limit(call_type, is_stream, provider_limit.unwrap_or(Duration::MAX)),
            principal,
            request: incoming.request,
            candidates,
            by: InstanceEpoch::clone(&shared.epoch.load()),
            request_id: incoming.request_id,
            app_did: incoming.app_did,
            recorder,
            trace,
        }));
        shared.retries.earn();
        let (out, mut items) = answer_channel::channel();
        CallActor::new(Arc::clone(shared), Arc::clone(&call), claim, out).start();

        let begun = if is_stream {
            tokio::time::timeout(shared.settings.early_headers, items.begin()).await.ok()
        } else {
            Some(items.begin().await)
        };
        match begun {
            // Content, or a stream whose head goes out without it.
            Some(Beginning::Item) | None => {}
            Some(Beginning::Failed(error)) if call.progress().dispatched => {
                return Ok(RunOutcome::Failed { call: id, error });
            }
            Some(Beginning::Failed(error)) => return Err(error),
            // The actor is gone without a word: it panicked before it could say one.
            Some(Beginning::Gone) => {
                return Err(CallError::Internal { detail: "the call's actor is gone".into() });
            }
        }
        let model = call.shown_model().to_owned();
        let dropped = call.progress().dropped.clone();
        Ok(RunOutcome::Answer(Answer { call: id, model, dropped, items: Box::pin(items) }))
    }

    async fn count_input(&self, request: &Request) -> Result<u64, CallError> {
        let (shared, canonical) = (&self.shared, &request.canonical);
        let is_priced = shared.admission.policy().is_priced();
        let snapshot = shared.snapshots.current();
        let candidates = snapshot.resolve(canonical.model(), canonical.call_type(), is_priced)?;
        let counted = shared.tokens.count(&candidates[0].model, bound::texts(canonical)).await;
        Ok(counted.saturating_add(bound::likely_overhead(canonical)))
    }

    fn reachable(&self, mut candidates: Candidates) -> Result<(), CallError> {
        Ok(self.shared.upstreams.admit(&mut candidates, Instant::now(), false)?)
    }

    fn troubles(&self) -> Vec<Trouble> {
        self.shared.upstreams.troubles(Instant::now())
    }

    async fn quote(&self, principal: &Principal, request: &Request) -> Result<Estimate, CallError> {
        let admission = &self.shared.admission;
        let canonical = &request.canonical;
        let candidates = self.shared.snapshots.current().resolve(
            canonical.model(),
            canonical.call_type(),
            admission.policy().is_priced(),
        )?;
        admission.estimate(self.accounts.as_ref(), principal.account, &candidates, canonical).await
    }
}

impl CallService {
    fn time_limit(&self, call_type: CallType, is_stream: bool, provider: Duration) -> Duration {
        let settings = &self.shared.settings;
        let own = match call_type {
            CallType::ChatCompletion if is_stream => settings.stream_limit,
            _ => settings.plain_limit,
        };
        own.min(provider)
    }
}
