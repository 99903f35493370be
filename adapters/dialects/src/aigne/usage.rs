//! The usage object of `/api/v2/chat`.

use hub_domain::meter::Meter;
use hub_domain::vocabulary::Receipt;

use crate::wire::receipt::annotated;

/// Cached input stands beside the rest, as it does in the original's own records.
pub(crate) fn settled(receipt: &Receipt) -> String {
    let quantities = &receipt.usage.quantities;
    let read = quantities.get(Meter::InputCached);
    let written = [Meter::CacheWrite, Meter::CacheWrite5m, Meter::CacheWrite1h]
        .into_iter()
        .map(|meter| quantities.get(meter))
        .fold(0, u64::saturating_add);
    let input = quantities.input_tokens().saturating_sub(read).saturating_sub(written);
    let made = || {
        let mut shown = format!("{{\"inputTokens\":{input},\"outputTokens\":{}", quantities.output_tokens());
        for (name, count) in [("cacheCreationInputTokens", written), ("cacheReadInputTokens", read)] {
            if count > 0 {
                shown.push_str(&format!(",\"{name}\":{count}"));
            }
        }
        shown.push('}');
        shown
    };
    annotated(None, made, receipt)
}
