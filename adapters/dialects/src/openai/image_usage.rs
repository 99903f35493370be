//! Usage of images: what was delivered, and the tokens that GPT image models report beside.

use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::Receipt;
use serde::Deserialize;

use super::usage::Side;
use crate::wire::loose::Count;
use crate::wire::receipt::annotated;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reported {
    input_tokens: Count,
    output_tokens: Count,
    total_tokens: Count,
    input_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    text_tokens: Count,
    image_tokens: Count,
    cached_tokens: Count,
}

/// So many images, and the tokens that were reported with them. Output is images but for what is called
/// text.
pub(super) fn of(reported: Option<&str>, images: u64) -> Usage {
    let counted = Quantities::default().with(Meter::Image, images);
    let Some(reported) = reported.and_then(|usage| serde_json::from_str::<Reported>(usage).ok()) else {
        return Usage { quantities: counted, ..Usage::default() };
    };
    let (input, output) = (reported.input_tokens, reported.output_tokens);
    let total = reported.total_tokens.known();
    let sum = input.known().unwrap_or(0).saturating_add(output.known().unwrap_or(0));
    let mut inconsistent = [input, output, reported.total_tokens].contains(&Count::Bad);
    inconsistent |= total.is_some_and(|total| total != sum);

    let details = reported.input_tokens_details.unwrap_or_default();
    let mut side = Side { left: input.known().unwrap_or(0), inconsistent: false };
    let mut quantities = counted
        .with(Meter::InputCached, side.take(details.cached_tokens))
        .with(Meter::InputImage, side.take(details.image_tokens));
    quantities.set(Meter::Input, side.left);
    inconsistent |= side.inconsistent;

    let details = reported.output_tokens_details.unwrap_or_default();
    let mut side = Side { left: output.known().unwrap_or(0), inconsistent: false };
    quantities.set(Meter::Output, side.take(details.text_tokens));
    quantities.set(Meter::OutputImage, side.left);
    inconsistent |= side.inconsistent;
    Usage { quantities, inconsistent, ..Usage::default() }
}

/// The usage object of settled images: the provider's own where it is what was charged.
pub(super) fn settled(own: Option<&str>, receipt: &Receipt) -> String {
    let images = receipt.usage.quantities.get(Meter::Image);
    let own = own.filter(|own| own.starts_with('{') && of(Some(own), images) == receipt.usage);
    annotated(own, || written(&receipt.usage.quantities), receipt)
}

fn written(quantities: &Quantities) -> String {
    let (input, output) = (quantities.input_tokens(), quantities.output_tokens());
    let images = quantities.get(Meter::InputImage);
    format!(
        "{{\"input_tokens\":{input},\"output_tokens\":{output},\"total_tokens\":{},\
         \"input_tokens_details\":{{\"text_tokens\":{},\"image_tokens\":{images}}}}}",
        quantities.total_tokens(),
        input.saturating_sub(images),
    )
}
