//! Usage: from the counts of a response, where details are parts of their totals, to buckets that do not overlap,
//! and back.

use hub_domain::meter::Meter;
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{CallType, Receipt};
use serde::Deserialize;

use crate::openai::usage::{InputDetails, OutputDetails, Reported, buckets};
use crate::wire::loose::Count;
use crate::wire::receipt::annotated;

/// OpenAI's other dialect says the same in other words.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    input_tokens: Count,
    input_tokens_details: Option<InputDetails>,
    output_tokens: Count,
    output_tokens_details: Option<OutputDetails>,
    total_tokens: Count,
}

/// Reads a usage object. `None` when it says nothing usable: the hub counts itself then.
pub(super) fn normalise(usage: &str) -> Option<Usage> {
    let wire: Wire = serde_json::from_str(usage).ok()?;
    let reported = Reported {
        prompt_tokens: wire.input_tokens,
        completion_tokens: wire.output_tokens,
        total_tokens: wire.total_tokens,
        prompt_tokens_details: wire.input_tokens_details,
        completion_tokens_details: wire.output_tokens_details,
        ..Reported::default()
    };
    buckets(reported, CallType::ChatCompletion)
}

/// The usage object of a settled call: totals with their parts beside. The provider's own object is kept, with what
/// we do not know in it, where it is what was charged.
pub(super) fn settled(own: Option<&str>, receipt: &Receipt) -> String {
    let quantities = &receipt.usage.quantities;
    let written = [Meter::CacheWrite, Meter::CacheWrite5m, Meter::CacheWrite1h]
        .into_iter()
        .map(|meter| quantities.get(meter))
        .fold(0, u64::saturating_add);
    let made = || {
        format!(
            "{{\"input_tokens\":{},\"input_tokens_details\":{{\"cached_tokens\":{},\"cache_write_tokens\":{written}}},\
             \"output_tokens\":{},\"output_tokens_details\":{{\"reasoning_tokens\":{}}},\"total_tokens\":{}}}",
            quantities.input_tokens(),
            quantities.get(Meter::InputCached),
            quantities.output_tokens(),
            quantities.get(Meter::OutputReasoning),
            quantities.total_tokens(),
        )
    };
    let own = own.filter(|own| normalise(own) == Some(receipt.usage));
    annotated(own, made, receipt)
}
