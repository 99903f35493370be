//! A request for images into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Canonical, ImagesRequest};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode_chat;
use crate::wire::objects::only_objects;
use crate::wire::{fault, number, request_text};

/// As OpenAI has it.
const MAX_IMAGES: u64 = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
struct ImagesBody<'a> {
    model: Option<String>,
    prompt: Option<String>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    size: Option<String>,
    quality: Option<String>,
    stream: Option<bool>,
    user: Option<String>,
}

only_objects!(ImagesBody<'a>);

/// Decodes a request for images. What it does not know it accepts.
pub fn decode_images(body: &Bytes) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::outline::<ImagesBody<'_>>(text)?;
    let text = request_text::unique::<ImagesBody<'_>>(text, outline)?;
    let body: ImagesBody<'_> = request_text::read(&text)?;
    if body.stream == Some(true) {
        return Err(fault::invalid_value("stream", "true", "'false': images come whole"));
    }
    let prompt = body.prompt.ok_or_else(|| fault::missing("prompt"))?;
    if prompt.is_empty() {
        return Err(fault::empty("prompt", "string"));
    }
    let images = body.n.map(|raw| number::whole(raw, "n", 1, MAX_IMAGES)).transpose()?;
    Ok(Canonical::Images(ImagesRequest {
        model: decode_chat::model(body.model)?,
        prompt,
        images: images.and_then(|images| u32::try_from(images).ok()).unwrap_or(1),
        size: body.size,
        quality: body.quality,
        user: body.user,
    }))
}
