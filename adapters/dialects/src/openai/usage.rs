//! Usage: from OpenAI's nested counts, where details are parts of their totals, to buckets that do not
//! overlap, and back.

use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{CallType, Receipt};
use serde::Deserialize;

use super::image_usage;
use crate::wire::loose::Count;
use crate::wire::receipt::annotated;

/// Usage as OpenAI and those who copy it report it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reported {
    pub(crate) prompt_tokens: Count,
    pub(crate) completion_tokens: Count,
    pub(crate) total_tokens: Count,
    pub(crate) prompt_tokens_details: Option<InputDetails>,
    pub(crate) completion_tokens_details: Option<OutputDetails>,
    /// DeepSeek's word for cached tokens.
    pub(crate) prompt_cache_hit_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InputDetails {
    cached_tokens: Count,
    cache_write_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OutputDetails {
    reasoning_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
}

/// Takes parts out of a total, and notes when they do not fit into it or are no counts.
pub(super) struct Side {
    pub(super) left: u64,
    pub(super) inconsistent: bool,
}

impl Side {
    pub(super) fn take(&mut self, part: Count) -> u64 {
        let asked = match part {
            Count::Absent => return 0,
            Count::Bad => {
                self.inconsistent = true;
                return 0;
            }
            Count::Of(count) => count,
        };
        let taken = asked.min(self.left);
        self.inconsistent |= taken < asked;
        self.left -= taken;
        taken
    }
}

/// Reads a usage object. `None` when it says nothing usable: the hub counts itself then.
pub(super) fn normalise(usage: &str, call_type: CallType) -> Option<Usage> {
    buckets(serde_json::from_str(usage).ok()?, call_type)
}

/// The same for counts that were read already.
pub(crate) fn buckets(reported: Reported, call_type: CallType) -> Option<Usage> {
    let (prompt, completion, total) =
        (reported.prompt_tokens, reported.completion_tokens, reported.total_tokens);
    let mut inconsistent = [prompt, completion, total].contains(&Count::Bad);
    let total = total.known();
    // Only what is missing is made up, and only from what is there: a missing count is not zero.
    let (input, output) = match (prompt.known(), completion.known(), call_type) {
        (Some(input), Some(output), _) => (input, output),
        (Some(input), None, CallType::Embedding) => (input, 0),
        (Some(input), None, _) => (input, total?.checked_sub(input)?),
        (None, None, CallType::Embedding) => (total?, 0),
        (None, Some(output), _) => (total?.checked_sub(output)?, output),
        (None, None, _) => return None,
    };

    // No conversation has no tokens: who says so has not counted.
    if call_type == CallType::ChatCompletion && input == 0 && output == 0 {
        return None;
    }

    let details = reported.prompt_tokens_details.unwrap_or_default();
    let mut side = Side { left: input, inconsistent: false };
    let cached = match details.cached_tokens {
        Count::Absent => reported.prompt_cache_hit_tokens,
        cached => cached,
    };
    let mut quantities = Quantities::default()
        .with(Meter::InputCached, side.take(cached))
        .with(Meter::CacheWrite, side.take(details.cache_write_tokens))
        .with(Meter::InputAudio, side.take(details.audio_tokens))
        .with(Meter::InputImage, side.take(details.image_tokens));
    quantities.set(Meter::Input, side.left);
    inconsistent |= side.inconsistent;

    let details = reported.completion_tokens_details.unwrap_or_default();
    let reasoning = details.reasoning_tokens.known().unwrap_or(0);
    let sum = input.saturating_add(output);
    // xAI leaves reasoning out of the output; only the total tells.
    let reasoning_is_outside =
        reasoning > 0 && total.map_or(reasoning > output, |total| total == sum.saturating_add(reasoning));
    let whole = if reasoning_is_outside { output.saturating_add(reasoning) } else { output };
    inconsistent |= total.is_some_and(|total| total != sum && !reasoning_is_outside);
    let mut side = Side { left: whole, inconsistent: false };
    quantities.set(Meter::OutputReasoning, side.take(details.reasoning_tokens));
    quantities.set(Meter::OutputAudio, side.take(details.audio_tokens));
    quantities.set(Meter::OutputImage, side.take(details.image_tokens));
    quantities.set(Meter::Output, side.left);
    inconsistent |= side.inconsistent;

    Some(Usage { quantities, estimated: false, partial: false, inconsistent })
}

/// The usage object of a settled call.
///
/// The provider's own object is kept, with what we do not know in it, where it is what was charged.
pub(super) fn settled(own: Option<&str>, receipt: &Receipt, call_type: CallType) -> String {
    if call_type == CallType::ImageGeneration {
        return image_usage::settled(own, receipt);
    }
    let own = own.filter(|own| normalise(own, call_type) == Some(receipt.usage));
    annotated(own, || inclusive(&receipt.usage, call_type), receipt)
}

/// Buckets as OpenAI shows them: totals with their parts beside.
fn inclusive(usage: &Usage, call_type: CallType) -> String {
    let of = |meter| usage.quantities.get(meter);
    let (input, output) = (usage.quantities.input_tokens(), usage.quantities.output_tokens());
    let total = usage.quantities.total_tokens();
    if call_type == CallType::Embedding {
        return format!("{{\"prompt_tokens\":{input},\"total_tokens\":{total}}}");
    }
    let optional = |name, count: u64| match count {
        0 => String::new(),
        count => format!(",\"{name}\":{count}"),
    };
    let written = [Meter::CacheWrite5m, Meter::CacheWrite1h, Meter::CacheWrite].map(of);
    let written = written.into_iter().fold(0, u64::saturating_add);
    format!(
        "{{\"prompt_tokens\":{input},\"completion_tokens\":{output},\"total_tokens\":{total},\
         \"prompt_tokens_details\":{{\"cached_tokens\":{},\"audio_tokens\":{}{}{}}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":{},\"audio_tokens\":{}{}}}}}",
        of(Meter::InputCached),
        of(Meter::InputAudio),
        optional("cache_write_tokens", written),
        optional("image_tokens", of(Meter::InputImage)),
        of(Meter::OutputReasoning),
        of(Meter::OutputAudio),
        optional("image_tokens", of(Meter::OutputImage)),
    )
}

#[cfg(test)]
mod tests;
