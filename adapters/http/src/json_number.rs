//! Exact decimals as JSON numbers: written digit by digit, never through a float.

use hub_domain::money::Credits;
use serde::{Serialize, Serializer, ser};
use serde_json::value::RawValue;

/// A number as its JSON text.
fn raw<S: Serializer>(text: String, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(text).map_err(ser::Error::custom)?.serialize(serializer)
}

/// Credits as a number, for fields that the contract makes one.
pub(crate) fn credits<S: Serializer>(amount: &Credits, serializer: S) -> Result<S::Ok, S::Error> {
    raw(amount.to_string(), serializer)
}

/// Milliseconds as seconds with one decimal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TenthsOfSeconds {
    pub(crate) millis: u64,
}

impl Serialize for TenthsOfSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tenths = self.millis / 100 + u64::from(self.millis % 100 >= 50);
        raw(format!("{}.{}", tenths / 10, tenths % 10), serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Cost(#[serde(serialize_with = "credits")] Credits);

    #[test]
    fn the_smallest_amount_is_written_out() {
        assert_eq!(serde_json::to_string(&Cost(Credits::from_units(1))).unwrap(), "0.0000000001");
    }

    #[test]
    fn seconds_are_rounded_to_one_decimal() {
        for (millis, text) in [(0, "0.0"), (49, "0.0"), (50, "0.1"), (1_949, "1.9"), (61_000, "61.0")] {
            assert_eq!(serde_json::to_string(&TenthsOfSeconds { millis }).unwrap(), text);
        }
    }
}
