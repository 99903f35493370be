//! Requests for images, new ones and such that are made out of others, into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Canonical, ImageEdit, ImagesRequest, UploadForm};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode_chat;
use crate::wire::objects::only_objects;
use crate::wire::{fault, number, request_text};

/// As OpenAI has them.
const MAX_IMAGES: u64 = 10;
const MAX_SKETCHES: u64 = 3;
const MAX_INPUTS: usize = 16;

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
    #[serde(borrow)]
    partial_images: Option<&'a RawValue>,
    user: Option<String>,
    #[serde(borrow)]
    images: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    mask: Option<&'a RawValue>,
}

only_objects!(ImagesBody<'a>);

/// Decodes a request for images. What it does not know it accepts.
pub fn decode_images(body: &Bytes) -> Result<Canonical, CallError> {
    with_body(body, |body| Ok(Canonical::Images(images(body)?)))
}

/// Decodes a request for images out of others, which are named in it by address or id.
pub fn decode_image_edit(body: &Bytes) -> Result<Canonical, CallError> {
    with_body(body, |mut body| {
        let inputs = body.images.take().ok_or_else(|| fault::missing("images"))?;
        if inputs.is_empty() {
            return Err(fault::empty("images", "array"));
        }
        let inputs = inputs.len() + usize::from(body.mask.take().is_some());
        let edit = Some(ImageEdit { inputs: count(inputs, "images")?, form: None });
        Ok(Canonical::Images(ImagesRequest { edit, ..images(body)? }))
    })
}

/// Decodes a form whose files are the images that others are made out of.
pub fn decode_image_form(form: UploadForm, files: usize) -> Result<Canonical, CallError> {
    for (place, (name, _)) in form.fields.iter().enumerate() {
        if !name.ends_with("[]") && form.fields[..place].iter().any(|(earlier, _)| earlier == name) {
            let message = "The form has one of its fields more than once.";
            let name = name.chars().take(64).collect::<String>();
            return Err(CallError::invalid(message, name, "duplicate_field"));
        }
    }
    let field = |name: &str| form.fields.iter().find(|(given, _)| given == name).map(|(_, value)| value);
    // Numbers and booleans are read by the rules of JSON, which they look like.
    let raw = |name: &str| {
        field(name)
            .map(|value| serde_json::from_str::<&RawValue>(value))
            .transpose()
            .map_err(|_| fault::invalid_type(name, "an integer", "something else"))
    };
    if files == 0 {
        return Err(fault::missing("image"));
    }
    let stream = match field("stream").map(String::as_str) {
        None | Some("false" | "False" | "0" | "") => false,
        Some("true" | "True" | "1") => true,
        Some(other) => return Err(fault::invalid_value("stream", other, "'true' or 'false'")),
    };
    let body = ImagesBody {
        model: field("model").cloned(),
        prompt: field("prompt").cloned(),
        n: raw("n")?,
        size: field("size").cloned(),
        quality: field("quality").cloned(),
        stream: Some(stream),
        partial_images: raw("partial_images")?,
        user: field("user").cloned(),
        ..ImagesBody::default()
    };
    let request = images(body)?;
    let edit = Some(ImageEdit { inputs: count(files, "image")?, form: Some(form.clone()) });
    Ok(Canonical::Images(ImagesRequest { edit, ..request }))
}

fn count(inputs: usize, param: &str) -> Result<u32, CallError> {
    // A mask beside as many as may be.
    if inputs > MAX_INPUTS + 1 {
        return Err(fault::too_long(param, "images", MAX_INPUTS, inputs));
    }
    Ok(u32::try_from(inputs).unwrap_or(u32::MAX))
}

fn with_body(
    body: &Bytes,
    read: impl FnOnce(ImagesBody<'_>) -> Result<Canonical, CallError>,
) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::outline::<ImagesBody<'_>>(text)?;
    let text = request_text::unique::<ImagesBody<'_>>(text, outline)?;
    read(request_text::read(&text)?)
}

fn images(body: ImagesBody<'_>) -> Result<ImagesRequest, CallError> {
    let prompt = body.prompt.ok_or_else(|| fault::missing("prompt"))?;
    if prompt.is_empty() {
        return Err(fault::empty("prompt", "string"));
    }
    let whole = |raw: Option<&RawValue>, name: &str, least, most| {
        let number = raw.filter(|raw| raw.get() != "null");
        let number = number.map(|raw| number::whole(raw, name, least, most)).transpose()?;
        Ok::<_, CallError>(number.and_then(|number| u32::try_from(number).ok()))
    };
    Ok(ImagesRequest {
        model: decode_chat::model(body.model)?,
        prompt,
        images: whole(body.n, "n", 1, MAX_IMAGES)?.unwrap_or(1),
        size: body.size,
        quality: body.quality,
        user: body.user,
        stream: body.stream.unwrap_or(false),
        partial_images: whole(body.partial_images, "partial_images", 0, MAX_SKETCHES)?.unwrap_or(0),
        edit: None,
    })
}
