//! The contract of [`CallHistory`](crate::ports::CallHistory).

use std::sync::Arc;
use std::time::Duration;

use super::stage::{Stage, tokens, units};
use super::{World, books_are_clean};
use crate::ids::{CallId, CredentialId};
use crate::ports::{
    CallFilter, CallStatus, Closing, ModelUsage, NewCall, Scope, Served, Timings, UnixMillis,
};

pub async fn call_history(world: &dyn World) {
    the_newest_record_comes_first(world).await;
    records_come_in_pages(world).await;
    records_are_filtered(world).await;
    a_foreign_record_is_unknown(world).await;
    the_one_try_of_a_plain_call_is_shown(world).await;
    the_models_with_the_most_calls_are_counted(world).await;
    books_are_clean(world).await;
}

fn everything() -> CallFilter {
    CallFilter { limit: 100, ..CallFilter::default() }
}

async fn found(stage: &Stage<'_>, filter: CallFilter) -> Vec<CallId> {
    let page = stage.world.history().page(Scope::Account(stage.account.id), &filter).await.unwrap();
    assert_eq!(page.total, u64::try_from(page.records.len()).unwrap());
    page.records.iter().map(|record| record.id).collect()
}

async fn the_newest_record_comes_first(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let (first, second) = (stage.call(9, Some(9)), stage.call(9, Some(9)));
    stage.run(&first, tokens(1, 1)).await;
    stage.run(&second, tokens(1, 1)).await;

    assert_eq!(found(&stage, everything()).await, [second.id, first.id]);
}

async fn records_come_in_pages(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let calls: Vec<_> = (0..5).map(|_| stage.call(9, Some(9))).collect();
    for call in &calls {
        stage.run(call, tokens(1, 1)).await;
    }
    let filter = CallFilter { offset: 1, limit: 2, ..CallFilter::default() };
    let page = world.history().page(Scope::Account(stage.account.id), &filter).await.unwrap();

    assert_eq!(page.total, 5);
    assert_eq!(page.records.iter().map(|record| record.id).collect::<Vec<_>>(), [calls[3].id, calls[2].id]);
}

async fn records_are_filtered(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let served = Served { model: Arc::from("Other-Model"), ..stage.call(1, None).served };
    let trace_id = Some("11112222333344445555666677778888".to_owned());
    let good = NewCall {
        app_did: Some("did:abt:zApp".to_owned()),
        served: served.clone(),
        trace_id,
        ..stage.call(9, Some(9))
    };
    let failed = stage.call(9, Some(9));
    let held = stage.open(&good).await;
    let timings = Timings { duration_ms: 5_000, ..Timings::default() };
    stage.close(Closing { served, timings, ..stage.settlement(&good, held, tokens(1, 1)) }).await;
    stage.open(&failed).await;
    stage.close(stage.void(&failed)).await;

    let by_status = |status| CallFilter { status: Some(status), ..everything() };
    assert_eq!(found(&stage, by_status(CallStatus::Success)).await, [good.id]);
    assert_eq!(found(&stage, by_status(CallStatus::Failed)).await, [failed.id]);
    assert!(found(&stage, by_status(CallStatus::Processing)).await.is_empty());
    let part_of_model = CallFilter { model: Some("Other".to_owned()), ..everything() };
    assert_eq!(found(&stage, part_of_model).await, [good.id]);
    let wildcards = CallFilter { model: Some("%".to_owned()), ..everything() };
    assert!(found(&stage, wildcards).await.is_empty(), "what is sought is a text, not a pattern");
    let no_provider = CallFilter { provider: Some("nobody".to_owned()), ..everything() };
    assert!(found(&stage, no_provider).await.is_empty());
    let by_app = CallFilter { app_did: Some("did:abt:zApp".to_owned()), ..everything() };
    assert_eq!(found(&stage, by_app).await, [good.id]);
    let slow = CallFilter { min_duration_ms: Some(1_000), ..everything() };
    assert_eq!(found(&stage, slow).await, [good.id]);
    let by_trace = CallFilter { search: Some("3333444455556666".to_owned()), ..everything() };
    assert_eq!(found(&stage, by_trace).await, [good.id]);
    let by_id = CallFilter { search: Some(failed.id.to_string()), ..everything() };
    assert_eq!(found(&stage, by_id).await, [failed.id]);

    let accepted = stage.record(&good).await.unwrap().accepted;
    let long = Duration::from_secs(60);
    let later = CallFilter { from: Some(accepted.plus(long)), ..everything() };
    assert!(found(&stage, later).await.is_empty());
    let earlier = CallFilter { to: Some(UnixMillis(accepted.0 - 60_000)), ..everything() };
    assert!(found(&stage, earlier).await.is_empty());
    let between = CallFilter {
        from: Some(UnixMillis(accepted.0 - 60_000)),
        to: Some(accepted.plus(long)),
        ..everything()
    };
    assert_eq!(found(&stage, between).await, [failed.id, good.id]);
}

async fn a_foreign_record_is_unknown(world: &dyn World) {
    let (owner, other) = (Stage::set(world, 1_000).await, Stage::set(world, 1_000).await);
    let call = owner.call(9, Some(9));
    owner.run(&call, tokens(1, 1)).await;

    assert!(other.record(&call).await.is_none());
    assert!(found(&other, everything()).await.is_empty());
    let seen_by_operator = world.history().find(Scope::All, call.id).await.unwrap().unwrap();
    assert_eq!((seen_by_operator.id, seen_by_operator.charge), (call.id, units(2)));
}

async fn the_one_try_of_a_plain_call_is_shown(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let (plain, failed) = (stage.call(9, Some(9)), stage.call(9, Some(9)));
    let held = stage.open(&plain).await;
    let credential = Some(CredentialId::new());
    let served = Served { credential, ..plain.served.clone() };
    let timings = Timings { duration_ms: 70, ..Timings::default() };
    stage.close(Closing { served, timings, ..stage.settlement(&plain, held, tokens(1, 1)) }).await;
    stage.open(&failed).await;
    stage.close(stage.void(&failed)).await;

    let attempts = stage.record(&plain).await.unwrap().attempts;
    let [attempt] = attempts.as_slice() else { panic!("{attempts:?}") };
    assert_eq!((attempt.provider.as_str(), attempt.model.as_str()), ("contract", "one-unit"));
    assert_eq!((attempt.credential, attempt.duration_ms, &attempt.error), (credential, 70, &None));
    let page = world.history().page(Scope::Account(stage.account.id), &everything()).await.unwrap();
    assert_eq!(page.records[1].attempts, attempts, "in lists too");
    assert_eq!(page.records[0].attempts, [], "nothing went upstream");
}

async fn the_models_with_the_most_calls_are_counted(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let of_model = |model: &str| {
        let call = stage.call(9, Some(9));
        let served = Served { model: Arc::from(model), ..call.served.clone() };
        NewCall { served, ..call }
    };
    for model in ["rare", "frequent", "frequent", "rarest", "rare", "frequent"] {
        stage.run(&of_model(model), tokens(1, 1)).await;
    }
    let scope = Scope::Account(stage.account.id);
    let accepted = world.history().page(scope, &everything()).await.unwrap().records[0].accepted;
    let (from, to) = (UnixMillis(accepted.0 - 60_000), accepted.plus(Duration::from_secs(60)));
    let (most, models) = world.history().most_used(scope, from, to, 2).await.unwrap();

    let usage =
        |model: &str, calls| ModelUsage { provider: "contract".to_owned(), model: model.to_owned(), calls };
    assert_eq!(most, [usage("frequent", 3), usage("rare", 2)]);
    assert_eq!(models, 3);
    let long_ago = world.history().most_used(scope, UnixMillis(0), UnixMillis(1), 2).await.unwrap();
    assert_eq!(long_ago, (Vec::new(), 0));
}
