//! Background jobs. Each has a lease in the database, so that one instance at a time runs it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hub_domain::ids::InstanceEpoch;
use hub_domain::ports::{
    Answers, Auditor, BillingMode, CallLedger, Jobs, Outbox, StorageError, UsageReporter,
};
use hub_domain::use_cases::deliver_usage;

use crate::telemetry::Metrics;

mod audit;
mod deliver;
mod gauge;
mod prune;

/// Something to be done every now and then.
#[async_trait]
trait Job: Send + Sync {
    /// The name of its row.
    fn name(&self) -> &'static str;
    fn every(&self) -> Duration;
    /// Longer than one run takes; another instance takes over after it.
    fn lease(&self) -> Duration {
        Duration::from_secs(30)
    }
    async fn run(&self) -> Result<(), StorageError>;
}

/// What jobs are made with.
pub struct JobParts {
    pub epoch: InstanceEpoch,
    pub mode: BillingMode,
    pub jobs: Arc<dyn Jobs>,
    pub ledger: Arc<dyn CallLedger>,
    pub outbox: Arc<dyn Outbox>,
    pub reporter: Arc<dyn UsageReporter>,
    pub answers: Arc<dyn Answers>,
    pub auditor: Arc<dyn Auditor>,
    pub metrics: Arc<Metrics>,
}

/// The jobs of this process; dropping it stops them between two runs.
pub struct RunningJobs {
    stop: tokio::sync::watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl RunningJobs {
    /// Waits for the run at hand of each job.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            // A job that panicked has ended too.
            let _ = task.await;
        }
    }
}

/// Starts all jobs.
pub fn start(parts: JobParts) -> RunningJobs {
    let all: Vec<Box<dyn Job>> = vec![
        Box::new(deliver::DeliverUsage {
            mode: parts.mode,
            outbox: parts.outbox.clone(),
            reporter: parts.reporter,
        }),
        Box::new(prune::PruneAnswers { answers: parts.answers }),
        Box::new(audit::HourlyAudit { auditor: parts.auditor, metrics: parts.metrics.clone() }),
    ];
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut tasks: Vec<_> = all
        .into_iter()
        .map(|job| tokio::spawn(keep_running(job, parts.jobs.clone(), parts.epoch.clone(), stopped.clone())))
        .collect();
    // A gauge is each instance's own: it needs no lease.
    tasks.push(tokio::spawn(gauge::watch_books(parts.ledger, parts.outbox, parts.metrics, stopped)));
    RunningJobs { stop, tasks }
}

async fn keep_running(
    job: Box<dyn Job>,
    jobs: Arc<dyn Jobs>,
    epoch: InstanceEpoch,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) {
    let mut tick = tokio::time::interval(job.every());
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = run_once(job.as_ref(), jobs.as_ref(), &epoch).await {
            tracing::warn!(job = job.name(), %error, "a background job failed; it runs again");
        }
    }
}

async fn run_once(job: &dyn Job, jobs: &dyn Jobs, epoch: &InstanceEpoch) -> Result<(), StorageError> {
    // Half the period: instances whose clocks tick apart must not skip a turn.
    let Some(fence) = jobs.claim(job.name(), epoch, job.lease(), job.every() / 2).await? else {
        return Ok(());
    };
    let ran = job.run().await;
    jobs.done(job.name(), fence).await?;
    ran
}
