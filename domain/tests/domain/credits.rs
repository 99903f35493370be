//! Amounts: exact, checked, and written so that they can be read again.

use hub_domain::money::{AmountOutOfRange, Credits, ParseCreditsError, UNITS_PER_CREDIT};
use proptest::collection::vec;
use proptest::prelude::*;

/// Any amount; the ends of the range and small ones more often than chance has them.
fn amount() -> impl Strategy<Value = Credits> {
    prop_oneof![
        any::<i64>(),
        -1_000..1_000_i64,
        Just(i64::MAX),
        Just(i64::MIN),
        (-1_000..1_000_i64).prop_map(|whole| whole * UNITS_PER_CREDIT),
    ]
    .prop_map(Credits::from_units)
}

fn in_range(wide: i128) -> Result<Credits, AmountOutOfRange> {
    i64::try_from(wide).map(Credits::from_units).map_err(|_| AmountOutOfRange)
}

fn wide(amount: Credits) -> i128 {
    i128::from(amount.units())
}

proptest! {
    #[test]
    fn a_written_amount_reads_as_itself(amount in amount()) {
        prop_assert_eq!(amount.to_string().parse::<Credits>(), Ok(amount));
    }

    #[test]
    fn a_written_amount_is_the_shortest_plain_decimal_and_a_json_number(amount in amount()) {
        let text = amount.to_string();
        let digits = text.strip_prefix('-').unwrap_or(&text);
        prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'), "{}", text);
        prop_assert!(!digits.starts_with('0') || digits == "0" || digits.starts_with("0."), "{}", text);
        prop_assert!(!digits.contains('.') || !digits.ends_with(['0', '.']), "{}", text);
        prop_assert!(serde_json::from_str::<serde_json::Number>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn an_amount_in_json_is_a_decimal_text(amount in amount()) {
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(&json, &format!("\"{amount}\""));
        prop_assert_eq!(serde_json::from_str::<Credits>(&json).unwrap(), amount);
    }

    #[test]
    fn whatever_is_read_is_an_amount_or_an_error(text in "-?[0-9]{0,25}\\.?[0-9]{0,12}") {
        if let Ok(amount) = text.parse::<Credits>() {
            // What was read is the same number: ten decimals, compared as integers.
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            let digits: i128 = format!("{whole}{:0<10.10}", fraction).parse().unwrap();
            prop_assert!(fraction.trim_end_matches('0').len() <= 10);
            prop_assert_eq!(wide(amount), digits);
        }
    }

    #[test]
    fn sums_differences_and_products_are_exact_or_refused(
        one in amount(),
        other in amount(),
        quantity in prop_oneof![0..1_000_u64, any::<u64>()],
    ) {
        prop_assert_eq!(one.checked_add(other), in_range(wide(one) + wide(other)));
        prop_assert_eq!(one.checked_sub(other), in_range(wide(one) - wide(other)));
        prop_assert_eq!(one.checked_mul(quantity), in_range(wide(one) * i128::from(quantity)));
    }

    #[test]
    fn a_sum_does_not_depend_on_its_order(amounts in vec(amount(), 0..50)) {
        let total = amounts.iter().map(|amount| wide(*amount)).sum::<i128>();
        prop_assert_eq!(Credits::try_sum(amounts.iter().copied()), in_range(total));
        prop_assert_eq!(Credits::try_sum(amounts.into_iter().rev()), in_range(total));
    }

    #[test]
    fn a_share_is_never_more_than_the_whole(units in 0..=i64::MAX, percent in any::<u8>()) {
        let (whole, share) = (Credits::from_units(units), Credits::from_units(units).percent(percent));
        prop_assert!(Credits::ZERO <= share && share <= whole);
        let exact = wide(whole) * i128::from(percent.min(100));
        prop_assert!(wide(share) * 100 <= exact && exact < (wide(share) + 1) * 100, "rounded down");
    }
}

#[test]
fn what_is_not_a_plain_decimal_is_no_amount() {
    let not_decimal = [
        "", "-", ".", "1.", ".5", "+1", " 1", "1 ", "1e3", "1E-7", "1,5", "1_000", "0x10", "NaN", "∞", "--1",
        "1.2.3", "1.-2", "١",
    ];
    for text in not_decimal {
        assert_eq!(text.parse::<Credits>(), Err(ParseCreditsError::NotDecimal), "{text:?}");
    }
    assert_eq!("0.00000000001".parse::<Credits>(), Err(ParseCreditsError::TooFine));
    for text in ["922337203.6854775808", "-922337203.6854775809", "1000000000", &"9".repeat(100)] {
        assert_eq!(text.parse::<Credits>(), Err(ParseCreditsError::OutOfRange), "{text}");
    }
}

#[test]
fn the_ends_of_the_range_can_be_written() {
    for (text, units) in [
        ("922337203.6854775807", i64::MAX),
        ("-922337203.6854775808", i64::MIN),
        ("0.0000000001", 1),
        ("0.0000001", 1_000),
        ("-0.5", -5_000_000_000),
        ("1", UNITS_PER_CREDIT),
    ] {
        assert_eq!(Credits::from_units(units).to_string(), text);
        assert_eq!(text.parse(), Ok(Credits::from_units(units)));
    }
    assert_eq!("007.50".parse(), Ok(Credits::from_units(75_000_000_000)), "zeros around it change nothing");
}
