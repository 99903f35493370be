//! `Credits`: an exact count of 10⁻¹⁰ credit. No float ever touches it.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Units in one credit.
pub const UNITS_PER_CREDIT: i64 = 10_000_000_000;
const DECIMALS: usize = 10;

/// An amount of credits, counted in units of 10⁻¹⁰ credit (range ±922,337,203.6854775807).
///
/// Every operation is checked: an overflow is an error, it never wraps or saturates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credits(i64);

/// The amount does not fit (HTTP 422 `amount_out_of_range`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is out of range")]
pub struct AmountOutOfRange;

impl Credits {
    pub const ZERO: Self = Self(0);
    pub const MAX: Self = Self(i64::MAX);

    /// From a count of 10⁻¹⁰ credit, as the databases keep it.
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// The count of 10⁻¹⁰ credit.
    pub const fn units(self) -> i64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub fn checked_add(self, other: Self) -> Result<Self, AmountOutOfRange> {
        self.0.checked_add(other.0).map(Self).ok_or(AmountOutOfRange)
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, AmountOutOfRange> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountOutOfRange)
    }

    pub fn checked_mul(self, quantity: u64) -> Result<Self, AmountOutOfRange> {
        Self::from_wide(i128::from(self.0) * i128::from(quantity))
    }

    /// From a sum that was made in 128 bits.
    pub fn from_wide(units: i128) -> Result<Self, AmountOutOfRange> {
        i64::try_from(units).map(Self).map_err(|_| AmountOutOfRange)
    }

    /// `percent` of the amount, rounded down.
    pub fn percent(self, percent: u8) -> Self {
        // Cannot leave the range for a percentage up to 100; a larger one is the caller's mistake
        // and is cut to the whole.
        let share = i128::from(self.0) * i128::from(percent.min(100)) / 100;
        Self::from_wide(share).unwrap_or(self)
    }

    /// Sums amounts without a detour through a type that could overflow on the way.
    pub fn try_sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, AmountOutOfRange> {
        Self::from_wide(amounts.into_iter().map(|amount| i128::from(amount.0)).sum::<i128>())
    }
}

impl Sum<Credits> for i128 {
    fn sum<I: Iterator<Item = Credits>>(amounts: I) -> i128 {
        amounts.map(|amount| i128::from(amount.0)).sum()
    }
}

/// The shortest plain decimal: no exponent, no trailing zeros (`0.0000001`, never `1e-7`). It is
/// also a valid JSON number.
impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let unit = UNITS_PER_CREDIT.unsigned_abs();
        let (whole, fraction) = (magnitude / unit, magnitude % unit);
        if self.0 < 0 {
            f.write_str("-")?;
        }
        write!(f, "{whole}")?;
        if fraction != 0 {
            let digits = format!("{fraction:0DECIMALS$}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseCreditsError {
    #[error("not a plain decimal number")]
    NotDecimal,
    #[error("more than ten decimals")]
    TooFine,
    #[error("the amount is out of range")]
    OutOfRange,
}

/// Takes plain decimals only (`12`, `-0.5`, `.25` is refused): no exponent, sign `+`, blank or comma.
impl FromStr for Credits {
    type Err = ParseCreditsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(ParseCreditsError::NotDecimal),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(ParseCreditsError::NotDecimal);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(ParseCreditsError::TooFine);
        }
        let whole: i128 = whole.parse().map_err(|_| ParseCreditsError::OutOfRange)?;
        let fine: i128 = if fraction.is_empty() {
            0
        } else {
            format!("{fraction:0<DECIMALS$}").parse().map_err(|_| ParseCreditsError::NotDecimal)?
        };
        let units = whole
            .checked_mul(i128::from(UNITS_PER_CREDIT))
            .and_then(|units| units.checked_add(fine))
            .ok_or(ParseCreditsError::OutOfRange)?;
        Self::from_wide(if negative { -units } else { units }).map_err(|_| ParseCreditsError::OutOfRange)
    }
}

/// As a decimal string. Where a contract wants a JSON number, the `Display` text is written raw.
impl Serialize for Credits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Credits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
