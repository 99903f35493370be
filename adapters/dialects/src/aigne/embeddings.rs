//! The framework's form of an embeddings request, `{"input": {"input": …}}`, and its answer.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Canonical, EmbeddingVector, Event};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::{decode_embeddings as decode_flat, embedding_list};
use crate::wire::json_object::JsonObject;
use crate::wire::objects::only_objects;
use crate::wire::{fault, request_text};

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
struct Body<'a> {
    model: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
struct Input<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    model: Option<String>,
    #[serde(borrow)]
    dimensions: Option<&'a RawValue>,
    #[serde(borrow)]
    model_options: Option<Options<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
struct Options<'a> {
    model: Option<String>,
    #[serde(borrow)]
    dimensions: Option<&'a RawValue>,
}

only_objects! { Body<'a>, Input<'a>, Options<'a> }

/// Whether a body is in the framework's form rather than in OpenAI's.
pub fn is_nested(body: &[u8]) -> bool {
    let body = serde_json::from_slice::<Body<'_>>(body);
    body.is_ok_and(|body| body.input.is_some_and(|input| input.get().starts_with('{')))
}

/// Decodes a request by way of OpenAI's body, whose rules it shares.
pub fn decode_embeddings(body: &Bytes) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let body: Body<'_> = request_text::read(text)?;
    let input = body.input.ok_or_else(|| fault::missing("input"))?;
    let input: Input<'_> = fault::inside(input.get(), "input")?;
    let options = input.model_options.unwrap_or_default();
    let texts = input.input.ok_or_else(|| fault::missing("input.input"))?;
    let mut flat = JsonObject::default();
    flat.raw("input", texts.get());
    if let Some(model) = body.model.or(input.model).or(options.model) {
        flat.value("model", model);
    }
    if let Some(dimensions) = input.dimensions.or(options.dimensions) {
        flat.raw("dimensions", dimensions.get());
    }
    decode_flat(&Bytes::from(flat.written())).map_err(nested)
}

/// What OpenAI's form has at the top, this one has in `input`.
fn nested(error: CallError) -> CallError {
    match error {
        CallError::InvalidRequest { message, param: Some(param), code } if param != "model" => {
            let inner = format!("input.{param}");
            let message = message.replace(&format!("'{param}'"), &format!("'{inner}'"));
            CallError::InvalidRequest { message, param: Some(inner), code }
        }
        error => error,
    }
}

/// Writes the vectors in the order of what was asked.
pub(super) fn vectors(events: &[Event], out: &mut BytesMut) {
    let mut vectors: Vec<(u32, &EmbeddingVector)> = Vec::with_capacity(events.len());
    for event in events {
        if let Event::Embedding { index, vector } = event {
            vectors.push((*index, vector));
        }
    }
    vectors.sort_by_key(|(index, _)| *index);
    out.put_u8(b'[');
    for (position, (_, vector)) in vectors.into_iter().enumerate() {
        if position > 0 {
            out.put_u8(b',');
        }
        match vector {
            EmbeddingVector::Json(numbers) => out.put_slice(numbers.as_bytes()),
            EmbeddingVector::Base64(digits) => {
                out.put_slice(embedding_list::numbers(digits).as_deref().unwrap_or("[]").as_bytes());
            }
        }
    }
    out.put_u8(b']');
}
