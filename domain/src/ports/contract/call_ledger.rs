//! The contract of [`CallLedger`](crate::ports::CallLedger).

mod closing;
mod holding;
mod stale;

use super::{World, books_are_clean};

pub async fn call_ledger(world: &dyn World) {
    holding::a_hold_reserves_what_the_quote_takes(world).await;
    holding::a_hold_is_refused_when_the_balance_does_not_cover_it(world).await;
    holding::a_small_balance_lowers_the_output_limit(world).await;
    holding::calls_without_a_limit_share_the_balance(world).await;
    holding::concurrent_holds_never_take_more_than_there_is(world).await;
    holding::an_unknown_account_holds_nothing(world).await;
    holding::a_free_call_needs_no_balance(world).await;
    holding::open_holds_are_counted(world).await;

    closing::a_settled_call_pays_and_releases_the_rest(world).await;
    closing::a_record_tells_what_happened(world).await;
    closing::a_repeated_closing_changes_nothing(world).await;
    closing::a_second_ending_changes_nothing(world).await;
    closing::of_two_endings_at_once_one_counts(world).await;
    closing::a_voided_call_costs_nothing(world).await;
    closing::a_failed_call_may_carry_a_charge(world).await;
    closing::what_goes_beyond_the_hold_is_not_the_users(world).await;
    closing::a_charge_beyond_the_hold_is_never_posted(world).await;
    closing::a_call_that_used_nothing_costs_nothing(world).await;
    closing::a_free_call_is_recorded_and_not_charged(world).await;
    closing::an_unknown_call_can_not_be_closed(world).await;
    closing::calls_of_one_account_settle_beside_each_other(world).await;

    stale::an_instance_that_starts_again_closes_its_earlier_calls(world).await;
    stale::calls_of_a_lost_lease_are_closed_by_others(world).await;
    stale::a_living_owner_keeps_its_calls(world).await;
    stale::calls_are_reaped_in_batches(world).await;
    stale::an_ending_that_comes_too_late_is_told_so(world).await;
    stale::calls_left_by_an_ended_lease_are_found(world).await;
    if world.travels() {
        stale::a_call_beyond_its_time_limit_is_closed(world).await;
    }
    books_are_clean(world).await;
}
