//! `embedContent` and `batchEmbedContents` into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Canonical, EmbeddingInput, EmbeddingsRequest};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::request_body::{WireContent, WirePart};
use crate::wire::objects::only_objects;
use crate::wire::{fault, number, request_text};

const MAX_INPUTS: usize = 2_048;
const MAX_DIMENSIONS: u64 = 65_536;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
struct EmbedBody<'a> {
    #[serde(borrow)]
    content: Option<WireContent<'a>>,
    #[serde(alias = "output_dimensionality", borrow)]
    output_dimensionality: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
struct BatchBody<'a> {
    #[serde(borrow)]
    requests: Option<Vec<EmbedBody<'a>>>,
}

only_objects!(EmbedBody<'a>, BatchBody<'a>);

/// Decodes one request, or a batch of them; the model stands in the address.
pub fn decode_embed(body: &Bytes, model: &str, batch: bool) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    request_text::outline::<BatchBody<'_>>(text)?;
    let mut request = EmbeddingsRequest { model: model.to_owned(), ..EmbeddingsRequest::default() };
    if batch {
        let body: BatchBody<'_> = request_text::read(text)?;
        let requests = body.requests.ok_or_else(|| fault::missing("requests"))?;
        if requests.is_empty() {
            return Err(fault::empty("requests", "array"));
        }
        if requests.len() > MAX_INPUTS {
            return Err(fault::too_long("requests", "requests", MAX_INPUTS, requests.len()));
        }
        for (index, one) in requests.into_iter().enumerate() {
            add(one, &format!("requests[{index}]."), &mut request)?;
        }
    } else {
        let body: EmbedBody<'_> = request_text::read(text)?;
        add(body, "", &mut request)?;
    }
    Ok(Canonical::Embeddings(request))
}

fn add(body: EmbedBody<'_>, path: &str, request: &mut EmbeddingsRequest) -> Result<(), CallError> {
    let field = |name: &str| format!("{path}{name}");
    let content = body.content.ok_or_else(|| fault::missing(field("content")))?;
    let parts = content.parts.ok_or_else(|| fault::missing(field("content.parts")))?;
    let mut whole = String::new();
    for (index, raw) in parts.into_iter().enumerate() {
        let path = field(&format!("content.parts[{index}]"));
        let part: WirePart<'_> = fault::inside(raw.get(), &path)?;
        whole.push_str(&part.text.ok_or_else(|| fault::missing(format!("{path}.text")))?);
    }
    if whole.is_empty() {
        return Err(fault::empty(field("content.parts"), "array"));
    }
    let dimensions = body
        .output_dimensionality
        .map(|raw| number::whole(raw, &field("outputDimensionality"), 1, MAX_DIMENSIONS))
        .transpose()?
        .and_then(|dimensions| u32::try_from(dimensions).ok());
    if !request.inputs.is_empty() && request.dimensions != dimensions {
        let message = "All requests of a batch must ask for the same 'outputDimensionality'.";
        return Err(fault::broken_rule(field("outputDimensionality"), message, "invalid_value"));
    }
    request.dimensions = dimensions;
    request.inputs.push(EmbeddingInput::Text(whole));
    Ok(())
}
