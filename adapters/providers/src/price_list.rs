//! Built-in models and prices: list prices of OpenAI and Anthropic, the newest as of [`DATE`], and small
//! made-up ones for the simulated provider. One credit is one US dollar. A rate that an operator sets goes before these.
//!
//! A price is a whole number of 10⁻¹⁰ credit for a token, so every price for a million tokens with at
//! most four decimals is exact. A finer one in these tables does not compile: nothing is rounded.

mod anthropic;
mod openai;
mod simulated;

use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::NewRate;
use hub_domain::rates::{ContextTier, Prices};
use hub_domain::routing::{ListedModel, ProviderKind};
use hub_domain::vocabulary::CallType;

/// When the prices were looked up.
pub const DATE: &str = "2026-11-25";

/// The names under which OpenAI and Anthropic themselves are configured. A server that is only like them has
/// other prices.
const OPENAI: &str = "openai";
const ANTHROPIC: &str = "anthropic";

/// A model, or several that cost the same.
#[derive(Debug, Clone, Copy)]
struct Entry {
    names: &'static [&'static str],
    call_type: CallType,
    max_output_tokens: Option<u64>,
    prices: &'static [(Meter, Credits)],
    /// Twice the price of the input and one and a half times that of the output for a call with more
    /// than 272,000 input tokens.
    long_context: bool,
}

/// The first count of input tokens at which a long context begins.
const LONG_CONTEXT: u64 = 272_001;

/// US dollars for a million tokens, as credits for one.
const fn usd(per_million: &str) -> Credits {
    let text = per_million.as_bytes();
    let (mut units, mut decimals, mut point, mut at) = (0_i64, 0, false, 0);
    while at < text.len() {
        if text[at] == b'.' {
            assert!(!point, "one point at most");
            point = true;
        } else {
            assert!(text[at].is_ascii_digit(), "a plain decimal number");
            units = units * 10 + (text[at] - b'0') as i64;
            if point {
                decimals += 1;
            }
        }
        at += 1;
    }
    assert!(decimals <= 4, "a finer price would have to be rounded");
    while decimals < 4 {
        units *= 10;
        decimals += 1;
    }
    Credits::from_units(units)
}

/// The rates of a provider's models; none for a provider whose prices nobody here knows.
pub fn rates(provider_name: &str, kind: ProviderKind) -> Vec<NewRate> {
    let entries = entries(provider_name, kind).iter();
    entries.flat_map(|entry| entry.names.iter().map(|name| entry.rate(provider_name, name))).collect()
}

/// The models that a provider of this name has.
pub fn models(provider_name: &str, kind: ProviderKind) -> Vec<ListedModel> {
    let entries = entries(provider_name, kind).iter();
    entries.flat_map(|entry| entry.names.iter().map(|name| entry.listed(name))).collect()
}

fn entries(provider_name: &str, kind: ProviderKind) -> &'static [Entry] {
    match kind {
        ProviderKind::OpenAi if provider_name.eq_ignore_ascii_case(OPENAI) => openai::ENTRIES,
        ProviderKind::Anthropic if provider_name.eq_ignore_ascii_case(ANTHROPIC) => anthropic::ENTRIES,
        ProviderKind::OpenAi | ProviderKind::Anthropic | ProviderKind::Google => &[],
        ProviderKind::Simulated => simulated::ENTRIES,
    }
}

impl Entry {
    fn rate(&self, provider: &str, name: &str) -> NewRate {
        let prices =
            self.prices.iter().fold(Prices::default(), |all, (meter, price)| all.with(*meter, *price));
        let tiers = if self.long_context {
            vec![ContextTier { from_input_tokens: LONG_CONTEXT, prices: long(&prices) }]
        } else {
            Vec::new()
        };
        NewRate {
            provider: provider.to_owned(),
            model: name.to_owned(),
            call_type: self.call_type,
            prices,
            tiers,
        }
    }

    fn listed(&self, name: &str) -> ListedModel {
        ListedModel {
            name: name.into(),
            call_type: self.call_type,
            max_output_tokens: self.max_output_tokens,
        }
    }
}

fn long(prices: &Prices) -> Prices {
    prices.iter().fold(Prices::default(), |all, (meter, price)| {
        let units = price.units();
        let units = if meter.is_input_token() { units * 2 } else { units / 2 * 3 };
        all.with(meter, Credits::from_units(units))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn rate(provider: &str, kind: ProviderKind, model: &str) -> NewRate {
        rates(provider, kind).into_iter().find(|rate| rate.model == model).unwrap()
    }

    fn price(rate: &NewRate, meter: Meter) -> String {
        rate.prices.own(meter).unwrap().to_string()
    }

    #[test]
    fn dollars_for_a_million_become_credits_for_one_exactly() {
        for (per_million, per_token) in
            [("2.5", "0.0000025"), ("0.005", "0.000000005"), ("0.0001", "0.0000000001"), ("150", "0.00015")]
        {
            assert_eq!(usd(per_million).to_string(), per_token);
        }
    }

    #[test]
    fn openai_has_its_list_prices() {
        let rate = rate("openai", ProviderKind::OpenAi, "gpt-5-mini");
        assert_eq!(price(&rate, Meter::Input), "0.00000025");
        assert_eq!(price(&rate, Meter::InputCached), "0.000000025");
        assert_eq!(price(&rate, Meter::Output), "0.000002");
    }

    #[test]
    fn images_and_audio_have_prices_of_their_own() {
        let image = rate("openai", ProviderKind::OpenAi, "gpt-image-1-mini");
        assert_eq!(
            (image.call_type, price(&image, Meter::OutputImage).as_str()),
            (CallType::ImageGeneration, "0.000008")
        );
        let whisper = rate("openai", ProviderKind::OpenAi, "whisper-1");
        assert_eq!(
            (whisper.call_type, price(&whisper, Meter::Second).as_str()),
            (CallType::AudioGeneration, "0.0001")
        );
        assert_eq!(price(&rate("openai", ProviderKind::OpenAi, "tts-1"), Meter::Character), "0.000015");
    }

    #[test]
    fn a_long_context_costs_more() {
        let rate = rate("OpenAI", ProviderKind::OpenAi, "gpt-5.4");
        let [tier] = &rate.tiers[..] else { panic!("one tier") };
        assert_eq!(tier.prices.own(Meter::Input).unwrap().to_string(), "0.000005");
        assert_eq!(tier.prices.own(Meter::InputCached).unwrap().to_string(), "0.0000005");
        assert_eq!(tier.prices.own(Meter::Output).unwrap().to_string(), "0.0000225");
    }

    #[test]
    fn every_model_has_one_rate_and_no_price_is_zero() {
        for (provider, kind) in [
            ("openai", ProviderKind::OpenAi),
            ("anthropic", ProviderKind::Anthropic),
            ("sim", ProviderKind::Simulated),
        ] {
            let rates = rates(provider, kind);
            let names: HashSet<_> = rates.iter().map(|rate| (rate.model.clone(), rate.call_type)).collect();
            assert_eq!(names.len(), rates.len(), "no model twice");
            for rate in &rates {
                assert_eq!(rate.provider, provider);
                let tiers = rate.tiers.iter().map(|tier| &tier.prices);
                for prices in std::iter::once(&rate.prices).chain(tiers) {
                    // Images and audio are paid in many ways, everything else by its tokens.
                    let is_media =
                        matches!(rate.call_type, CallType::ImageGeneration | CallType::AudioGeneration);
                    assert!(is_media || prices.own(Meter::Input).is_some(), "{}", rate.model);
                    assert!(prices.iter().next().is_some(), "{}", rate.model);
                    assert!(prices.iter().all(|(_, price)| price > Credits::ZERO), "{}", rate.model);
                }
            }
            let listed: HashSet<_> =
                models(provider, kind).iter().map(|model| model.name.to_string()).collect();
            assert_eq!(listed.len(), rates.len());
        }
    }

    #[test]
    fn one_and_a_half_times_a_price_is_exact() {
        for entry in openai::ENTRIES.iter().filter(|entry| entry.long_context) {
            for (meter, price) in entry.prices {
                assert!(meter.is_input_token() || price.units() % 2 == 0, "{:?}", entry.names);
            }
        }
    }

    #[test]
    fn a_server_that_is_only_like_openai_has_no_built_in_prices() {
        assert!(rates("local", ProviderKind::OpenAi).is_empty());
        assert!(models("local", ProviderKind::OpenAi).is_empty());
    }
}
