//! Usage: how much of each meter a call used, in buckets that never overlap.

use serde::{Deserialize, Serialize};

use crate::meter::Meter;

/// Quantities by meter. The buckets are disjoint: a cached input token is in `input_cached` and not
/// in `input`, so that nothing is paid twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantities([u64; Meter::ALL.len()]);

impl Quantities {
    pub fn get(&self, meter: Meter) -> u64 {
        self.0[meter.index()]
    }

    pub fn set(&mut self, meter: Meter, quantity: u64) {
        self.0[meter.index()] = quantity;
    }

    pub fn with(mut self, meter: Meter, quantity: u64) -> Self {
        self.set(meter, quantity);
        self
    }

    /// Meters with a quantity, in their fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (Meter, u64)> + '_ {
        Meter::ALL.into_iter().map(|meter| (meter, self.get(meter))).filter(|(_, quantity)| *quantity > 0)
    }

    fn total_of(&self, counts: impl Fn(Meter) -> bool) -> u64 {
        self.iter().filter(|(meter, _)| counts(*meter)).fold(0, |sum, (_, n)| sum.saturating_add(n))
    }

    /// All tokens of the request, cached ones and media included.
    pub fn input_tokens(&self) -> u64 {
        self.total_of(Meter::is_input_token)
    }

    /// All tokens of the answer, reasoning included.
    pub fn output_tokens(&self) -> u64 {
        self.total_of(Meter::is_output_token)
    }

    pub fn total_tokens(&self) -> u64 {
        self.input_tokens().saturating_add(self.output_tokens())
    }

    /// The larger of both for each meter.
    pub fn max(&self, other: &Self) -> Self {
        Meter::ALL
            .into_iter()
            .fold(*self, |larger, meter| larger.with(meter, self.get(meter).max(other.get(meter))))
    }
}

impl Serialize for Quantities {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Quantities {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = std::collections::BTreeMap::<Meter, u64>::deserialize(deserializer)?;
        Ok(named.into_iter().fold(Self::default(), |all, (meter, quantity)| all.with(meter, quantity)))
    }
}

/// What a call used, and how sure we are of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub quantities: Quantities,
    /// Counted by the hub, because the provider reported nothing (usable).
    #[serde(default)]
    pub estimated: bool,
    /// The answer was not delivered whole.
    #[serde(default)]
    pub partial: bool,
    /// The provider's numbers contradict each other; they were brought to sense.
    #[serde(default)]
    pub inconsistent: bool,
}
