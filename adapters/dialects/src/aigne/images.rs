//! The framework's requests for images, `{"input": {"prompt": …}}`, and their answers.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Event, Frame, ImageData, Receipt};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::usage;
use crate::openai::image_stream::media_type;
use crate::wire::objects::only_objects;
use crate::wire::text::string;
use crate::wire::{fault, request_text};

/// The model of a request that names none, as the framework's clients have it.
const DEFAULT_MODEL: &str = "openai/gpt-image-1";
const PARTS: &str = "'url' or 'file'";

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
struct Body<'a> {
    model: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
struct Part {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
    /// Base64.
    data: Option<String>,
    mime_type: Option<String>,
}

only_objects! { Body<'a>, Part }

/// A request in OpenAI's words.
#[derive(Debug)]
pub struct FlatImages {
    pub body: Bytes,
    /// It has images that others are made out of.
    pub edit: bool,
}

/// Says a request in OpenAI's words, whose rules it shares. Options that nobody here knows go with it, in the spelling
/// that OpenAI has.
pub fn flat_images(body: &Bytes) -> Result<FlatImages, CallError> {
    let text = fault::utf8(body)?;
    request_text::outline::<Body<'_>>(text)?;
    let body: Body<'_> = request_text::read(text)?;
    let input = body.input.ok_or_else(|| fault::missing("input"))?;
    let mut input: Map<String, Value> = fault::inside(input.get(), "input")?;
    let options = input.remove("modelOptions");
    let options = match options {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(options)) => options,
        Some(_) => return Err(fault::invalid_type("input.modelOptions", "an object", "something else")),
    };
    let mut flat = Map::new();
    for (key, value) in options.into_iter().chain(input) {
        match key.as_str() {
            // Pictures come as the provider gives them, in whole answers.
            "outputFileType" | "responseFormat" | "response_format" | "stream" => {}
            "image" => {
                flat.insert("images".to_owned(), images(value)?);
            }
            _ => {
                flat.insert(snake_case(&key), value);
            }
        }
    }
    let edit = flat.contains_key("images");
    if let Some(model) = body.model.filter(|model| !model.is_empty()) {
        flat.insert("model".to_owned(), model.into());
    }
    flat.entry("model").or_insert_with(|| DEFAULT_MODEL.into());
    let body = serde_json::to_vec(&flat).map_err(|_| fault::missing("input"))?;
    Ok(FlatImages { body: body.into(), edit })
}

fn images(value: Value) -> Result<Value, CallError> {
    let parts = match value {
        Value::Array(parts) => parts,
        one => vec![one],
    };
    let image = |(index, part): (usize, Value)| {
        let path = format!("input.image[{index}]");
        let part: Part = match part {
            Value::String(url) => return Ok(reference(url)),
            part => fault::inside(&part.to_string(), &path)?,
        };
        let missing = |name: &str| fault::missing(format!("{path}.{name}"));
        match part.kind.as_deref() {
            Some("url") => Ok(reference(part.url.ok_or_else(|| missing("url"))?)),
            Some("file") => {
                let data = part.data.ok_or_else(|| missing("data"))?;
                let mime = part.mime_type.as_deref().unwrap_or("image/png");
                Ok(reference(format!("data:{mime};base64,{data}")))
            }
            Some(kind) => Err(fault::invalid_value(format!("{path}.type"), kind, PARTS)),
            None => Err(missing("type")),
        }
    };
    parts.into_iter().enumerate().map(image).collect()
}

fn reference(url: String) -> Value {
    serde_json::json!({ "image_url": url })
}

fn snake_case(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    for char in key.chars() {
        if char.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

/// Collects images and writes them with what they cost.
#[derive(Debug)]
pub struct ImagesEncoder {
    /// `provider/model`.
    model: String,
    images: Vec<ImageData>,
}

impl ImagesEncoder {
    pub fn new(model: String) -> Self {
        Self { model, images: Vec::new() }
    }

    pub fn push(&mut self, frame: &Frame) {
        for event in &frame.events {
            if let Event::Image { image, .. } = event {
                self.images.push(image.clone());
            }
        }
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let mut out = BytesMut::with_capacity(512);
        out.put_slice(b"{\"images\":");
        files(&self.images, &mut out);
        out.put_slice(b",\"usage\":");
        out.put_slice(usage::settled(receipt).as_bytes());
        out.put_slice(b",\"model\":");
        string(&mut out, self.model.split_once('/').map_or(self.model.as_str(), |(_, model)| model));
        out.put_slice(b",\"modelWithProvider\":");
        string(&mut out, &self.model);
        out.put_u8(b'}');
        out.freeze()
    }
}

/// Images as the framework's files.
pub(super) fn files(images: &[ImageData], out: &mut BytesMut) {
    out.put_u8(b'[');
    for (position, image) in images.iter().enumerate() {
        if position > 0 {
            out.put_u8(b',');
        }
        let (kind, name, text, mime) = match image {
            ImageData::Base64(digits) => ("file", "data", digits, media_type(digits)),
            ImageData::Url(url) => ("url", "url", url, "image/png"),
        };
        out.put_slice(format!("{{\"type\":\"{kind}\",\"{name}\":").as_bytes());
        string(out, &String::from_utf8_lossy(text));
        out.put_slice(format!(",\"mimeType\":\"{mime}\"}}").as_bytes());
    }
    out.put_u8(b']');
}
