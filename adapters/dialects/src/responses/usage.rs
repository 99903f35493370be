//! The usage object of a response.

use hub_domain::meter::Meter;
use hub_domain::vocabulary::Receipt;

use crate::wire::receipt::annotated;

/// Totals with their parts beside, as in OpenAI's other dialect under other names.
pub(super) fn settled(receipt: &Receipt) -> String {
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
    annotated(None, made, receipt)
}
