//! `aigne-hub rates`: what models cost.

use std::collections::BTreeMap;
use std::fmt;

use clap::Subcommand;
use hub_domain::meter::Meter;
use hub_domain::rates::{ContextTier, Prices, Rate};
use serde::Serialize;

use super::{Failure, Output};
use crate::compose::Books;

mod import;
mod list;
mod price;
mod price_flags;
mod priced;
mod set;
mod tier;

/// Set prices one by one or from a file, and list those in force.
#[derive(Debug, Subcommand)]
pub enum Rates {
    Set(Box<set::Set>),
    Import(import::Import),
    List(list::List),
}

impl Rates {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        match self {
            Self::Set(set) => set.run(books).await,
            Self::Import(import) => import.run(books).await,
            Self::List(list) => list.run(books).await,
        }
    }
}

/// A rate as programs see it.
#[derive(Serialize)]
struct RateView {
    id: String,
    provider: String,
    model: String,
    call_type: &'static str,
    version: i32,
    #[serde(flatten)]
    prices: PricesView,
}

/// Prices are decimal credits, for a million tokens or characters, or for one of anything else.
#[derive(Serialize)]
struct PricesView {
    prices: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierView>,
}

#[derive(Serialize)]
struct TierView {
    from_input_tokens: u64,
    prices: BTreeMap<&'static str, String>,
}

impl PricesView {
    fn of(prices: &Prices, tiers: &[ContextTier]) -> Self {
        let shown = |prices: &Prices| {
            prices.iter().map(|(meter, price)| (meter.name(), price::show(meter, price))).collect()
        };
        let tiers = tiers
            .iter()
            .map(|tier| TierView { from_input_tokens: tier.from_input_tokens, prices: shown(&tier.prices) });
        Self { prices: shown(prices), tiers: tiers.collect() }
    }
}

impl From<&Rate> for RateView {
    fn from(rate: &Rate) -> Self {
        Self {
            id: rate.id.to_string(),
            provider: rate.provider.clone(),
            model: rate.model.clone(),
            call_type: rate.call_type.name(),
            version: rate.version,
            prices: PricesView::of(&rate.prices, &rate.tiers),
        }
    }
}

/// `input 2.5, output 10`, in the meters' own order.
impl fmt::Display for PricesView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |prices: &BTreeMap<&'static str, String>| {
            let set = Meter::ALL.into_iter().filter_map(|meter| Some((meter, prices.get(meter.name())?)));
            set.map(|(meter, price)| format!("{meter} {price}")).collect::<Vec<_>>().join(", ")
        };
        f.write_str(&text(&self.prices))?;
        self.tiers
            .iter()
            .try_for_each(|tier| write!(f, "; from {} on: {}", tier.from_input_tokens, text(&tier.prices)))
    }
}

#[cfg(test)]
mod tests;
