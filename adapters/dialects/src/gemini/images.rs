//! Images of models that make them in conversations, for clients that ask for nothing else.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::meter::Meter;
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{Event, Frame, ImagesRequest};
use serde_json::json;

use super::response_reader::decode_whole;
use crate::encoded::{Encoded, unreadable, unsupported};
use crate::wire::upstream_error::{bad_answer, inside_answer};

/// Sizes as OpenAI has them, and the shapes that they are.
const SHAPES: &[(&str, &str)] = &[
    ("256x256", "1:1"),
    ("512x512", "1:1"),
    ("1024x1024", "1:1"),
    ("1536x1024", "3:2"),
    ("1024x1536", "2:3"),
    ("1792x1024", "16:9"),
    ("1024x1792", "9:16"),
];

/// A conversation of one prompt that is to be answered with an image.
pub(super) fn encode(images: &ImagesRequest) -> Result<Encoded, ProviderError> {
    if images.edit.is_some() {
        return Err(unsupported("images", "This provider edits images in conversations only."));
    }
    if images.images > 1 {
        return Err(unsupported("n", "This provider makes one image at a time."));
    }
    let mut config = json!({ "responseModalities": ["TEXT", "IMAGE"] });
    let mut dropped = Vec::new();
    match images.size.as_deref() {
        None | Some("auto") => {}
        Some(size) => match SHAPES.iter().find(|(known, _)| *known == size) {
            Some((_, shape)) => config["imageConfig"] = json!({ "aspectRatio": shape }),
            None => dropped.push("size".to_owned()),
        },
    }
    for (name, is_there) in [
        ("quality", images.quality.is_some()),
        ("user", images.user.is_some()),
        ("partial_images", images.partial_images > 0),
    ] {
        if is_there {
            dropped.push(name.to_owned());
        }
    }
    let contents = json!([{ "role": "user", "parts": [{ "text": images.prompt }] }]);
    let body = serde_json::to_vec(&json!({ "contents": contents, "generationConfig": config }));
    Ok(Encoded { body: Bytes::from(body.map_err(|_| unreadable())?), dropped })
}

/// Reads an answer that is to be images. What was delivered is counted beside the tokens.
pub fn decode_images(body: Bytes) -> Result<Frame, ProviderError> {
    let mut frame = decode_whole(body.clone())?;
    let images = frame.events.iter().filter(|event| matches!(event, Event::Image { .. })).count();
    if images == 0 {
        // A prompt that was blocked says so; a text in place of an image is no error of its own.
        let text = String::from_utf8_lossy(&body);
        let is_blocked = text.contains("blockReason") || text.contains("IMAGE_SAFETY");
        let error = bad_answer("the provider's answer has no images");
        return Err(if is_blocked { inside_answer(&text) } else { error });
    }
    let images = u64::try_from(images).unwrap_or(u64::MAX);
    let reported = frame.events.iter_mut().find_map(|event| match event {
        Event::Usage(usage) => Some(usage),
        _ => None,
    });
    match reported {
        Some(usage) => usage.quantities.set(Meter::Image, images),
        None => {
            let mut usage = Usage::default();
            usage.quantities.set(Meter::Image, images);
            let end = frame.events.len().saturating_sub(1);
            frame.events.insert(end, Event::Usage(usage));
        }
    }
    Ok(frame)
}
