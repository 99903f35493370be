//! The contract of [`UpstreamReports`](crate::ports::UpstreamReports).

use std::time::Duration;

use super::World;
use super::stage::unique;
use crate::ids::InstanceEpoch;
use crate::ports::{UnixMillis, UpstreamTrouble};

const HOUR: Duration = Duration::from_secs(3600);

pub async fn upstream_reports(world: &dyn World) {
    what_was_told_last_stands(world).await;
    who_is_gone_tells_nothing(world).await;
    an_earlier_life_does_not_speak_for_the_next(world).await;
}

fn trouble(model: Option<&str>) -> UpstreamTrouble {
    UpstreamTrouble {
        provider: "openai".to_owned(),
        model: model.map(str::to_owned),
        credential: Some("…wxyz".to_owned()),
        state: "cooling_down".to_owned(),
        reason: "rate_limit_exceeded".to_owned(),
        until: Some(UnixMillis(1_763_942_400_000)),
    }
}

async fn told(world: &dyn World, by: &InstanceEpoch) -> Option<Vec<UpstreamTrouble>> {
    let reports = world.upstream_reports().told().await.unwrap();
    let own = reports.into_iter().find(|report| report.instance == by.instance);
    own.map(|report| report.troubles).filter(|troubles| !troubles.is_empty())
}

async fn what_was_told_last_stands(world: &dyn World) {
    let by = world.leases().begin(&unique("teller"), HOUR).await.unwrap();
    assert_eq!(told(world, &by).await, None);
    let both = vec![trouble(None), UpstreamTrouble { until: None, ..trouble(Some("gpt-5")) }];
    for troubles in [both, vec![trouble(None)]] {
        world.upstream_reports().tell(&by, troubles.clone()).await.unwrap();
        assert_eq!(told(world, &by).await, Some(troubles));
    }
    world.upstream_reports().tell(&by, Vec::new()).await.unwrap();
    assert_eq!(told(world, &by).await, None);
}

async fn who_is_gone_tells_nothing(world: &dyn World) {
    let by = world.leases().begin(&unique("gone"), HOUR).await.unwrap();
    world.upstream_reports().tell(&by, vec![trouble(None)]).await.unwrap();
    world.leases().end(&by).await.unwrap();
    assert_eq!(told(world, &by).await, None);
}

async fn an_earlier_life_does_not_speak_for_the_next(world: &dyn World) {
    let name = unique("again");
    let earlier = world.leases().begin(&name, HOUR).await.unwrap();
    world.upstream_reports().tell(&earlier, vec![trouble(None)]).await.unwrap();
    let now = world.leases().begin(&name, HOUR).await.unwrap();
    assert_eq!(told(world, &now).await, None);
}
