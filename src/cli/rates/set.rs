//! `aigne-hub rates set`.

use clap::Args;
use hub_domain::ports::NewRate;
use hub_domain::rates::ContextTier;
use hub_domain::vocabulary::CallType;

use super::super::{Failure, Output};
use super::price_flags::PriceFlags;
use super::priced::{self, Lacking, Target};
use super::{RateView, tier};
use crate::compose::Books;

/// Set what a model costs, as a new version. What is not given has no price of its own.
///
/// Prices are decimal credits for a million tokens or characters, or for one image, second, search or
/// call. Cached input and cache writes cost `input`, reasoning costs `output`, audio and image tokens cost
/// the text price of their side, unless they have a price of their own. Calls that run keep the version
/// that they were quoted with.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aigne-hub rates set openai/gpt-4o --input 2.5 --output 10 --input-cached 1.25\n  \
    aigne-hub rates set 'local/*' --input 0 --output 0        (all its models without a price of their own)\n  \
    aigne-hub rates set openai/text-embedding-3-small --call-type embedding --input 0.02\n  \
    aigne-hub rates set acme/long --input 1 --output 4 --tier 200000:input=2,output=8"
)]
pub struct Set {
    /// PROVIDER/MODEL, or PROVIDER/* for the models without a price of their own
    #[arg(value_name = "PROVIDER/MODEL", value_parser = priced::target)]
    target: Target,
    /// chat, embedding, image, audio or video [told by the prices that are given]
    #[arg(long, value_parser = priced::call_type)]
    call_type: Option<CallType>,
    /// Prices of the whole call from so many input tokens on; may be repeated
    #[arg(long, value_name = "FROM:METER=PRICE,…", value_parser = tier::parse)]
    tier: Vec<ContextTier>,
    #[command(flatten)]
    prices: PriceFlags,
}

impl Set {
    pub async fn run(self, books: &Books) -> Result<Output, Failure> {
        let PriceFlags(prices) = self.prices;
        let Target { provider, model } = self.target;
        if prices.iter().next().is_none() {
            return Err(Failure::Usage(
                "give at least one price, such as --input 2.5 --output 10".to_owned(),
            ));
        }
        let call_type = self.call_type.unwrap_or_else(|| priced::told_by(&prices, &model));
        let mut tiers = self.tier;
        priced::check(&prices, &mut tiers, call_type).map_err(|lacking| match lacking {
            Lacking::Price(meter) => Failure::Usage(format!(
                "--{flag} is missing; a {name} costs nothing on that side only with --{flag} 0",
                flag = meter.name(),
                name = call_type.name()
            )),
            other => Failure::Usage(other.to_string()),
        })?;
        let known = books.catalogue.providers().await?;
        let is_known = known.iter().any(|found| found.provider.name.eq_ignore_ascii_case(&provider));
        let new = NewRate { provider: provider.clone(), model, call_type, prices, tiers };
        let rate = books.rates.set(new).await?;
        let view = RateView::from(&rate);
        let text = format!(
            "{}/{} ({}) version {}: {}",
            view.provider, view.model, view.call_type, view.version, view.prices
        );
        let output = Output::new(&view, text);
        Ok(if is_known {
            output
        } else {
            output.note(format!(
                "there is no provider `{provider}` yet; add it with: aigne-hub providers add {provider}"
            ))
        })
    }
}
