//! Amounts as a client reads them: decimal text, counted in units of 10⁻¹⁰ credit. Nothing here goes
//! through a float, and nothing is shared with the program under test.

/// Units of 10⁻¹⁰ credit.
pub type Units = i128;

/// `12.5` is 125,000,000,000 units. Anything but a plain decimal is a broken answer.
pub fn units(decimal: &str) -> Units {
    let (sign, digits) = decimal.strip_prefix('-').map_or((1, decimal), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    assert!(!whole.is_empty() && plain(whole) && plain(fraction), "`{decimal}` is no plain decimal");
    assert!(fraction.len() <= 10, "`{decimal}` is finer than a unit");
    let padded: Units = format!("{whole}{fraction:0<10}").parse().unwrap();
    sign * padded
}

/// The exact number that stands behind `"aigneHubCredits":` in a body or an event; `None` for `null`.
pub fn shown(json: &str) -> Option<Units> {
    let (_, rest) = json.split_once("\"aigneHubCredits\":").unwrap_or_else(|| panic!("no amount in {json}"));
    let rest = rest.trim_start();
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || ".-+eE".contains(*c)).collect();
    if number.is_empty() {
        assert!(rest.starts_with("null"), "neither a number nor null: {json}");
        return None;
    }
    Some(units(&number))
}

#[test]
fn decimals_are_read_to_the_unit() {
    assert_eq!(units("0"), 0);
    assert_eq!(units("12.5"), 125_000_000_000);
    assert_eq!(units("0.0000000001"), 1);
    assert_eq!(units("-1"), -10_000_000_000);
    assert_eq!(shown(r#"{"usage":{"aigneHubCredits":0.016,"x":1}}"#), Some(160_000_000));
    assert_eq!(shown(r#"{"usage":{"aigneHubCredits": null}}"#), None);
}
