//! `aigne-hub rates`: what models cost.

use std::collections::BTreeMap;

use clap::Subcommand;
use hub_domain::meter::Meter;
use hub_domain::rates::{Prices, Rate};
use serde::Serialize;

use super::{Failure, Output};
use crate::compose::Books;

mod list;
mod price;
mod price_flags;
mod set;
mod tier;

/// Set prices, and list those in force.
#[derive(Debug, Subcommand)]
pub enum Rates {
    Set(Box<set::Set>),
    List(list::List),
}

impl Rates {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        match self {
            Self::Set(set) => set.run(books).await,
            Self::List(list) => list.run(books).await,
        }
    }
}

/// A rate as programs see it. Prices are decimal credits, for a million tokens or characters, or for one
/// of anything else.
#[derive(Serialize)]
struct RateView {
    id: String,
    provider: String,
    model: String,
    call_type: &'static str,
    version: i32,
    prices: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierView>,
}

#[derive(Serialize)]
struct TierView {
    from_input_tokens: u64,
    prices: BTreeMap<&'static str, String>,
}

fn shown(prices: &Prices) -> BTreeMap<&'static str, String> {
    prices.iter().map(|(meter, price)| (meter.name(), price::show(meter, price))).collect()
}

impl From<&Rate> for RateView {
    fn from(rate: &Rate) -> Self {
        Self {
            id: rate.id.to_string(),
            provider: rate.provider.clone(),
            model: rate.model.clone(),
            call_type: rate.call_type.name(),
            version: rate.version,
            prices: shown(&rate.prices),
            tiers: rate
                .tiers
                .iter()
                .map(|tier| TierView {
                    from_input_tokens: tier.from_input_tokens,
                    prices: shown(&tier.prices),
                })
                .collect(),
        }
    }
}

impl RateView {
    /// `input 2.5, output 10`, in the meters' own order.
    fn prices_text(&self) -> String {
        let text = |prices: &BTreeMap<&'static str, String>| {
            let set = Meter::ALL.into_iter().filter_map(|meter| Some((meter, prices.get(meter.name())?)));
            set.map(|(meter, price)| format!("{meter} {price}")).collect::<Vec<_>>().join(", ")
        };
        let tiers = self
            .tiers
            .iter()
            .map(|tier| format!("; from {} on: {}", tier.from_input_tokens, text(&tier.prices)));
        std::iter::once(text(&self.prices)).chain(tiers).collect()
    }
}

#[cfg(test)]
mod tests;
