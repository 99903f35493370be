//! Ending calls, once.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use smallvec::smallvec;

use super::super::World;
use super::super::stage::{Stage, tokens, units};
use crate::ending::{Division, Outcome};
use crate::ids::{CallId, CredentialId};
use crate::ports::{
    AttemptRecord, BillingMode, CallStatus, CloseError, Closed, Closing, Served, Timings, UnixMillis,
};
use crate::usage::Usage;

pub async fn a_settled_call_pays_and_releases_the_rest(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;
    let closed = stage.close(stage.settlement(&call, held, tokens(90, 60))).await;

    assert_eq!(closed, Closed::Done { charge: units(150) });
    let balance = stage.balance().await;
    assert_eq!((balance.posted, balance.held), (units(850), units(0)));
    assert_eq!(
        (balance.granted, balance.grants),
        (units(1_000), 1),
        "a charge takes nothing from the grants"
    );
}

pub async fn a_record_tells_what_happened(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let mut call = stage.call(100, Some(200));
    call.stream = true;
    call.app_did = Some("did:abt:zApp".to_owned());
    call.request_id = Some("request-1".to_owned());
    call.trace_id = Some("0af7651916cd43dd8448eb211c80319c".to_owned());
    let held = stage.open(&call).await;
    let usage = Usage { estimated: true, ..tokens(90, 60) };
    let attempt = |error: Option<&str>, status| AttemptRecord {
        provider: "contract".to_owned(),
        model: "one-unit".to_owned(),
        credential: None,
        started: UnixMillis(1_763_942_400_000),
        duration_ms: 12,
        error: error.map(str::to_owned),
        status,
        maybe_executed: false,
    };
    let credential = CredentialId::new();
    let settlement = Closing {
        served: Served { credential: Some(credential), ..call.served.clone() },
        timings: Timings { duration_ms: 345, ttfb_ms: Some(67), provider_ttfb_ms: Some(50) },
        attempts: smallvec![attempt(Some("upstream_error"), Some(500)), attempt(None, Some(200))],
        finish_reason: Some("stop".to_owned()),
        upstream_id: Some("chatcmpl-1".to_owned()),
        ..stage.settlement(&call, held, usage)
    };
    stage.close(settlement.clone()).await;

    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.status, record.state.as_str()), (CallStatus::Success, "settled"));
    assert_eq!((record.hold, record.charge, record.overrun), (units(300), units(150), units(0)));
    assert_eq!(record.usage, Some(usage));
    assert_eq!(record.lines, settlement.division.bill.lines);
    assert_eq!((record.provider.as_str(), record.model.as_str()), ("contract", "one-unit"));
    assert_eq!(record.timings, settlement.timings);
    assert_eq!(record.attempts.as_slice(), settlement.attempts.as_slice());
    assert_eq!(record.finish_reason.as_deref(), Some("stop"));
    assert_eq!(record.upstream_id.as_deref(), Some("chatcmpl-1"));
    assert_eq!(record.app_did.as_deref(), Some("did:abt:zApp"));
    assert_eq!(record.request_id.as_deref(), Some("request-1"));
    assert_eq!(record.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    assert_eq!(record.instance, &*stage.owner.instance);
    assert!(record.stream);
    assert!(record.closed.is_some_and(|closed| closed >= record.accepted));
}

pub async fn a_repeated_closing_changes_nothing(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;
    let settlement = stage.settlement(&call, held, tokens(90, 60));
    let closed = stage.close(settlement.clone()).await;

    assert_eq!(stage.close(settlement).await, closed);
    assert_eq!(stage.balance().await.posted, units(850), "paid once");
}

pub async fn a_second_ending_changes_nothing(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;
    stage.close(stage.settlement(&call, held, tokens(90, 60))).await;
    let (Closed::Done { charge } | Closed::Before { charge, .. }) = stage.close(stage.void(&call)).await;

    assert_eq!(charge, units(150), "the first ending is told");
    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.status, record.charge, record.reason), (CallStatus::Success, units(150), None));
    assert_eq!(stage.balance().await.available(), units(850));
}

pub async fn of_two_endings_at_once_one_counts(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    for _ in 0..5 {
        let before = stage.balance().await.posted;
        let call = stage.call(100, Some(200));
        let held = stage.open(&call).await;
        let settlement = Arc::new(stage.settlement(&call, held, tokens(90, 10)));
        let void = Arc::new(stage.void(&call));
        let (one, other) = join(world.ledger().close(settlement), world.ledger().close(void)).await;

        let charge = |closed: Result<Closed, CloseError>| match closed.unwrap() {
            Closed::Done { charge } | Closed::Before { charge, .. } => charge,
        };
        let (one, other) = (charge(one), charge(other));
        let record = stage.record(&call).await.unwrap();
        assert_eq!((one, other), (record.charge, record.charge), "both learn of the one ending");
        let balance = stage.balance().await;
        assert_eq!((balance.posted, balance.held), (before.checked_sub(record.charge).unwrap(), units(0)));
    }
}

pub async fn a_voided_call_costs_nothing(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    stage.open(&call).await;
    let closed = stage.close(stage.void(&call)).await;

    assert_eq!(closed, Closed::Done { charge: units(0) });
    let balance = stage.balance().await;
    assert_eq!((balance.posted, balance.held), (units(1_000), units(0)));
    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.status, record.state.as_str()), (CallStatus::Failed, "voided"));
    assert_eq!(record.reason.as_deref(), Some("upstream_error"));
    assert_eq!(record.error.as_deref(), Some("the upstream failed"));
}

pub async fn a_failed_call_may_carry_a_charge(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;
    let usage = Usage { estimated: true, partial: true, ..tokens(90, 10) };
    stage
        .close(Closing {
            outcome: Outcome::Failed,
            reason: Some("client_disconnected".to_owned()),
            ..stage.settlement(&call, held, usage)
        })
        .await;

    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.status, record.state.as_str()), (CallStatus::Failed, "settled"));
    assert_eq!((record.charge, record.reason.as_deref()), (units(100), Some("client_disconnected")));
    assert_eq!(record.usage, Some(usage));
}

pub async fn what_goes_beyond_the_hold_is_not_the_users(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;
    let closed = stage.close(stage.settlement(&call, held, tokens(100, 2_000))).await;

    assert_eq!(closed, Closed::Done { charge: units(300) });
    assert_eq!(stage.balance().await.posted, units(700));
    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.charge, record.overrun), (units(300), units(1_800)));
}

pub async fn a_charge_beyond_the_hold_is_never_posted(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    let held = stage.open(&call).await;
    let honest = stage.settlement(&call, held, tokens(100, 300));
    let charge = honest.division.bill.total;
    assert_eq!(charge, units(400));
    let division = Division { charge, overrun: units(0), ..honest.division.clone() };
    let outcome = world.ledger().close(Arc::new(Closing { division, ..honest.clone() })).await;

    assert!(matches!(outcome, Err(CloseError::Storage(_))), "{outcome:?}");
    assert_eq!(stage.balance().await.posted, units(1_000), "nothing was posted");
    assert_eq!(stage.close(honest).await, Closed::Done { charge: units(300) });
}

pub async fn a_call_that_used_nothing_costs_nothing(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(200));
    let closed = stage.run(&call, tokens(0, 0)).await;

    assert_eq!(closed, Closed::Done { charge: units(0) });
    assert_eq!(stage.balance().await.available(), units(1_000));
    assert_eq!(stage.record(&call).await.unwrap().state, "settled");
}

pub async fn a_free_call_is_recorded_and_not_charged(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.free_call();
    let held = stage.open(&call).await;
    let usage = tokens(90, 60);
    let closing = Closing {
        mode: BillingMode::Off,
        division: Division::default(),
        ..stage.settlement(&call, held, usage)
    };
    let closed = stage.close(closing).await;

    assert_eq!(closed, Closed::Done { charge: units(0) });
    assert_eq!(stage.balance().await.available(), units(1_000));
    let record = stage.record(&call).await.unwrap();
    assert_eq!((record.usage, record.rate_version), (Some(usage), None));
}

pub async fn an_unknown_call_can_not_be_closed(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let closing = Closing { call: CallId::new(), ..stage.void(&stage.call(1, Some(1))) };

    let outcome = world.ledger().close(Arc::new(closing)).await;
    assert!(matches!(outcome, Err(CloseError::Unknown)), "{outcome:?}");
}

pub async fn calls_of_one_account_settle_beside_each_other(world: &dyn World) {
    let stage = Stage::set(world, 100_000).await;
    let calls: Vec<_> = (0..50).map(|_| stage.call(100, Some(200))).collect();
    join_all(calls.iter().map(|call| stage.run(call, tokens(90, 10)))).await;

    let balance = stage.balance().await;
    assert_eq!((balance.posted, balance.held), (units(95_000), units(0)));
}
