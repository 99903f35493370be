//! The contract of [`Answers`](crate::ports::Answers), and of claims in the ledger.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::stage::{Stage, tokens, unique, units};
use super::{World, books_are_clean};
use crate::ports::{Claim, ClaimEnd, ClaimState, Closing, HoldError, KeptAnswer, NewCall, SealedAnswer};

pub async fn answers(world: &dyn World) {
    a_claim_is_made_with_the_hold(world).await;
    an_equal_request_waits_for_the_first(world).await;
    another_request_under_the_same_key_is_refused(world).await;
    a_kept_answer_is_found(world).await;
    an_answer_that_was_not_kept_is_told_so(world).await;
    a_released_key_may_be_used_again(world).await;
    a_refused_hold_claims_nothing(world).await;
    a_stale_call_releases_its_key(world).await;
    of_a_storm_of_equal_requests_one_runs(world).await;
    a_fresh_answer_is_not_pruned(world).await;
    if world.travels() {
        an_answer_is_forgotten_after_a_day(world).await;
    }
    books_are_clean(world).await;
}

fn claimed(stage: &Stage<'_>, claim: &Claim) -> NewCall {
    NewCall { claim: Some(claim.clone()), ..stage.call(100, Some(100)) }
}

/// Tries to open an equal call; what stands in its way.
async fn obstacle(stage: &Stage<'_>, claim: &Claim) -> ClaimState {
    let held = stage.balance().await.held;
    let found = stage.world.answers().find(stage.account.id, claim).await.unwrap().unwrap();
    let outcome = stage.world.ledger().open(claimed(stage, claim)).await;
    let Err(HoldError::Claimed(state)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(found, state, "the look-up and the ledger agree");
    assert_eq!(stage.balance().await.held, held, "nothing more was held");
    state
}

async fn settle(stage: &Stage<'_>, call: &NewCall, idempotency: ClaimEnd) {
    let held = stage.open(call).await;
    let settlement = stage.settlement(call, held, tokens(50, 50));
    stage.close(Closing { idempotency, ..settlement }).await;
}

async fn a_claim_is_made_with_the_hold(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let claim = stage.claim();
    assert_eq!(world.answers().find(stage.account.id, &claim).await.unwrap(), None);
    let call = claimed(&stage, &claim);
    stage.open(&call).await;

    let found = world.answers().find(stage.account.id, &claim).await.unwrap();
    assert_eq!(found, Some(ClaimState::InProgress));

    stage.close(Closing { idempotency: ClaimEnd::Release, ..stage.void(&call) }).await;
}

async fn an_equal_request_waits_for_the_first(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let claim = stage.claim();
    let call = claimed(&stage, &claim);
    stage.open(&call).await;

    assert_eq!(obstacle(&stage, &claim).await, ClaimState::InProgress);

    stage.close(Closing { idempotency: ClaimEnd::Release, ..stage.void(&call) }).await;
}

async fn another_request_under_the_same_key_is_refused(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let claim = stage.claim();
    let call = claimed(&stage, &claim);
    let other = Claim { fingerprint: [9; 32], ..claim.clone() };
    stage.open(&call).await;
    assert_eq!(obstacle(&stage, &other).await, ClaimState::Mismatch);

    stage.close(Closing { idempotency: ClaimEnd::NotKept, ..stage.void(&call) }).await;
    assert_eq!(obstacle(&stage, &other).await, ClaimState::Mismatch, "also when the first is over");
}

async fn a_kept_answer_is_found(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let claim = stage.claim();
    let call = claimed(&stage, &claim);
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(KeptAnswer::MAX_BODY).collect();
    let answer = SealedAnswer(Arc::from(bytes));
    settle(&stage, &call, ClaimEnd::Keep(answer.clone())).await;

    assert_eq!(obstacle(&stage, &claim).await, ClaimState::Kept { call: call.id, answer });
    assert_eq!(stage.balance().await.posted, units(900), "paid once");
}

async fn an_answer_that_was_not_kept_is_told_so(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let claim = stage.claim();
    settle(&stage, &claimed(&stage, &claim), ClaimEnd::NotKept).await;

    assert_eq!(obstacle(&stage, &claim).await, ClaimState::NotKept);
}

async fn a_released_key_may_be_used_again(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let claim = stage.claim();
    let failed = claimed(&stage, &claim);
    stage.open(&failed).await;
    stage.close(Closing { idempotency: ClaimEnd::Release, ..stage.void(&failed) }).await;
    assert_eq!(world.answers().find(stage.account.id, &claim).await.unwrap(), None);

    settle(&stage, &claimed(&stage, &claim), ClaimEnd::NotKept).await;
    assert_eq!(obstacle(&stage, &claim).await, ClaimState::NotKept);
}

async fn a_refused_hold_claims_nothing(world: &dyn World) {
    let stage = Stage::set(world, 10).await;
    let claim = stage.claim();
    let refused = world.ledger().open(claimed(&stage, &claim)).await;

    assert!(matches!(refused, Err(HoldError::Insufficient(_))), "{refused:?}");
    assert_eq!(world.answers().find(stage.account.id, &claim).await.unwrap(), None);
}

async fn a_stale_call_releases_its_key(world: &dyn World) {
    let mut stage = Stage::set(world, 1_000).await;
    let claim = stage.claim();
    stage.open(&claimed(&stage, &claim)).await;
    let hour = Duration::from_secs(3600);
    stage.owner = world.leases().begin(&stage.owner.instance, hour).await.unwrap();
    assert_eq!(world.ledger().close_earlier_epochs(&stage.owner).await.unwrap(), 1);

    assert_eq!(world.answers().find(stage.account.id, &claim).await.unwrap(), None);
}

async fn of_a_storm_of_equal_requests_one_runs(world: &dyn World) {
    let stage = Stage::set(world, 100_000).await;
    let claim = stage.claim();
    let calls: Vec<_> = (0..30).map(|_| claimed(&stage, &claim)).collect();
    let outcomes = join_all(calls.iter().map(|call| world.ledger().open(call.clone()))).await;

    let opened: Vec<_> = calls.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).collect();
    assert_eq!(opened.len(), 1);
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(error, HoldError::Claimed(ClaimState::InProgress)), "{error:?}");
    }
    assert_eq!(stage.balance().await.held, units(200), "one hold");

    stage.close(Closing { idempotency: ClaimEnd::Release, ..stage.void(opened[0].0) }).await;
}

async fn a_fresh_answer_is_not_pruned(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let claim = stage.claim();
    settle(&stage, &claimed(&stage, &claim), ClaimEnd::NotKept).await;
    world.answers().prune(1_000).await.unwrap();

    assert_eq!(obstacle(&stage, &claim).await, ClaimState::NotKept);
}

async fn an_answer_is_forgotten_after_a_day(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let kept = stage.claim();
    let answer = SealedAnswer(Arc::from(unique("answer").into_bytes()));
    settle(&stage, &claimed(&stage, &kept), ClaimEnd::Keep(answer)).await;
    world.pass(Duration::from_secs(25 * 60 * 60)).await;

    assert_eq!(world.answers().find(stage.account.id, &kept).await.unwrap(), None);
    assert!(world.answers().prune(1_000).await.unwrap() >= 1);
    assert_eq!(world.answers().prune(1_000).await.unwrap(), 0);
}
