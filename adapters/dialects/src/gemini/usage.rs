//! Usage: from Google's counts, where thoughts stand beside the answer and cached input inside the prompt, to
//! buckets that do not overlap.

use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::Receipt;
use serde::Deserialize;

use crate::wire::loose::{Count, Short};
use crate::wire::receipt::annotated;

/// `usageMetadata`; in a stream cumulative, so the last one counts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reported<'a> {
    prompt_token_count: Count,
    cached_content_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
    tool_use_prompt_token_count: Count,
    total_token_count: Count,
    #[serde(borrow)]
    prompt_tokens_details: Option<Vec<Detail<'a>>>,
    #[serde(borrow)]
    cache_tokens_details: Option<Vec<Detail<'a>>>,
    #[serde(borrow)]
    candidates_tokens_details: Option<Vec<Detail<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(borrow)]
    modality: Short<'a>,
    token_count: Count,
}

fn of(details: Option<&Vec<Detail<'_>>>, modality: &str) -> u64 {
    let all = details.into_iter().flatten();
    let of_it = all.filter(|detail| detail.modality.0.as_deref() == Some(modality));
    of_it.filter_map(|detail| detail.token_count.known()).fold(0, u64::saturating_add)
}

/// `None` when it says nothing usable: the hub counts itself then.
pub(super) fn normalise(usage: &str) -> Option<Usage> {
    let reported: Reported<'_> = serde_json::from_str(usage).ok()?;
    let counts = [
        reported.prompt_token_count,
        reported.cached_content_token_count,
        reported.candidates_token_count,
        reported.thoughts_token_count,
        reported.tool_use_prompt_token_count,
        reported.total_token_count,
    ];
    let mut inconsistent = counts.contains(&Count::Bad);
    let known = |count: Count| count.known().unwrap_or(0);
    let prompt = reported.prompt_token_count.known()?;
    let (thoughts, tool) =
        (known(reported.thoughts_token_count), known(reported.tool_use_prompt_token_count));
    let beside = prompt.saturating_add(thoughts).saturating_add(tool);
    let total = reported.total_token_count.known();
    let answer = match reported.candidates_token_count.known() {
        Some(answer) => answer,
        // A blocked prompt has no answer; else only the total tells.
        None => total.map_or(0, |total| total.saturating_sub(beside)),
    };
    inconsistent |= total.is_some_and(|total| total != beside.saturating_add(answer));

    let cached = known(reported.cached_content_token_count);
    inconsistent |= cached > prompt;
    let cached = cached.min(prompt);
    let (details, cache) = (reported.prompt_tokens_details.as_ref(), reported.cache_tokens_details.as_ref());
    let mut left = prompt - cached;
    let mut fresh = |modality| {
        let count = of(details, modality).saturating_sub(of(cache, modality)).min(left);
        left -= count;
        count
    };
    let (audio, image) = (fresh("AUDIO"), fresh("IMAGE"));
    let mut said = answer;
    let mut part = |modality| {
        let count = of(reported.candidates_tokens_details.as_ref(), modality).min(said);
        said -= count;
        count
    };
    let (audio_out, image_out) = (part("AUDIO"), part("IMAGE"));
    let quantities = Quantities::default()
        .with(Meter::Input, left.saturating_add(tool))
        .with(Meter::InputCached, cached)
        .with(Meter::InputAudio, audio)
        .with(Meter::InputImage, image)
        .with(Meter::Output, said)
        .with(Meter::OutputReasoning, thoughts)
        .with(Meter::OutputAudio, audio_out)
        .with(Meter::OutputImage, image_out);
    Some(Usage { quantities, estimated: false, partial: false, inconsistent })
}

/// The usage object of a settled call. The provider's own object is kept, with what we do not know in it,
/// where it is what was charged.
pub(super) fn settled(own: Option<&str>, receipt: &Receipt) -> String {
    let is_charged = |own: &&str| normalise(own) == Some(receipt.usage);
    annotated(own.filter(is_charged), || shown(&receipt.usage), receipt)
}

/// Buckets as Google shows them.
fn shown(usage: &Usage) -> String {
    let quantities = &usage.quantities;
    let (input, output) = (quantities.input_tokens(), quantities.output_tokens());
    let thoughts = quantities.get(Meter::OutputReasoning);
    format!(
        "{{\"promptTokenCount\":{input},\"cachedContentTokenCount\":{},\"candidatesTokenCount\":{},\
         \"thoughtsTokenCount\":{thoughts},\"totalTokenCount\":{}}}",
        quantities.get(Meter::InputCached),
        output.saturating_sub(thoughts),
        quantities.total_tokens(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(usage: &str) -> (Vec<(&'static str, u64)>, bool) {
        let usage = normalise(usage).unwrap();
        let all = usage.quantities.iter().filter(|(_, count)| *count > 0);
        (all.map(|(meter, count)| (meter.name(), count)).collect(), usage.inconsistent)
    }

    #[test]
    fn thoughts_stand_beside_the_answer_and_cached_input_inside_the_prompt() {
        let usage = r#"{"promptTokenCount":1200,"cachedContentTokenCount":1000,"toolUsePromptTokenCount":50,
            "candidatesTokenCount":80,"thoughtsTokenCount":400,"totalTokenCount":1730}"#;
        let (mut buckets, inconsistent) = buckets(usage);
        buckets.sort_unstable();
        assert_eq!(
            buckets,
            [("input", 250), ("input_cached", 1000), ("output", 80), ("output_reasoning", 400)]
        );
        assert!(!inconsistent);
    }

    #[test]
    fn a_blocked_prompt_has_no_answer() {
        let (buckets, inconsistent) = buckets(r#"{"promptTokenCount":30,"totalTokenCount":30}"#);
        assert_eq!((buckets, inconsistent), (vec![("input", 30)], false));
    }

    #[test]
    fn a_missing_answer_is_told_by_the_total() {
        let (buckets, _) = buckets(r#"{"promptTokenCount":10,"thoughtsTokenCount":5,"totalTokenCount":22}"#);
        assert!(buckets.contains(&("output", 7)), "{buckets:?}");
    }

    #[test]
    fn audio_is_taken_out_of_the_prompt_once() {
        let usage = r#"{"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":9,"totalTokenCount":109,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":50},{"modality":"AUDIO","tokenCount":50}],
            "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":20}],
            "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":4}]}"#;
        let (buckets, inconsistent) = buckets(usage);
        for bucket in
            [("input", 30), ("input_cached", 40), ("input_audio", 30), ("output", 5), ("output_image", 4)]
        {
            assert!(buckets.contains(&bucket), "{bucket:?} in {buckets:?}");
        }
        assert!(!inconsistent);
    }

    #[test]
    fn counts_that_do_not_fit_are_told() {
        for odd in [
            r#"{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":9}"#,
            r#"{"promptTokenCount":1,"cachedContentTokenCount":2,"totalTokenCount":1}"#,
            r#"{"promptTokenCount":1,"candidatesTokenCount":-1}"#,
        ] {
            assert!(buckets(odd).1, "{odd}");
        }
        assert_eq!(normalise(r#"{"totalTokenCount":5}"#), None);
        assert_eq!(normalise("7"), None);
    }
}
