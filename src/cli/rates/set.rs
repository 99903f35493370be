//! `aigne-hub rates set`.

use clap::Args;
use hub_domain::meter::Meter;
use hub_domain::ports::NewRate;
use hub_domain::rates::{ContextTier, Prices};
use hub_domain::vocabulary::CallType;

use super::super::{Failure, Output};
use super::price_flags::PriceFlags;
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
    #[arg(value_name = "PROVIDER/MODEL", value_parser = target)]
    target: Target,
    /// chat, embedding, image, audio or video [told by the prices that are given]
    #[arg(long, value_parser = call_type)]
    call_type: Option<CallType>,
    /// Prices of the whole call from so many input tokens on; may be repeated
    #[arg(long, value_name = "FROM:METER=PRICE,…", value_parser = tier::parse)]
    tier: Vec<ContextTier>,
    #[command(flatten)]
    prices: PriceFlags,
}

#[derive(Debug, Clone)]
struct Target {
    provider: String,
    model: String,
}

fn target(text: &str) -> Result<Target, String> {
    let (provider, model) = text.split_once('/').ok_or("write PROVIDER/MODEL")?;
    let is_name = |name: &str, more: &[u8]| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        (1..=256).contains(&name.len()) && name.bytes().all(allowed) && !name.contains("..")
    };
    let is_model = model == "*" || is_name(model, b"._:/@+-");
    if !is_name(provider, b"-_.") || !is_model {
        return Err("write PROVIDER/MODEL in letters, digits and `._:/@+-`, or PROVIDER/*".to_owned());
    }
    Ok(Target { provider: provider.to_ascii_lowercase(), model: model.to_owned() })
}

fn call_type(text: &str) -> Result<CallType, String> {
    let short = match text {
        "chat" => Some(CallType::ChatCompletion),
        "image" => Some(CallType::ImageGeneration),
        "audio" => Some(CallType::AudioGeneration),
        other => CallType::from_name(other),
    };
    short.ok_or_else(|| "write chat, embedding, image, audio or video".to_owned())
}

/// What is priced so, where the command line doesn't say.
fn told_by(prices: &Prices, model: &str) -> CallType {
    let has = |meter| prices.own(meter).is_some();
    let has_text = has(Meter::Input) || has(Meter::Output);
    if model.contains("embed") || (has(Meter::Input) && !has(Meter::Output)) {
        CallType::Embedding
    } else if has(Meter::Image) && !has_text {
        CallType::ImageGeneration
    } else if (has(Meter::Second) || has(Meter::Character)) && !has_text {
        CallType::AudioGeneration
    } else {
        CallType::ChatCompletion
    }
}

/// A forgotten price would give that side away.
fn check(prices: &Prices, call_type: CallType) -> Result<(), Failure> {
    let needed: &[Meter] = match call_type {
        CallType::ChatCompletion => &[Meter::Input, Meter::Output],
        CallType::Embedding => &[Meter::Input],
        _ if prices.iter().next().is_none() => {
            return Err(Failure::Usage("give at least one price".to_owned()));
        }
        _ => &[],
    };
    match needed.iter().find(|meter| prices.own(**meter).is_none()) {
        Some(missing) => {
            let (name, flag) = (call_type.name(), missing.name());
            Err(Failure::Usage(format!(
                "--{flag} is missing; a {name} costs nothing on that side only with --{flag} 0"
            )))
        }
        None => Ok(()),
    }
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
        let call_type = self.call_type.unwrap_or_else(|| told_by(&prices, &model));
        check(&prices, call_type)?;
        let mut tiers = self.tier;
        tiers.sort_by_key(|tier| tier.from_input_tokens);
        if tiers.windows(2).any(|pair| pair[0].from_input_tokens == pair[1].from_input_tokens) {
            return Err(Failure::Usage("two tiers begin at the same number of tokens".to_owned()));
        }
        for tier in &tiers {
            check(&tier.prices, call_type)?;
        }
        let known = books.catalogue.providers().await?;
        let is_known = known.iter().any(|found| found.provider.name.eq_ignore_ascii_case(&provider));
        let new = NewRate { provider: provider.clone(), model, call_type, prices, tiers };
        let rate = books.rates.set(new).await?;
        let view = RateView::from(&rate);
        let text = format!(
            "{}/{} ({}) version {}: {}",
            view.provider,
            view.model,
            view.call_type,
            view.version,
            view.prices_text()
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
