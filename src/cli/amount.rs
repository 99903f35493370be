//! Amounts on the command line.

use hub_domain::money::Credits;

/// Decimal credits, at most ten decimals.
pub fn credits(text: &str) -> Result<Credits, String> {
    let amount: Credits =
        text.parse().map_err(|error| format!("{error}; write credits such as 100 or 0.5"))?;
    if amount.is_negative() || amount.is_zero() {
        return Err("write an amount of more than zero".to_owned());
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_plain_decimal_above_zero() {
        assert_eq!(credits("12.5").unwrap().to_string(), "12.5");
        for text in ["0", "-1", "1e3", "0.00000000001", "99999999999", "", "1,5"] {
            assert!(credits(text).is_err(), "{text}");
        }
    }
}
