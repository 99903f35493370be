//! Prices as people write them: credits for a million tokens or characters, or for one of anything else.
//! Inside a price is a whole number of units for one, so that charges are exact; what is finer is
//! refused here rather than rounded later.

use hub_domain::meter::Meter;
use hub_domain::money::{Credits, ParseCreditsError};

const MILLION: i64 = 1_000_000;

/// The price for one, from the text of a price for a million (or for one).
pub fn parse(meter: Meter, text: &str) -> Result<Credits, String> {
    let too_fine = || {
        if meter.is_priced_by_million() {
            "the finest price is 0.0001 credits per million (a token then costs the smallest unit there is)"
        } else {
            "the finest price is 0.0000000001 credits"
        }
    };
    let price: Credits = text.parse().map_err(|error| match error {
        ParseCreditsError::TooFine => too_fine().to_owned(),
        other => format!("{other}; write credits such as 2.5"),
    })?;
    if price.is_negative() {
        return Err("a price is not negative".to_owned());
    }
    if !meter.is_priced_by_million() {
        return Ok(price);
    }
    if price.units() % MILLION != 0 {
        return Err(too_fine().to_owned());
    }
    Ok(Credits::from_units(price.units() / MILLION))
}

/// The same back. What was set through an interface of another grain may be beyond the range of a price
/// for a million; it is shown for one.
pub fn show(meter: Meter, price: Credits) -> String {
    let shown =
        if meter.is_priced_by_million() { price.checked_mul(MILLION.unsigned_abs()) } else { Ok(price) };
    shown.map_or_else(|_| format!("{price} each"), |shown| shown.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_characters_are_priced_by_the_million() {
        assert_eq!(parse(Meter::Input, "2.5").unwrap().units(), 25_000);
        assert_eq!(parse(Meter::Character, "0.0001").unwrap().units(), 1);
        assert_eq!(parse(Meter::Image, "0.04").unwrap().units(), 400_000_000);
        assert_eq!(parse(Meter::Output, "0").unwrap(), Credits::ZERO);
    }

    #[test]
    fn what_is_finer_than_a_unit_is_refused_and_not_rounded() {
        for (meter, text) in
            [(Meter::Input, "0.00015"), (Meter::Output, "1.00001"), (Meter::Image, "0.00000000001")]
        {
            assert!(parse(meter, text).unwrap_err().contains("the finest price is"), "{text}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in ["-1", "1e3", "", "2,5", "free"] {
            assert!(parse(Meter::Input, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_price_is_shown_as_it_was_written() {
        for meter in Meter::ALL {
            for text in ["2.5", "0", "0.0001", "120"] {
                assert_eq!(show(meter, parse(meter, text).unwrap()), text, "{meter}");
            }
        }
    }
}
