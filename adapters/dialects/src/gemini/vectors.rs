//! Vectors, as Gemini is asked for them and answers them.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{EmbeddingInput, EmbeddingVector, EmbeddingsRequest, Event, Frame};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::encoded::unsupported;
use crate::wire::upstream_error::{bad_answer, inside_answer};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Option<Vec<Vector<'a>>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Vector<'a> {
    #[serde(borrow)]
    values: &'a RawValue,
}

/// The body of `batchEmbedContents`.
pub(super) fn encode(request: &EmbeddingsRequest, model: &str) -> Result<Bytes, ProviderError> {
    let mut requests = Vec::with_capacity(request.inputs.len());
    for input in &request.inputs {
        let EmbeddingInput::Text(text) = input else {
            return Err(unsupported("input", "This provider takes texts, not tokens of another one's."));
        };
        let mut one =
            json!({ "model": format!("models/{model}"), "content": { "parts": [{ "text": text }] } });
        if let Some(dimensions) = request.dimensions {
            one["outputDimensionality"] = json!(dimensions);
        }
        requests.push(one);
    }
    Ok(Bytes::from(json!({ "requests": requests }).to_string()))
}

/// Decodes the vectors of an answer. Google reports no usage for them: the hub counts itself.
pub fn decode_vectors(body: &Bytes) -> Result<Frame, ProviderError> {
    let unreadable = || bad_answer("the provider's answer can't be understood");
    let text = std::str::from_utf8(body).map_err(|_| bad_answer("the provider's answer is not UTF-8"))?;
    let answer: Answer<'_> = serde_json::from_str(text).map_err(|_| unreadable())?;
    if let Some(error) = answer.error {
        return Err(inside_answer(error.get()));
    }
    let vectors = answer.embeddings.ok_or_else(unreadable)?;
    let mut events: SmallVec<[Event; 2]> = SmallVec::new();
    events.push(Event::Start { id: String::new(), model: String::new(), created: None });
    for (index, Vector { values }) in (0..).zip(vectors) {
        if !values.get().starts_with('[') {
            return Err(unreadable());
        }
        events.push(Event::Embedding { index, vector: EmbeddingVector::Json(values.get().into()) });
    }
    events.push(Event::End);
    Ok(Frame { raw: None, events })
}
