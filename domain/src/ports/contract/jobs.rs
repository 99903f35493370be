//! The contract of [`Jobs`](crate::ports::Jobs).

use std::time::Duration;

use futures_util::future::join_all;

use super::World;
use super::stage::unique;
use crate::ids::InstanceEpoch;

const MOMENT: Duration = Duration::from_millis(50);
const HOUR: Duration = Duration::from_secs(3600);

pub async fn jobs(world: &dyn World) {
    one_instance_at_a_time_has_a_job(world).await;
    of_claims_at_once_one_counts(world).await;
    a_claim_that_is_over_goes_to_another(world).await;
    a_job_that_was_done_rests(world).await;
    jobs_do_not_stand_in_each_others_way(world).await;
}

async fn instance(world: &dyn World) -> InstanceEpoch {
    world.leases().begin(&unique("worker"), HOUR).await.unwrap()
}

async fn one_instance_at_a_time_has_a_job(world: &dyn World) {
    let (one, other, job) = (instance(world).await, instance(world).await, unique("job"));
    let fence = world.jobs().claim(&job, &one, HOUR, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(world.jobs().claim(&job, &other, HOUR, Duration::ZERO).await.unwrap(), None);

    world.jobs().done(&job, fence).await.unwrap();
    let next = world.jobs().claim(&job, &other, HOUR, Duration::ZERO).await.unwrap().unwrap();
    assert!(next > fence, "a later claim has a larger fence");
}

async fn of_claims_at_once_one_counts(world: &dyn World) {
    let (worker, job) = (instance(world).await, unique("job"));
    let claims = (0..10).map(|_| world.jobs().claim(&job, &worker, HOUR, Duration::ZERO));
    let claims = join_all(claims).await;

    assert_eq!(claims.into_iter().filter_map(Result::unwrap).count(), 1);
}

async fn a_claim_that_is_over_goes_to_another(world: &dyn World) {
    let (slow, quick, job) = (instance(world).await, instance(world).await, unique("job"));
    let lost = world.jobs().claim(&job, &slow, MOMENT, Duration::ZERO).await.unwrap().unwrap();
    world.pass(4 * MOMENT).await;
    let fence = world.jobs().claim(&job, &quick, HOUR, Duration::ZERO).await.unwrap().unwrap();
    assert!(fence > lost);

    world.jobs().done(&job, lost).await.unwrap();
    let claimed = world.jobs().claim(&job, &slow, HOUR, Duration::ZERO).await.unwrap();
    assert_eq!(claimed, None, "who lost a claim can't give it back");
}

async fn a_job_that_was_done_rests(world: &dyn World) {
    let (worker, job) = (instance(world).await, unique("job"));
    let fence = world.jobs().claim(&job, &worker, HOUR, HOUR).await.unwrap().unwrap();
    world.jobs().done(&job, fence).await.unwrap();
    assert_eq!(world.jobs().claim(&job, &worker, HOUR, HOUR).await.unwrap(), None);

    world.pass(4 * MOMENT).await;
    assert!(world.jobs().claim(&job, &worker, HOUR, MOMENT).await.unwrap().is_some());
}

async fn jobs_do_not_stand_in_each_others_way(world: &dyn World) {
    let (worker, one, other) = (instance(world).await, unique("one"), unique("other"));
    assert!(world.jobs().claim(&one, &worker, HOUR, HOUR).await.unwrap().is_some());
    assert!(world.jobs().claim(&other, &worker, HOUR, HOUR).await.unwrap().is_some());
}
