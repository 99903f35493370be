//! Images as OpenAI lists them, read and written.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Event, ImageData};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::chunk::failure;
use super::image_usage;
use super::stream_state::Events;
use crate::wire::loose::{Seconds, Short, Text, shared};
use crate::wire::text::string;
use crate::wire::upstream_error::{bad_answer, inside_answer};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Images<'a> {
    created: Seconds,
    #[serde(borrow)]
    data: Option<Vec<Image<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Image<'a> {
    #[serde(borrow)]
    b64_json: Short<'a>,
    #[serde(borrow)]
    url: Short<'a>,
    revised_prompt: Text,
}

/// Reads a list of images. What was delivered is counted, whatever was asked for.
pub(super) fn read(body: &Bytes) -> Result<Events, ProviderError> {
    let text = std::str::from_utf8(body).map_err(|_| bad_answer("the provider's answer is not UTF-8"))?;
    let answer: Images<'_> =
        serde_json::from_str(text).map_err(|_| bad_answer("the provider's answer can't be understood"))?;
    if let Some(error) = failure(answer.error) {
        return Err(inside_answer(error.get()));
    }
    let Some(data) = answer.data else {
        return Err(inside_answer(text));
    };
    let mut events = Events::new();
    events.push(Event::Start { id: String::new(), model: String::new(), created: answer.created.0 });
    let mut count = 0_u32;
    for Image { b64_json, url, revised_prompt } in data {
        let Some(image) = image(body, b64_json, url) else { continue };
        events.push(Event::Image { index: count, image, revised_prompt: revised_prompt.filled() });
        count += 1;
    }
    if count == 0 {
        return Err(bad_answer("the provider's answer has no images"));
    }
    let reported = answer.usage.map(RawValue::get);
    events.push(Event::Usage(image_usage::of(reported, u64::from(count))));
    events.push(Event::End);
    Ok(events)
}

/// The image that a piece of a body holds or names.
pub(super) fn image(body: &Bytes, b64_json: Short<'_>, url: Short<'_>) -> Option<ImageData> {
    let digits = shared(body, b64_json).map(ImageData::Base64);
    digits.or_else(|| shared(body, url).map(ImageData::Url))
}

/// The list up to its usage, without the closing brace.
pub(super) fn write(created: u64, images: &[(ImageData, Option<String>)], out: &mut BytesMut) {
    out.put_slice(b"{\"created\":");
    out.put_slice(created.to_string().as_bytes());
    out.put_slice(b",\"data\":");
    list(images, out, |image, out| {
        let (names, text): (&[&str], _) = match image {
            ImageData::Base64(digits) => (&["b64_json"], digits),
            ImageData::Url(url) => (&["url"], url),
        };
        member(names, text, out);
    });
}

/// As older clients of the original read it: the list twice, and each image under all the names that it ever had.
pub(super) fn write_doubled(model: &str, images: &[(ImageData, Option<String>)], out: &mut BytesMut) {
    let mut doubled = BytesMut::new();
    list(images, &mut doubled, |image, out| {
        let (names, text): (&[&str], _) = match image {
            ImageData::Base64(digits) => (&["base64", "b64_json", "b64Json"], digits),
            ImageData::Url(url) => (&["url"], url),
        };
        member(names, text, out);
    });
    out.reserve(doubled.len() * 2 + 64);
    out.put_slice(b"{\"images\":");
    out.put_slice(&doubled);
    out.put_slice(b",\"data\":");
    out.put_slice(&doubled);
    out.put_slice(b",\"model\":");
    string(out, model);
}

fn list(
    images: &[(ImageData, Option<String>)],
    out: &mut BytesMut,
    write: impl Fn(&ImageData, &mut BytesMut),
) {
    out.put_u8(b'[');
    for (position, (image, revised_prompt)) in images.iter().enumerate() {
        out.put_slice(if position == 0 { b"{" } else { b",{" });
        write(image, out);
        if let Some(revised) = revised_prompt {
            out.put_slice(b",\"revised_prompt\":");
            string(out, revised);
        }
        out.put_u8(b'}');
    }
    out.put_u8(b']');
}

fn member(names: &[&str], text: &Bytes, out: &mut BytesMut) {
    for (position, name) in names.iter().enumerate() {
        if position > 0 {
            out.put_u8(b',');
        }
        string(out, name);
        out.put_u8(b':');
        string(out, &String::from_utf8_lossy(text));
    }
}
