//! The shape of LiteLLM's `model_prices_and_context_window.json`, which many gateways read: an object with a
//! member for each model, prices in US dollars for one token. One credit is one US dollar.

use std::collections::{BTreeMap, BTreeSet};

use hub_domain::meter::Meter;
use hub_domain::ports::NewRate;
use hub_domain::rates::{ContextTier, Prices};
use hub_domain::vocabulary::CallType;

use super::document::{Node, Value};
use super::exact_price::Per;
use super::reading::{Draft, Entry, Reading, Told};
use crate::cli::rates::priced;

/// Providers that the hub knows by another name.
const NAMES: &[(&str, &str)] = &[
    ("gemini", "google"),
    ("together_ai", "together"),
    ("volcengine", "doubao"),
    ("lm_studio", "lmstudio"),
    ("hosted_vllm", "vllm"),
    ("text-completion-openai", "openai"),
];

/// The hub's name of a provider.
pub fn hub_name(name: &str) -> &str {
    NAMES.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| ours)
}

/// Which price is which. Where two are for one meter, the later in this list replaces the earlier.
const FIELDS: &[(&str, &[Meter])] = &[
    ("input_cost_per_token", &[Meter::Input]),
    ("output_cost_per_token", &[Meter::Output]),
    ("cache_read_input_token_cost", &[Meter::InputCached]),
    // For five minutes or of unstated life, and for an hour where nothing else is known.
    ("cache_creation_input_token_cost", &[Meter::CacheWrite, Meter::CacheWrite5m, Meter::CacheWrite1h]),
    ("cache_creation_input_token_cost_above_1hr", &[Meter::CacheWrite1h]),
    ("input_cost_per_audio_token", &[Meter::InputAudio]),
    ("input_cost_per_image_token", &[Meter::InputImage]),
    ("output_cost_per_reasoning_token", &[Meter::OutputReasoning]),
    ("output_cost_per_audio_token", &[Meter::OutputAudio]),
    ("output_cost_per_image_token", &[Meter::OutputImage]),
    ("input_cost_per_request", &[Meter::Call]),
];

/// More of them, for calls that are not paid by tokens alone. Where there are two for one meter the dearer is
/// its price; the other one is a zero.
const MEDIA_FIELDS: &[(CallType, &str, Meter)] = &[
    (CallType::ImageGeneration, "input_cost_per_image", Meter::Image),
    (CallType::ImageGeneration, "output_cost_per_image", Meter::Image),
    (CallType::AudioGeneration, "input_cost_per_character", Meter::Character),
    (CallType::AudioGeneration, "input_cost_per_second", Meter::Second),
    (CallType::AudioGeneration, "output_cost_per_second", Meter::Second),
    (CallType::Video, "output_cost_per_second", Meter::Second),
    (CallType::Video, "output_cost_per_video_per_second", Meter::Second),
];

/// By how much is found.
const SEARCH: &str = "search_context_cost_per_query";

/// Reads what belongs to the providers that `hub_provider` has a name for.
pub fn read(models: &[(String, Node)], hub_provider: impl Fn(&str) -> Option<String>) -> Reading {
    let mut reading = Reading { format: "LiteLLM's list", ..Reading::default() };
    let mut names = Vec::new();
    for (name, node) in models.iter().filter(|(name, _)| name != "sample_spec") {
        // Another name of a model that stands there, too.
        let of = node.get("alias_of").and_then(Node::text);
        let node =
            of.and_then(|of| models.iter().find(|(name, _)| name == of)).map_or(node, |(_, node)| node);
        let told = |reason: String| Told { line: node.line, name: name.clone(), reason };
        let Some(theirs) = node.get("litellm_provider").and_then(Node::text) else {
            reading.skipped.push(told("no provider".to_owned()));
            continue;
        };
        let Some(provider) = hub_provider(theirs) else {
            *reading.left_out.entry(theirs.to_owned()).or_default() += 1;
            continue;
        };
        match entry(name, theirs, provider, node, &mut reading.not_taken) {
            Ok(entry) => {
                reading.entries.push(entry);
                names.push(name.clone());
            }
            Err(Left::Skipped(reason)) => reading.skipped.push(told(reason)),
            Err(Left::Refused(reason)) => reading.refused.push(told(reason)),
        }
    }
    without_contradictions(&mut reading, names);
    reading
}

/// The file has some models by two names. Where the prices are the same one is enough, else neither is taken.
fn without_contradictions(reading: &mut Reading, names: Vec<String>) {
    let mut by_place: BTreeMap<_, Vec<(Entry, String)>> = BTreeMap::new();
    for (entry, name) in std::mem::take(&mut reading.entries).into_iter().zip(names) {
        let place = (entry.rate.provider.clone(), entry.rate.model.clone(), entry.rate.call_type);
        by_place.entry(place).or_default().push((entry, name));
    }
    for (_, mut found) in by_place {
        let first = &found[0].0.rate;
        if found.iter().all(|(entry, _)| entry.rate.prices == first.prices && entry.rate.tiers == first.tiers)
        {
            reading.entries.push(found.swap_remove(0).0);
        } else {
            reading.skipped.extend(found.into_iter().map(|(entry, name)| Told {
                line: entry.line,
                name,
                reason: format!(
                    "the file has other prices for {}/{} elsewhere",
                    entry.rate.provider, entry.rate.model
                ),
            }));
        }
    }
}

/// Why an entry gives no rate.
enum Left {
    Skipped(String),
    Refused(String),
}

fn entry(
    name: &str,
    theirs: &str,
    provider: String,
    node: &Node,
    not_taken: &mut BTreeMap<String, usize>,
) -> Result<Entry, Left> {
    let skipped = |reason: &str| Left::Skipped(reason.to_owned());
    let mode = node.get("mode").and_then(Node::text).ok_or_else(|| skipped("no `mode`"))?;
    let call_type = call_type(mode).ok_or_else(|| skipped(&format!("mode `{mode}`")))?;
    if node.get("tiered_pricing").is_some() {
        return Err(skipped("its prices go by ranges of tokens"));
    }
    if name.split('/').any(is_size) {
        return Err(skipped("the price of one size of image"));
    }
    // `gemini/gemini-2.5-pro` is gemini's `gemini-2.5-pro`, but `openai/gpt-oss-20b` of groq stays whole.
    let own = name.split_once('/').filter(|(prefix, _)| *prefix == theirs || hub_name(prefix) == provider);
    let model = own.map_or(name, |(_, model)| model);
    let target = priced::target(&format!("{provider}/{model}")).map_err(|_| skipped("no name of a model"))?;

    let mut base = Draft::default();
    token_prices(node, "", &mut base)?;
    media_prices(node, call_type, &mut base)?;
    let shown = format!("{}/{}", target.provider, target.model);
    let (mut tiers, mut rounded) = (Vec::new(), Vec::new());
    let Value::Table(members) = &node.value else { return Err(Left::Refused("no object".to_owned())) };
    let thousands: BTreeSet<u64> = members.iter().filter_map(|(field, _)| tier_of(field)).collect();
    for thousands in thousands {
        let mut tier = Draft::over(without_repeats(&base.prices));
        token_prices(node, &above(thousands), &mut tier)?;
        // "Above": from the next token on.
        let from_input_tokens = thousands.saturating_mul(1000).saturating_add(1);
        tiers.push(ContextTier { from_input_tokens, prices: tier.prices });
        rounded.extend(tier.rounded(&shown));
    }
    for (field, value) in members.iter().filter(|(field, _)| field.contains("cost")) {
        let is_taken = tier_of(field).is_some() || is_base(field, call_type, &base.prices);
        if !is_taken && value.value != Value::Other {
            *not_taken.entry(field.clone()).or_default() += 1;
        }
    }
    // So it stands there for models whose price nobody has looked up, too.
    if base.prices.iter().all(|(_, price)| price.is_zero()) {
        return Err(skipped("all prices are 0; set that with `rates set` if it is meant"));
    }
    priced::check(&base.prices, &mut tiers, call_type).map_err(|lacking| skipped(&lacking.to_string()))?;
    let rate =
        NewRate { provider: target.provider, model: target.model, call_type, prices: base.prices, tiers };
    rounded.extend(base.rounded(&shown));
    Ok(Entry { line: node.line, rate, rounded })
}

/// What costs the same as that which stands in for it anyway follows it into a tier.
fn without_repeats(prices: &Prices) -> Prices {
    let has_own =
        |(meter, price): &(Meter, _)| meter.fallback().and_then(|of| prices.own(of)) != Some(*price);
    prices.iter().filter(has_own).fold(Prices::default(), |all, (meter, price)| all.with(meter, price))
}

fn read_one(draft: &mut Draft, meter: Meter, text: &str, field: &str) -> Result<(), Left> {
    draft.read(meter, text, Per::One).map_err(|error| Left::Refused(format!("{field}: {error}")))
}

/// The prices of the fields whose names end so.
fn token_prices(node: &Node, ending: &str, draft: &mut Draft) -> Result<(), Left> {
    for (field, meters) in FIELDS {
        let field = format!("{field}{ending}");
        if let Some(text) = price_text(node, &field)? {
            for meter in *meters {
                read_one(draft, *meter, text, &field)?;
            }
        }
    }
    Ok(())
}

fn media_prices(node: &Node, call_type: CallType, draft: &mut Draft) -> Result<(), Left> {
    for (_, field, meter) in MEDIA_FIELDS.iter().filter(|(of, ..)| *of == call_type) {
        if let Some(text) = price_text(node, field)? {
            let mut found = Draft::default();
            read_one(&mut found, *meter, text, field)?;
            if found.prices.own(*meter) > draft.prices.own(*meter) {
                read_one(draft, *meter, text, field)?;
            }
        }
    }
    if let Some(text) = search_price(node) {
        read_one(draft, Meter::Search, text, SEARCH)?;
    }
    Ok(())
}

fn call_type(mode: &str) -> Option<CallType> {
    match mode {
        "chat" | "completion" | "responses" => Some(CallType::ChatCompletion),
        "embedding" => Some(CallType::Embedding),
        "image_generation" => Some(CallType::ImageGeneration),
        "audio_transcription" | "audio_speech" => Some(CallType::AudioGeneration),
        "video_generation" => Some(CallType::Video),
        _ => None,
    }
}

/// `1024-x-1024`
fn is_size(segment: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    segment.split_once("-x-").is_some_and(|(width, height)| is_number(width) && is_number(height))
}

/// A price as it is written; none where it is null.
fn price_text<'a>(node: &'a Node, field: &str) -> Result<Option<&'a str>, Left> {
    match node.get(field) {
        None => Ok(None),
        Some(node) if node.value == Value::Other => Ok(None),
        Some(node) => match node.scalar() {
            Some(text) => Ok(Some(text)),
            None => Err(Left::Refused(format!("`{field}` is no price"))),
        },
    }
}

/// The price of a search, where it doesn't depend on how much is found.
fn search_price(node: &Node) -> Option<&str> {
    let Value::Table(sizes) = &node.get(SEARCH)?.value else { return None };
    let prices: Vec<_> = sizes.iter().filter_map(|(_, price)| price.scalar()).collect();
    let is_one = prices.windows(2).all(|pair| pair[0] == pair[1]);
    prices.first().copied().filter(|_| is_one)
}

fn above(thousands: u64) -> String {
    format!("_above_{thousands}k_tokens")
}

/// From how many thousand tokens on a field such as `input_cost_per_token_above_200k_tokens` counts.
fn tier_of(field: &str) -> Option<u64> {
    let (field, thousands) = field.strip_suffix("k_tokens")?.rsplit_once("_above_")?;
    let thousands = thousands.parse().ok()?;
    FIELDS.iter().any(|(name, _)| *name == field).then_some(thousands)
}

fn is_base(field: &str, call_type: CallType, prices: &Prices) -> bool {
    FIELDS.iter().any(|(name, _)| *name == field)
        || MEDIA_FIELDS.iter().any(|(of, name, _)| *of == call_type && *name == field)
        || (field == SEARCH && prices.own(Meter::Search).is_some())
}
