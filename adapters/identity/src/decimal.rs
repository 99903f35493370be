//! Whole numbers in the one way to write them.

/// Decimal digits without a sign, a blank or a zero in front.
pub(crate) fn plain_decimal(digits: &str) -> Option<u64> {
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let has_zeros = digits.len() > 1 && digits.starts_with('0');
    if is_plain && !has_zeros { digits.parse().ok() } else { None }
}
