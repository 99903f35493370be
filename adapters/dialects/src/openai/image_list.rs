//! Images as OpenAI lists them, read and written.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Event, ImageData};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::chunk::failure;
use super::image_usage;
use super::stream_state::Events;
use crate::wire::loose::{Seconds, Short, Text};
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
        let image = match (shared(body, b64_json), shared(body, url)) {
            (Some(digits), _) => ImageData::Base64(digits),
            (None, Some(url)) => ImageData::Url(url),
            (None, None) => continue,
        };
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

/// A text of the answer without a copy of it, where it is written without escapes.
fn shared(body: &Bytes, text: Short<'_>) -> Option<Bytes> {
    match text.0? {
        text if text.is_empty() => None,
        std::borrow::Cow::Borrowed(text) => Some(body.slice_ref(text.as_bytes())),
        std::borrow::Cow::Owned(text) => Some(Bytes::from(text)),
    }
}

/// The list up to its usage, without the closing brace.
pub(super) fn write(created: u64, images: &[(ImageData, Option<String>)], out: &mut BytesMut) {
    out.put_slice(b"{\"created\":");
    out.put_slice(created.to_string().as_bytes());
    out.put_slice(b",\"data\":[");
    for (position, (image, revised_prompt)) in images.iter().enumerate() {
        out.put_slice(if position == 0 { b"{" } else { b",{" });
        let (name, text): (&[u8], _) = match image {
            ImageData::Base64(digits) => (b"\"b64_json\":", digits),
            ImageData::Url(url) => (b"\"url\":", url),
        };
        out.put_slice(name);
        string(out, &String::from_utf8_lossy(text));
        if let Some(revised) = revised_prompt {
            out.put_slice(b",\"revised_prompt\":");
            string(out, revised);
        }
        out.put_u8(b'}');
    }
    out.put_u8(b']');
}
