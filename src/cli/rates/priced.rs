//! What has a price: a provider's model and a kind of call, and which prices that needs.

use hub_domain::meter::Meter;
use hub_domain::rates::{ContextTier, Prices};
use hub_domain::vocabulary::CallType;

#[derive(Debug, Clone)]
pub struct Target {
    /// In lower case.
    pub provider: String,
    /// A name, or `*` for the models without a price of their own.
    pub model: String,
}

/// `PROVIDER/MODEL` or `PROVIDER/*`.
pub fn target(text: &str) -> Result<Target, String> {
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

pub fn call_type(text: &str) -> Result<CallType, String> {
    let short = match text {
        "chat" => Some(CallType::ChatCompletion),
        "image" => Some(CallType::ImageGeneration),
        "audio" => Some(CallType::AudioGeneration),
        other => CallType::from_name(other),
    };
    short.ok_or_else(|| "write chat, embedding, image, audio or video".to_owned())
}

/// What is priced so, where nobody says.
pub fn told_by(prices: &Prices, model: &str) -> CallType {
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

/// What keeps prices from being a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    /// A forgotten price would give that side away.
    #[error("a price of `{0}` is missing")]
    Price(Meter),
    #[error("give at least one price")]
    AnyPrice,
    #[error("two tiers begin at the same number of tokens")]
    OrderOfTiers,
}

/// Whether these prices make a rate. Brings the tiers into their order.
pub fn check(prices: &Prices, tiers: &mut [ContextTier], call_type: CallType) -> Result<(), Lacking> {
    tiers.sort_by_key(|tier| tier.from_input_tokens);
    if tiers.windows(2).any(|pair| pair[0].from_input_tokens == pair[1].from_input_tokens) {
        return Err(Lacking::OrderOfTiers);
    }
    let needed: &[Meter] = match call_type {
        CallType::ChatCompletion => &[Meter::Input, Meter::Output],
        CallType::Embedding => &[Meter::Input],
        _ => &[],
    };
    for prices in std::iter::once(prices).chain(tiers.iter().map(|tier| &tier.prices)) {
        if let Some(missing) = needed.iter().find(|meter| prices.own(**meter).is_none()) {
            return Err(Lacking::Price(*missing));
        }
        if prices.iter().next().is_none() {
            return Err(Lacking::AnyPrice);
        }
    }
    Ok(())
}
