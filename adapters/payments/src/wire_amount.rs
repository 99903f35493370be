//! Amounts as Payment Kit reads them: credits as a plain decimal text, no finer than the meter counts.

use std::fmt;

use hub_domain::money::Credits;
use serde::Serialize;

/// Decimals of [`Credits`].
const OWN_DECIMALS: u32 = 10;

/// How many decimals the meter's currency has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimals(pub u8);

impl Decimals {
    /// Units of ours in the smallest amount that the meter can count.
    fn step(self) -> i64 {
        10_i64.pow(OWN_DECIMALS.saturating_sub(u32::from(self.0)))
    }
}

/// More than nothing, written without sign, exponent or trailing zeros. There is no arithmetic on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WireAmount(String);

impl WireAmount {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WireAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What of a waiting amount can be reported now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reportable {
    /// `None` when it is less than the meter can count; neither nothing nor less is ever reported.
    pub value: Option<WireAmount>,
    /// What is too fine for the meter; a later report carries it.
    pub residue: Credits,
}

/// Splits a waiting amount into what a meter can count and the rest. Nothing is rounded away.
pub fn split(waiting: Credits, decimals: Decimals) -> Reportable {
    let units = waiting.units();
    if units <= 0 {
        return Reportable { value: None, residue: waiting };
    }
    let residue = units % decimals.step();
    let whole = Credits::from_units(units - residue);
    let value = (!whole.is_zero()).then(|| WireAmount(whole.to_string()));
    Reportable { value, residue: Credits::from_units(residue) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(units: i64, decimals: u8) -> Option<String> {
        split(Credits::from_units(units), Decimals(decimals)).value.map(|value| value.to_string())
    }

    #[test]
    fn the_smallest_amount_has_no_exponent() {
        assert_eq!(value(1, 10).as_deref(), Some("0.0000000001"));
        assert_eq!(value(1_000, 10).as_deref(), Some("0.0000001"));
        assert_eq!(value(70_000_000_000, 10).as_deref(), Some("7"));
        assert_eq!(value(i64::MAX, 10).as_deref(), Some("922337203.6854775807"));
        assert_eq!(value(1, 18).as_deref(), Some("0.0000000001"), "a finer meter changes nothing");
    }

    #[test]
    fn with_two_decimals_the_34th_call_of_three_ten_thousandths_makes_the_first_cent() {
        let (mut waiting, mut first) = (Credits::ZERO, 0);
        for call in 1..=34 {
            waiting = waiting.checked_add(Credits::from_units(3_000_000)).unwrap();
            let reportable = split(waiting, Decimals(2));
            waiting = reportable.residue;
            if let Some(value) = reportable.value {
                assert_eq!(value.as_str(), "0.01");
                first = call;
            }
        }
        assert_eq!(first, 34);
        assert_eq!(waiting, Credits::from_units(2_000_000));
    }

    #[test]
    fn neither_nothing_nor_less_is_reported() {
        for units in [0, -1, i64::MIN] {
            let amount = Credits::from_units(units);
            assert_eq!(split(amount, Decimals(10)), Reportable { value: None, residue: amount });
        }
    }

    proptest! {
        #[test]
        fn value_and_residue_are_the_whole(units in 1..=i64::MAX, decimals in 0_u8..=12) {
            let reportable = split(Credits::from_units(units), Decimals(decimals));
            let value = reportable.value.as_ref().map_or("0", WireAmount::as_str);

            let parsed: Credits = value.parse().unwrap();
            prop_assert_eq!(parsed.checked_add(reportable.residue).unwrap().units(), units);
            let fraction = value.split_once('.').map_or("", |(_, fraction)| fraction);
            prop_assert!(fraction.len() <= usize::from(decimals));
            prop_assert!(value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
            prop_assert!(!fraction.ends_with('0'));
        }
    }
}
