//! What is quoted is never less than what is charged, and never more than there is.

use hub_domain::ending::divide;
use hub_domain::meter::Meter;
use hub_domain::money::{AmountOutOfRange, Credits};
use hub_domain::quote::{Bound, HoldPolicy, Quote, SizeError};
use hub_domain::rates::Rate;
use hub_domain::usage::{Quantities, Usage};
use proptest::prelude::*;

use crate::any;

/// Any balance, small ones among them.
fn balance() -> impl Strategy<Value = Credits> {
    prop_oneof![0..=i64::MAX, 0..1_000_000_000_000_i64, 0..1_000_i64, -1_000..0_i64]
        .prop_map(Credits::from_units)
}

fn charge(rate: &Rate, usage: &Quantities) -> Credits {
    rate.charge(usage).unwrap().total
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_charge_is_never_more_than_the_quote(
        rate in any::rate(),
        bound in any::bound(),
        policy in any::policy(),
        cuts in any::cuts(),
    ) {
        let quote = Quote::new(bound, &rate, policy).unwrap();
        let full = quote.full().unwrap();
        let usage = any::usage_within(&bound, full.output_limit, &cuts);
        prop_assert!(charge(&rate, &usage) <= full.hold);
        let lines = quote.lines(&rate, full.output_limit.unwrap_or(0)).unwrap();
        let sum = Credits::try_sum(lines.iter().map(|line| line.amount)).unwrap();
        prop_assert_eq!(sum, full.hold, "its lines add up to it");

        for input in any::input_meters() {
            for output in any::output_meters() {
                let most = any::whole_bound_as(&bound, full.output_limit, input, output);
                prop_assert!(charge(&rate, &most) <= full.hold, "all of it as {} and {}", input, output);
            }
        }
    }

    #[test]
    fn what_is_held_is_there_and_covers_the_charge(
        rate in any::rate(),
        bound in any::bound(),
        policy in any::policy(),
        available in balance(),
        cuts in any::cuts(),
    ) {
        let quote = Quote::new(bound, &rate, policy).unwrap();
        let Ok(reserved) = quote.size(available) else { return Ok(()) };
        prop_assert!(reserved.hold.is_zero() || reserved.hold <= available);
        prop_assert!(!reserved.hold.is_negative());
        prop_assert!(reserved.hold <= quote.full().unwrap().hold, "never more than was asked");
        prop_assert_eq!(reserved.output_limit.is_some(), bound.has_output);
        if let Some(limit) = reserved.output_limit {
            let wanted = bound.asked_output.unwrap_or(u64::MAX).min(bound.output_ceiling);
            prop_assert!(limit <= wanted, "never more than was asked");
            prop_assert!(limit >= wanted.min(policy.min_output_tokens), "never a useless answer");
        }

        let usage = any::usage_within(&bound, reserved.output_limit, &cuts);
        let usage = Usage { quantities: usage, ..Usage::default() };
        let division = divide(&rate, &usage, reserved.hold).unwrap();
        prop_assert_eq!(division.charge, charge(&rate, &usage.quantities));
        prop_assert_eq!(division.overrun, Credits::ZERO);
    }

    #[test]
    fn who_is_told_what_is_needed_and_has_it_is_served(
        rate in any::rate(),
        bound in any::bound(),
        policy in any::policy(),
        available in balance(),
    ) {
        let quote = Quote::new(bound, &rate, policy).unwrap();
        let Err(SizeError::Shortfall(shortfall)) = quote.size(available) else { return Ok(()) };
        prop_assert_eq!(shortfall.available, available);
        prop_assert!(shortfall.needed > available);
        prop_assert!(quote.size(shortfall.needed).is_ok());
        let one_less = Credits::from_units(shortfall.needed.units() - 1);
        prop_assert!(quote.size(one_less).is_err(), "no more than that is needed");
    }

    #[test]
    fn with_more_credit_an_answer_is_never_shorter(
        rate in any::rate(),
        bound in any::bound(),
        policy in any::policy(),
        one in balance(),
        other in balance(),
    ) {
        let quote = Quote::new(bound, &rate, policy).unwrap();
        if let Ok(reserved) = quote.size(one.min(other)) {
            let with_more = quote.size(one.max(other)).unwrap();
            prop_assert!(with_more.output_limit >= reserved.output_limit);
            prop_assert!(with_more.hold >= reserved.hold);
        }
    }

    #[test]
    fn beyond_the_hold_the_operator_pays(
        rate in any::rate(),
        input in 0..1_000_000_u64,
        output in 0..1_000_000_u64,
        hold in 0..1_000_000_000_000_i64,
    ) {
        let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Output, output);
        let usage = Usage { quantities, ..Usage::default() };
        let division = divide(&rate, &usage, Credits::from_units(hold)).unwrap();
        prop_assert!(division.charge <= Credits::from_units(hold));
        prop_assert_eq!(division.charge.checked_add(division.overrun), Ok(division.bill.total));
        let lines = division.bill.lines.iter();
        prop_assert_eq!(Credits::try_sum(lines.clone().map(|line| line.amount)), Ok(division.bill.total));
        for line in lines {
            prop_assert_eq!(line.rate.checked_mul(line.quantity), Ok(line.amount));
        }
    }

    #[test]
    fn an_amount_out_of_range_is_told_and_never_wraps(
        price in 1_000_000_000_000_i64..i64::MAX / 16,
        input_tokens in 10_000_000..u64::MAX,
    ) {
        let mut rate = flat_rate(price);
        let bound = Bound { input_tokens, has_output: true, output_ceiling: 1, ..Bound::default() };
        prop_assert_eq!(Quote::new(bound, &rate, HoldPolicy::default()), Err(AmountOutOfRange));
        let usage = Quantities::default().with(Meter::Input, input_tokens);
        prop_assert_eq!(rate.charge(&usage).err(), Some(AmountOutOfRange));

        rate.prices.set(Meter::Input, Credits::ZERO);
        let bound = Bound { output_ceiling: u64::MAX, ..bound };
        let quote = Quote::new(bound, &rate, HoldPolicy::default()).unwrap();
        prop_assert_eq!(quote.full(), Err(AmountOutOfRange), "the whole of it has no price");
        let reserved = quote.size(Credits::MAX).unwrap();
        prop_assert!(reserved.hold <= Credits::MAX, "but a part of it has");
    }
}

/// One price for every token.
fn flat_rate(price: i64) -> Rate {
    let price = Credits::from_units(price);
    let prices = hub_domain::rates::Prices::default().with(Meter::Input, price).with(Meter::Output, price);
    Rate {
        id: hub_domain::ids::RateId::new(),
        provider: "any".to_owned(),
        model: "flat".to_owned(),
        call_type: hub_domain::vocabulary::CallType::ChatCompletion,
        version: 1,
        prices,
        tiers: Vec::new(),
    }
}

fn quote(input_tokens: u64, asked_output: Option<u64>) -> Quote {
    let bound =
        Bound { input_tokens, asked_output, has_output: true, output_ceiling: 100_000, ..Bound::default() };
    Quote::new(bound, &flat_rate(1), HoldPolicy::default()).unwrap()
}

/// Hold and output limit for a balance.
fn sized(quote: &Quote, available: i64) -> Option<(i64, u64)> {
    let reserved = quote.size(Credits::from_units(available)).ok()?;
    Some((reserved.hold.units(), reserved.output_limit?))
}

#[test]
fn a_call_without_a_cap_takes_half_while_that_is_a_good_answer() {
    let quote = quote(100, None);
    assert_eq!(sized(&quote, 10_000), Some((5_000, 4_900)));
    assert_eq!(sized(&quote, 2_000), Some((1_124, 1_024)), "half would be 900 tokens");
    assert_eq!(sized(&quote, 1_000), Some((1_000, 900)), "all that there is");
    assert_eq!(sized(&quote, 116), Some((116, 16)));
    assert_eq!(sized(&quote, 115), None);
    assert_eq!(sized(&quote, 1_000_000), Some((100_100, 100_000)), "never beyond the ceiling");
}

#[test]
fn a_capped_call_takes_what_it_asked_for_or_what_is_paid_for() {
    let quote = quote(100, Some(200));
    assert_eq!(sized(&quote, 10_000), Some((300, 200)));
    assert_eq!(sized(&quote, 150), Some((150, 50)));
    assert_eq!(sized(&quote, 115), None);
    assert_eq!(sized(&self::quote(100, Some(5)), 105), Some((105, 5)), "who asks for little gets little");
}

#[test]
fn a_floor_below_the_least_useful_answer_makes_no_useless_one() {
    let policy = HoldPolicy { uncapped_floor_tokens: 1, ..HoldPolicy::default() };
    let quote = Quote { policy, ..quote(0, None) };
    assert_eq!(sized(&quote, 20), Some((16, 16)), "half would be 10 tokens");
}

#[test]
fn an_answer_that_costs_nothing_is_not_shortened() {
    let mut rate = flat_rate(0);
    rate.prices.set(Meter::Call, Credits::from_units(60));
    let bound = Bound { has_output: true, output_ceiling: 100_000, ..Bound::default() };
    let quote = Quote::new(bound, &rate, HoldPolicy::default()).unwrap();
    assert_eq!(sized(&quote, 100), Some((60, 100_000)), "though half of the balance pays for no call");
    assert_eq!(sized(&quote, 59), None);
}

#[test]
fn a_free_quote_needs_no_balance() {
    let quote = Quote::free(quote(100, None).bound, HoldPolicy::default());
    for available in [0, -1, i64::MIN] {
        assert_eq!(sized(&quote, available), Some((0, 100_000)));
    }
}
