//! Built-in models and prices: list prices of providers, the newest as of [`DATE`], and small made-up ones for the
//! simulated provider. One credit is one US dollar. A rate that an operator sets goes before these.
//!
//! Each file names the provider's own page. A price stands here only when two independent lists of that day
//! agree on it. What has no dated price (OpenRouter, Doubao, Poe, servers of one's own) has none here.
//!
//! A price is a whole number of 10⁻¹⁰ credit for a token, so every price for a million tokens with at
//! most four decimals is exact. A finer one in these tables does not compile: nothing is rounded.

/// Prices of text: input, cached input, output.
macro_rules! text {
    ($input:literal, $cached:literal, $output:literal) => {
        &[
            (hub_domain::meter::Meter::Input, $crate::price_list::usd($input)),
            (hub_domain::meter::Meter::InputCached, $crate::price_list::usd($cached)),
            (hub_domain::meter::Meter::Output, $crate::price_list::usd($output)),
        ]
    };
    ($input:literal, $output:literal) => {
        &[
            (hub_domain::meter::Meter::Input, $crate::price_list::usd($input)),
            (hub_domain::meter::Meter::Output, $crate::price_list::usd($output)),
        ]
    };
}

mod anthropic;
mod deepseek;
mod google;
mod groq;
mod mistral;
mod openai;
mod simulated;
mod together;
mod xai;

use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::NewRate;
use hub_domain::rates::{ContextTier, Prices};
use hub_domain::routing::{ListedModel, ProviderKind};
use hub_domain::vocabulary::CallType::{self, ChatCompletion, Embedding};

/// When the prices were looked up.
pub const DATE: &str = "2026-11-25";

/// Lists of providers that are configured under their own names. A server that is only like one of them has
/// other prices.
const LISTS: &[(ProviderKind, &str, &[Entry])] = &[
    (ProviderKind::OpenAi, "openai", openai::ENTRIES),
    (ProviderKind::Anthropic, "anthropic", anthropic::ENTRIES),
    (ProviderKind::Google, "google", google::ENTRIES),
    (ProviderKind::Google, "gemini", google::ENTRIES),
    (ProviderKind::OpenAi, "deepseek", deepseek::ENTRIES),
    (ProviderKind::OpenAi, "xai", xai::ENTRIES),
    (ProviderKind::OpenAi, "mistral", mistral::ENTRIES),
    (ProviderKind::OpenAi, "groq", groq::ENTRIES),
    (ProviderKind::OpenAi, "together", together::ENTRIES),
];

type Priced = &'static [(Meter, Credits)];

/// A model, or several that cost the same.
#[derive(Debug, Clone, Copy)]
struct Entry {
    names: &'static [&'static str],
    call_type: CallType,
    max_input_tokens: Option<u64>,
    /// None where the provider names no limit beside that of input and output together.
    max_output_tokens: Option<u64>,
    prices: Priced,
    long: Option<LongContext>,
}

/// What a call costs from some count of input tokens on, as multiples of its other prices.
#[derive(Debug, Clone, Copy)]
struct LongContext {
    from: u64,
    /// Numerator and denominator.
    input: (i64, i64),
    output: (i64, i64),
}

impl Entry {
    const fn chat(
        names: &'static [&'static str],
        max_input_tokens: Option<u64>,
        max_output_tokens: Option<u64>,
        prices: Priced,
    ) -> Self {
        Self { names, call_type: ChatCompletion, max_input_tokens, max_output_tokens, prices, long: None }
    }

    const fn embedding(
        names: &'static [&'static str],
        max_input_tokens: Option<u64>,
        prices: Priced,
    ) -> Self {
        let chat = Self::chat(names, max_input_tokens, None, prices);
        Self { call_type: Embedding, ..chat }
    }

    /// Images or audio, which have no limits in tokens.
    const fn media(call_type: CallType, names: &'static [&'static str], prices: Priced) -> Self {
        Self { call_type, ..Self::chat(names, None, None, prices) }
    }

    /// A model whose long contexts cost more.
    const fn long(self, long: LongContext) -> Self {
        Self { long: Some(long), ..self }
    }
}

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
    if kind == ProviderKind::Simulated {
        return simulated::ENTRIES;
    }
    let of = LISTS.iter().find(|(of, name, _)| *of == kind && name.eq_ignore_ascii_case(provider_name));
    of.map_or(&[], |(_, _, entries)| entries)
}

impl Entry {
    fn rate(&self, provider: &str, name: &str) -> NewRate {
        let prices =
            self.prices.iter().fold(Prices::default(), |all, (meter, price)| all.with(*meter, *price));
        let tiers = self
            .long
            .iter()
            .map(|long| ContextTier { from_input_tokens: long.from, prices: long.of(&prices) });
        NewRate {
            provider: provider.to_owned(),
            model: name.to_owned(),
            call_type: self.call_type,
            prices,
            tiers: tiers.collect(),
        }
    }

    fn listed(&self, name: &str) -> ListedModel {
        ListedModel {
            name: name.into(),
            call_type: self.call_type,
            max_input_tokens: self.max_input_tokens,
            max_output_tokens: self.max_output_tokens,
        }
    }
}

impl LongContext {
    fn of(&self, prices: &Prices) -> Prices {
        prices.iter().fold(Prices::default(), |all, (meter, price)| {
            let (times, by) = match meter {
                meter if meter.is_input_token() => self.input,
                meter if meter.is_output_token() => self.output,
                _ => (1, 1),
            };
            all.with(meter, Credits::from_units(price.units() / by * times))
        })
    }
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
        let lists = LISTS.iter().map(|(kind, provider, _)| (*provider, *kind));
        for (provider, kind) in lists.chain([("sim", ProviderKind::Simulated)]) {
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
    fn the_price_of_a_long_context_is_exact_and_not_lower() {
        let entries = LISTS.iter().flat_map(|(_, _, entries)| entries.iter());
        for (entry, long) in entries.filter_map(|entry| Some((entry, entry.long?))) {
            for (meter, price) in entry.prices {
                let (times, by) = if meter.is_input_token() { long.input } else { long.output };
                assert!(times >= by && price.units() % by == 0, "{:?}", entry.names);
            }
        }
    }

    #[test]
    fn each_provider_has_its_list_prices() {
        let all = LISTS.iter().flat_map(|(kind, name, _)| rates(name, *kind));
        let all: Vec<_> = all.collect();
        for (name, input, cached, output, long) in [
            ("anthropic/claude-opus-5-5", "4", "0.2", "20", None),
            ("anthropic/claude-haiku-5-5", "0.1", "0.01", "0.5", Some((100_001, "0.5", "2.5"))),
            ("google/gemini-3.1-pro-preview", "2", "0.2", "12", Some((200_001, "4", "18"))),
            ("gemini/gemini-2.5-flash", "0.3", "0.03", "2.5", None),
            ("deepseek/deepseek-v4-pro", "1.32", "0.044", "3.96", None),
            ("xai/grok-4.7", "2", "0.5", "6", Some((200_000, "4", "12"))),
            ("mistral/mistral-large-2512", "0.5", "0.05", "1.5", None),
            ("groq/openai/gpt-oss-20b", "0.075", "0.0375", "0.3", None),
            ("together/moonshotai/Kimi-K3", "3", "0.3", "15", None),
        ] {
            let rate = all.iter().find(|rate| format!("{}/{}", rate.provider, rate.model) == name);
            let rate = rate.unwrap_or_else(|| panic!("{name} is not there"));
            let meters = [Meter::Input, Meter::InputCached, Meter::Output];
            assert_eq!(
                meters.map(|meter| rate.prices.own(meter)),
                [input, cached, output].map(|usd_| Some(usd(usd_))),
                "{name}"
            );
            let tier = rate.tiers.first().map(|tier| {
                let price = |meter| tier.prices.own(meter).unwrap();
                (tier.from_input_tokens, price(Meter::Input), price(Meter::Output))
            });
            assert_eq!(tier, long.map(|(from, input, output)| (from, usd(input), usd(output))), "{name}");
        }
        let audio = rate("google", ProviderKind::Google, "gemini-2.5-flash");
        assert_eq!(audio.prices.own(Meter::InputAudio), Some(usd("1")));
        let search = rate("anthropic", ProviderKind::Anthropic, "claude-opus-5");
        assert_eq!(search.prices.own(Meter::Search).unwrap().to_string(), "0.01");
    }

    #[test]
    fn no_answer_is_longer_than_what_a_model_can_hold() {
        for (entry, name) in LISTS
            .iter()
            .flat_map(|(_, _, all)| all.iter())
            .flat_map(|entry| entry.names.iter().map(move |name| (entry, name)))
        {
            let listed = entry.listed(name);
            if matches!(listed.call_type, CallType::ImageGeneration | CallType::AudioGeneration) {
                continue; // They are not counted in tokens that fit.
            }
            assert!(listed.max_input_tokens.is_some(), "{name}");
            assert!(listed.max_output_tokens <= listed.max_input_tokens, "{name}");
        }
    }

    #[test]
    fn a_server_that_is_only_like_openai_has_no_built_in_prices() {
        assert!(rates("local", ProviderKind::OpenAi).is_empty());
        assert!(models("local", ProviderKind::OpenAi).is_empty());
    }
}
