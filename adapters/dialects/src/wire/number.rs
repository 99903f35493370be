//! Numbers of requests. They are read from their text: nothing is rounded, and what is not reckoned
//! with stays text.

use hub_domain::error::CallError;
use serde_json::value::RawValue;

use super::fault;

/// A whole number; `1.0` and `1e2` are whole too.
pub(crate) fn whole(raw: &RawValue, param: &str, min: u64, max: u64) -> Result<u64, CallError> {
    let text = raw.get();
    require_number(text, param, "an integer")?;
    let below = || fault::out_of_range(param, min, max, "integer_below_min_value");
    let above = || fault::out_of_range(param, min, max, "integer_above_max_value");
    if text.starts_with('-') {
        return Err(below());
    }
    let number = match text.parse::<u64>() {
        Ok(number) => number,
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => return Err(above()),
        Err(_) => shifted(text)
            .ok_or_else(|| fault::invalid_type(param, "an integer", "a decimal number"))?
            .ok_or_else(above)?,
    };
    match number {
        number if number < min => Err(below()),
        number if number > max => Err(above()),
        number => Ok(number),
    }
}

/// A number with a point or an exponent as a whole one. `None` when it has a fraction, `Some(None)`
/// when it is too large.
fn shifted(text: &str) -> Option<Option<u64>> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{integer}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('0').is_empty() {
        return Some(Some(0));
    }
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let zeros = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    if zeros < 0 {
        return None;
    }
    let scale = u32::try_from(zeros).ok().and_then(|zeros| 10_u64.checked_pow(zeros));
    let number = significant.parse::<u64>().ok();
    Some(number.zip(scale).and_then(|(number, scale)| number.checked_mul(scale)))
}

/// A whole number with a sign.
pub(crate) fn signed(raw: &RawValue, param: &str) -> Result<i64, CallError> {
    let text = raw.get();
    require_number(text, param, "an integer")?;
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    if text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) {
        let code = if text.starts_with('-') { "integer_below_min_value" } else { "integer_above_max_value" };
        return Err(fault::out_of_range(param, i64::MIN, i64::MAX, code));
    }
    let number =
        shifted(text.trim_start_matches('-')).flatten().and_then(|number| i64::try_from(number).ok());
    match number {
        Some(number) if text.starts_with('-') => Ok(-number),
        Some(number) => Ok(number),
        None => Err(fault::invalid_type(param, "an integer", "a decimal number")),
    }
}

/// A decimal number within a range, as it was written.
pub(crate) fn decimal(raw: &RawValue, param: &str, min: i32, max: i32) -> Result<String, CallError> {
    let text = raw.get();
    require_number(text, param, "a number")?;
    let number: f64 = text.parse().map_err(|_| fault::invalid_type(param, "a number", "something else"))?;
    if number < f64::from(min) || (number == 0.0 && text.starts_with('-')) {
        return Err(fault::out_of_range(param, min, max, "decimal_below_min_value"));
    }
    if number > f64::from(max) {
        return Err(fault::out_of_range(param, min, max, "decimal_above_max_value"));
    }
    Ok(text.to_owned())
}

/// Any other object or array by its first character.
pub(crate) fn require_object(raw: &RawValue, param: &str) -> Result<(), CallError> {
    match raw.get().as_bytes().first() {
        Some(b'{') => Ok(()),
        _ => Err(fault::invalid_type(param, "an object", kind(raw.get()))),
    }
}

fn require_number(text: &str, param: &str, expected: &str) -> Result<(), CallError> {
    match text.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => Ok(()),
        _ => Err(fault::invalid_type(param, expected, kind(text))),
    }
}

fn kind(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn code(result: Result<impl std::fmt::Debug, CallError>) -> String {
        result.unwrap_err().code().to_owned()
    }

    #[test]
    fn a_whole_number_may_be_written_in_any_way() {
        for (text, number) in [("1", 1), ("1.0", 1), ("1e2", 100), ("1.5e1", 15), ("200e-2", 2), ("0.0e9", 0)]
        {
            assert_eq!(whole(&raw(text), "n", 0, 1_000).unwrap(), number, "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_number_is_told_apart() {
        for (text, expected) in [
            ("1.5", "invalid_type"),
            ("1e-1", "invalid_type"),
            ("\"1\"", "invalid_type"),
            ("true", "invalid_type"),
            ("[1]", "invalid_type"),
            ("-1", "integer_below_min_value"),
            ("-0", "integer_below_min_value"),
            ("0", "integer_below_min_value"),
            ("11", "integer_above_max_value"),
            ("9223372036854775808", "integer_above_max_value"),
            ("99999999999999999999999", "integer_above_max_value"),
            ("1e400", "integer_above_max_value"),
            ("1e99999999999999999999", "invalid_type"),
        ] {
            assert_eq!(code(whole(&raw(text), "n", 1, 10)), expected, "{text}");
        }
    }

    #[test]
    fn a_seed_is_any_number_of_64_bits() {
        assert_eq!(signed(&raw("-9223372036854775808"), "seed").unwrap(), i64::MIN);
        assert_eq!(signed(&raw("-4.0"), "seed").unwrap(), -4);
        assert_eq!(code(signed(&raw("9223372036854775808"), "seed")), "integer_above_max_value");
        assert_eq!(code(signed(&raw("0.5"), "seed")), "invalid_type");
    }

    #[test]
    fn decimals_keep_their_text() {
        assert_eq!(decimal(&raw("0.70000000000000000001"), "t", 0, 2).unwrap(), "0.70000000000000000001");
        for (text, expected) in [
            ("2.1", "decimal_above_max_value"),
            ("1e400", "decimal_above_max_value"),
            ("-0.1", "decimal_below_min_value"),
            ("-0.0", "decimal_below_min_value"),
            ("\"1\"", "invalid_type"),
        ] {
            assert_eq!(code(decimal(&raw(text), "t", 0, 2)), expected, "{text}");
        }
    }
}
