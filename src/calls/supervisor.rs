//! One for each process, on its own arbiter: renews the lease, reaps stale calls, also of other
//! instances, settles what a panicked actor left behind, and ends streams of revoked keys.

use std::sync::Arc;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message};
use hub_domain::ending::End;
use hub_domain::error::CallError;
use hub_domain::ports::LeaseError;
use hub_domain::use_cases::reap_stale_calls;

use super::actor::Interrupt;
use super::answer_channel::AnswerSender;
use super::live::LiveCall;
use super::service::Shared;
use super::settlement;

const MAILBOX: usize = 4_096;

/// A call whose actor is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Orphan {
    pub call: Arc<LiveCall>,
    pub out: AnswerSender,
}

/// The warden asks whether the supervisor lives.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Ping;

pub struct CallSupervisor {
    shared: Arc<Shared>,
    renewing: bool,
    seen_settings: i64,
}

impl CallSupervisor {
    pub fn new(shared: Arc<Shared>) -> Self {
        let seen_settings = shared.snapshots.current().settings_version;
        Self { shared, renewing: false, seen_settings }
    }

    /// A sixth of the lease: 5 s of the default 30.
    fn period(&self) -> Duration {
        self.shared.settings.lease_ttl / 6
    }

    /// Renews the lease, and looks for stale calls only after that: who was suspended for long must not
    /// find his own calls stale.
    fn renew(&mut self, and_reap: bool, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.renewing, true) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let limit = self.period() * 2;
        let renewal = async move {
            let renewed = tokio::time::timeout(limit, renew_lease(&shared)).await.unwrap_or_else(|_| {
                tracing::warn!("the lease could not be renewed: the database takes too long");
                shared.standing.set_storage_away(true);
                false
            });
            if renewed && and_reap {
                reap(&shared).await;
            }
        };
        ctx.spawn(wrap_future::<_, Self>(renewal).map(|(), supervisor, _| supervisor.renewing = false));
    }

    /// While the database is away, asks each second whether it is back.
    fn probe(&mut self, ctx: &mut Context<Self>) {
        if self.shared.standing.is_storage_away() {
            self.renew(false, ctx);
        }
    }

    /// After a change of settings: whose key was revoked must not read on.
    fn cut_revoked(&mut self, ctx: &mut Context<Self>) {
        let version = self.shared.snapshots.current().settings_version;
        if version == self.seen_settings || self.shared.registry.len() == 0 {
            self.seen_settings = version;
            return;
        }
        let shared = Arc::clone(&self.shared);
        let cutting = async move {
            let keys = match shared.keys.list(None).await {
                Ok(keys) => keys,
                Err(error) => {
                    tracing::warn!(%error, "revoked keys could not be looked for");
                    return None;
                }
            };
            let revoked: std::collections::HashSet<_> =
                keys.into_iter().filter(|key| key.revoked.is_some()).map(|key| key.id).collect();
            for entry in shared.registry.snapshot() {
                if entry.call.principal.key.is_some_and(|key| revoked.contains(&key)) {
                    // A full mailbox belongs to a call that is ending anyway.
                    let _ = entry.actor.try_send(Interrupt::Revoked);
                }
            }
            Some(version)
        };
        ctx.spawn(wrap_future::<_, Self>(cutting).map(|seen, supervisor, _| {
            supervisor.seen_settings = seen.unwrap_or(supervisor.seen_settings);
        }));
    }
}

/// Whether the lease is this process's for another while.
async fn renew_lease(shared: &Shared) -> bool {
    let mark = shared.standing.mark();
    match shared.leases.renew(&shared.epoch(), shared.settings.lease_ttl).await {
        Ok(()) => {
            shared.standing.renewed(mark);
            shared.standing.set_storage_away(false);
            true
        }
        Err(LeaseError::Lost) => begin_anew(shared).await,
        Err(LeaseError::Storage(error)) => {
            tracing::warn!(%error, "the lease could not be renewed");
            if error.is_away() {
                shared.standing.set_storage_away(true);
            }
            false
        }
    }
}

/// Another instance ended the lease, because this process was stopped or cut off for too long. Its open
/// calls are, or will be, closed as stale; new ones belong to a new epoch.
async fn begin_anew(shared: &Shared) -> bool {
    let lost = shared.epoch();
    if !shared.standing.is_lost() {
        tracing::error!(
            epoch = lost.epoch,
            "this instance's lease was ended by another; its open calls are stale"
        );
    }
    shared.standing.lost();
    let mark = shared.standing.mark();
    let begun = match shared.leases.begin(&lost.instance, shared.settings.lease_ttl).await {
        Ok(begun) => begun,
        Err(error) => {
            tracing::warn!(%error, "a new lease could not be begun");
            return false;
        }
    };
    if begun.epoch != lost.epoch + 1 {
        tracing::error!(
            instance = &*lost.instance,
            "another process uses this instance's name; calls are refused here"
        );
        if let Err(error) = shared.leases.end(&begun).await {
            tracing::warn!(%error, "the new lease could not be ended");
        }
        return false;
    }
    if let Err(error) = shared.ledger.close_earlier_epochs(&begun).await {
        tracing::warn!(%error, "calls of the lost lease could not be closed; the reaper does it");
    }
    tracing::info!(epoch = begun.epoch, "this instance goes on with a new lease");
    shared.set_epoch(begun);
    shared.standing.regained(mark);
    true
}

/// Closes calls whose owner is gone or whose time is over, of all instances.
async fn reap(shared: &Shared) {
    let slack = shared.settings.lease_ttl / 3;
    match reap_stale_calls::reap_stale_calls(shared.ledger.as_ref(), slack).await {
        Ok(0) => {}
        Ok(reaped) => {
            shared.metrics.reaped(reaped);
            tracing::warn!(calls = reaped, "stale calls were closed and their holds voided");
        }
        Err(error) => tracing::warn!(%error, "stale calls could not be looked for"),
    }
}

/// Ends a call whose actor is gone. Should that break down too, nothing is charged.
pub async fn settle_orphan(shared: Arc<Shared>, orphan: Orphan) {
    let Orphan { call, out } = orphan;
    tracing::error!(call = %call.id, "the actor of a call is gone; the supervisor settles it");
    let end = {
        let mut progress = call.progress();
        progress
            .error
            .get_or_insert_with(|| CallError::Internal { detail: "the call's actor panicked".into() });
        if progress.first_content.is_some() { End::UpstreamCut } else { End::FailedBeforeContent }
    };
    let settling =
        actix_rt::spawn(settlement::close(Arc::clone(&shared), Arc::clone(&call), end, out.clone()));
    if settling.await.is_err() {
        tracing::error!(call = %call.id, "the settlement of a call broke down; the call is voided");
        settlement::void(shared, call, out).await;
    }
}

impl Actor for CallSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.renew(true, ctx);
        ctx.run_interval(self.period(), |supervisor, ctx| supervisor.renew(true, ctx));
        ctx.run_interval(Duration::from_secs(1), Self::probe);
        ctx.run_interval(Duration::from_secs(1), Self::cut_revoked);
    }
}

impl Handler<Ping> for CallSupervisor {
    type Result = ();

    fn handle(&mut self, _: Ping, _: &mut Self::Context) {}
}

impl Handler<Orphan> for CallSupervisor {
    type Result = ();

    fn handle(&mut self, orphan: Orphan, _: &mut Self::Context) {
        // In a task of its own: it must not end with this actor.
        actix_rt::spawn(settle_orphan(Arc::clone(&self.shared), orphan));
    }
}
