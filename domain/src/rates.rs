//! Rates: a versioned price list for one provider, model and call type. `charge` is exact integer
//! arithmetic; nothing is rounded here.

use serde::{Deserialize, Serialize};

use crate::ids::RateId;
use crate::meter::Meter;
use crate::money::{AmountOutOfRange, Credits};
use crate::usage::Quantities;
use crate::vocabulary::CallType;

/// Prices by meter, each for one token, image, second, character, search or call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prices([Option<Credits>; Meter::ALL.len()]);

impl Prices {
    /// The price that was set for exactly this meter.
    pub fn own(&self, meter: Meter) -> Option<Credits> {
        self.0[meter.index()]
    }

    pub fn set(&mut self, meter: Meter, price: Credits) {
        self.0[meter.index()] = Some(price);
    }

    pub fn with(mut self, meter: Meter, price: Credits) -> Self {
        self.set(meter, price);
        self
    }

    /// The price that applies: the meter's own, else that of the meter that stands in for it.
    pub fn applied(&self, meter: Meter) -> Option<Credits> {
        self.own(meter).or_else(|| meter.fallback().and_then(|stand_in| self.own(stand_in)))
    }

    pub fn iter(&self) -> impl Iterator<Item = (Meter, Credits)> + '_ {
        Meter::ALL.into_iter().filter_map(|meter| Some((meter, self.own(meter)?)))
    }

    /// The highest price that a token of the request, or of the answer, can have.
    fn dearest(&self, counts: impl Fn(Meter) -> bool) -> Credits {
        Meter::ALL
            .into_iter()
            .filter(|meter| counts(*meter))
            .filter_map(|meter| self.applied(meter))
            .max()
            .unwrap_or(Credits::ZERO)
    }
}

impl Serialize for Prices {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Prices {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = std::collections::BTreeMap::<Meter, Credits>::deserialize(deserializer)?;
        Ok(named.into_iter().fold(Self::default(), |all, (meter, price)| all.with(meter, price)))
    }
}

/// Prices for the whole of a call whose input has at least `from_input_tokens` tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextTier {
    pub from_input_tokens: u64,
    pub prices: Prices,
}

/// One version of the prices of a provider's model. `model` is `*` for the provider's other models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    pub id: RateId,
    pub provider: String,
    pub model: String,
    pub call_type: CallType,
    /// Counts up for each provider, model and call type.
    pub version: i32,
    pub prices: Prices,
    /// In ascending order of their thresholds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<ContextTier>,
}

/// One line of a bill: `amount = quantity × rate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceLine {
    pub meter: Meter,
    pub quantity: u64,
    /// The price for one.
    pub rate: Credits,
    pub amount: Credits,
}

/// What a usage costs, line by line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    pub lines: Vec<PriceLine>,
    pub total: Credits,
}

impl Rate {
    /// The prices for a call with so many input tokens.
    pub fn prices_for(&self, input_tokens: u64) -> &Prices {
        self.tiers
            .iter()
            .rev()
            .find(|tier| input_tokens >= tier.from_input_tokens)
            .map_or(&self.prices, |tier| &tier.prices)
    }

    /// The exact price of a usage. A meter without a price costs nothing and makes no line.
    pub fn charge(&self, quantities: &Quantities) -> Result<Bill, AmountOutOfRange> {
        let prices = self.prices_for(quantities.input_tokens());
        let mut lines = Vec::with_capacity(4);
        for (meter, quantity) in quantities.with(Meter::Call, 1).iter() {
            if let Some(rate) = prices.applied(meter) {
                lines.push(PriceLine { meter, quantity, rate, amount: rate.checked_mul(quantity)? });
            }
        }
        let total = Credits::try_sum(lines.iter().map(|line| line.amount))?;
        Ok(Bill { lines, total })
    }

    /// All price lists that can apply to a call with at most so many input tokens.
    fn reachable(&self, input_tokens: u64) -> impl Iterator<Item = &Prices> {
        let tiers = self.tiers.iter().filter(move |tier| input_tokens >= tier.from_input_tokens);
        std::iter::once(&self.prices).chain(tiers.map(|tier| &tier.prices))
    }

    /// The most that one token of the request can cost.
    pub fn dearest_input(&self, input_tokens: u64) -> Credits {
        self.dearest(input_tokens, Meter::is_input_token)
    }

    /// The most that one token of the answer can cost.
    pub fn dearest_output(&self, input_tokens: u64) -> Credits {
        self.dearest(input_tokens, Meter::is_output_token)
    }

    /// The most that one of a meter can cost.
    pub fn dearest_of(&self, meter: Meter, input_tokens: u64) -> Credits {
        self.dearest(input_tokens, |other| other == meter)
    }

    fn dearest(&self, input_tokens: u64, counts: impl Fn(Meter) -> bool + Copy) -> Credits {
        self.reachable(input_tokens).map(|prices| prices.dearest(counts)).max().unwrap_or(Credits::ZERO)
    }
}
