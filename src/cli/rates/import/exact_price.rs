//! Prices as files write them, also `1.5e-07`: read digit by digit, never through a float. A price is a whole
//! number of units for one; what is finer is rounded up, once, here, and told.

use hub_domain::meter::Meter;
use hub_domain::money::Credits;

/// Units in a credit, as a power of ten.
const UNIT_DECIMALS: i32 = 10;
const MILLION_DECIMALS: i32 = 6;

/// What the number in the file is the price of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    One,
    /// Tokens and characters by the million, everything else by one: as commands write prices.
    AsListed,
}

/// The price for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExactPrice {
    pub price: Credits,
    pub is_rounded: bool,
}

/// Reads a price that is not negative.
pub fn read(meter: Meter, text: &str, per: Per) -> Result<ExactPrice, String> {
    let by_million = per == Per::AsListed && meter.is_priced_by_million();
    let decimals = if by_million { UNIT_DECIMALS - MILLION_DECIMALS } else { UNIT_DECIMALS };
    let (digits, exponent) = decimal(text).ok_or_else(|| format!("`{text}` is no price"))?;
    if text.starts_with('-') && digits != 0 {
        return Err(format!("`{text}` is negative"));
    }
    scaled(digits, exponent.saturating_add(decimals)).ok_or_else(|| format!("`{text}` is out of range"))
}

/// A decimal number without its sign: digits, and the power of ten that they are times.
fn decimal(text: &str) -> Option<(i128, i32)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (number, ""),
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?))
}

/// `digits × 10^power`, rounded up to a whole number.
fn scaled(digits: i128, power: i32) -> Option<ExactPrice> {
    let (units, is_rounded) = if digits == 0 {
        (0, false)
    } else if power >= 0 {
        (10_i128.checked_pow(power.unsigned_abs()).and_then(|factor| digits.checked_mul(factor))?, false)
    } else {
        match 10_i128.checked_pow(power.unsigned_abs()) {
            Some(divisor) => {
                let rest = digits % divisor != 0;
                (digits / divisor + i128::from(rest), rest)
            }
            // Finer than anything that there is.
            None => (1, true),
        }
    };
    Some(ExactPrice { price: Credits::from_wide(units).ok()?, is_rounded })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> (i64, bool) {
        let read = read(Meter::Input, text, Per::One).unwrap();
        (read.price.units(), read.is_rounded)
    }

    #[test]
    fn a_price_of_a_token_is_exact_in_every_spelling() {
        for text in ["2.5e-06", "2.5E-6", "0.0000025", "25e-7", "0.25e-5", "0.0000025000"] {
            assert_eq!(one(text), (25_000, false), "{text}");
        }
        for (text, units) in
            [("0", 0), ("0.0", 0), ("-0.0", 0), ("0e99999", 0), ("1e-10", 1), ("12", 120_000_000_000)]
        {
            assert_eq!(one(text), (units, false), "{text}");
        }
    }

    #[test]
    fn what_is_finer_than_a_unit_is_rounded_up_and_told() {
        for (text, units) in
            [("5.46875e-07", 5_469), ("1e-11", 1), ("1e-400", 1), ("1.00000000001", 10_000_000_001)]
        {
            assert_eq!(one(text), (units, true), "{text}");
        }
    }

    #[test]
    fn files_may_price_by_the_million_as_commands_do() {
        let units = |meter, text| read(meter, text, Per::AsListed).unwrap().price.units();
        assert_eq!(units(Meter::Input, "2.5"), 25_000);
        assert_eq!(units(Meter::Character, "15"), 150_000);
        assert_eq!(units(Meter::Image, "0.04"), 400_000_000);
        assert!(read(Meter::Output, "1.00001", Per::AsListed).unwrap().is_rounded);
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in [
            "", "-", "-1", "free", "1,5", "1.", ".5", "+1", "1e", "1e1.5", "NaN", "inf", "0x1", "1_000", " 1",
        ] {
            assert!(read(Meter::Input, text, Per::One).is_err(), "{text}");
        }
        for text in ["1e9", "9e99999", "1e99999999999", "99999999999999999999999999999999999999999999"] {
            assert!(read(Meter::Input, text, Per::One).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_price_is_never_lower_than_written_and_less_than_a_unit_higher(digits in 0_u64..=92_000_000, power in -25_i32..=0) {
            let read = read(Meter::Input, &format!("{digits}e{power}"), Per::One).unwrap();
            let written = i128::from(digits) * 10_i128.pow(u32::try_from(power + 25).unwrap());
            let unit = 10_i128.pow(15);
            let over = i128::from(read.price.units()) * unit - written;
            prop_assert!((0..unit).contains(&over));
            prop_assert_eq!(read.is_rounded, over != 0);
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.eE]{0,40}") {
            let _ = read(Meter::Input, &text, Per::One);
        }
    }
}
