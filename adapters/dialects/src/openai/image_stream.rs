//! Images that come in pieces: sketches, then the finished ones.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use futures_core::Stream;
use hub_domain::error::{CallError, ProviderError};
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{Dialect, Event, Frame, ImageData, Receipt};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::held_end::HeldEnd;
use super::stream_state::Events;
use super::typed_events::{Kind, TypedReader};
use super::{error_answer, image_list, image_usage};
use crate::wire::decode_stream;
use crate::wire::loose::Short;
use crate::wire::text::string;
use crate::wire::upstream_error::bad_answer;

/// The frames of images in pieces.
pub fn decode_image_events<S, E>(bytes: S) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    decode_stream::decode_stream(bytes, TypedReader::new(Painted::default()))
}

/// What was delivered so far.
#[derive(Debug, Default)]
struct Painted {
    images: u32,
    usage: Usage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece<'a> {
    #[serde(borrow)]
    b64_json: Short<'a>,
    #[serde(borrow)]
    url: Short<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

impl Kind for Painted {
    fn event(&mut self, kind: &str, text: &str, data: &Bytes) -> Result<Events, ProviderError> {
        let piece: Piece<'_> = serde_json::from_str(text)
            .map_err(|_| bad_answer("a piece of the provider's answer can't be understood"))?;
        let image = image_list::image(data, piece.b64_json, piece.url);
        let mut events = Events::new();
        match (kind, image) {
            ("image_generation.partial_image" | "image_edit.partial_image", Some(image)) => {
                events.push(Event::Sketch(image));
            }
            // Doubao's word for each finished image of several is another.
            (
                "image_generation.completed" | "image_edit.completed" | "image_generation.partial_succeeded",
                Some(image),
            ) => {
                events.push(Event::Image { index: self.images, image, revised_prompt: None });
                self.images = self.images.saturating_add(1);
                let now = image_usage::of(piece.usage.map(RawValue::get), 1);
                self.usage = sum(self.usage, now);
                events.push(Event::Usage(self.usage));
            }
            _ => {}
        }
        Ok(events)
    }

    fn end(&mut self) -> Option<Events> {
        (self.images > 0).then(|| [Event::End].into_iter().collect())
    }

    fn whole(&self, body: Bytes) -> Result<Frame, ProviderError> {
        let events = image_list::read(&body)?;
        Ok(Frame { raw: Some((Dialect::OpenAi, body)), events })
    }
}

/// Each image reports its own.
fn sum(before: Usage, now: Usage) -> Usage {
    let mut all = before;
    for (meter, quantity) in now.quantities.iter() {
        all.quantities.set(meter, before.quantities.get(meter).saturating_add(quantity));
    }
    all.inconsistent |= now.inconsistent;
    all
}

/// Writes images event by event. The last finished one waits for what the call cost.
#[derive(Debug)]
pub struct ImageStreamEncoder {
    word: &'static str,
    end: HeldEnd,
    sketches: u32,
}

impl ImageStreamEncoder {
    pub fn new(edited: bool) -> Self {
        let word = if edited { "image_edit" } else { "image_generation" };
        Self { word, end: HeldEnd::default(), sketches: 0 }
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        let is_whole = frame.events.last() == Some(&Event::End) && frame.events.len() > 1;
        if let Some((Dialect::OpenAi, raw)) = frame.raw.as_ref().filter(|_| !is_whole) {
            self.end.pass(raw, &frame.events, out);
            return;
        }
        for event in &frame.events {
            match event {
                Event::Sketch(image) => {
                    let piece = self.written("partial_image", image, Some(self.sketches));
                    self.sketches = self.sketches.saturating_add(1);
                    self.end.pass(&piece, &[], out);
                }
                Event::Image { image, .. } => {
                    let piece = self.written("completed", image, None);
                    self.end.pass(&piece, &[Event::End], out);
                    self.sketches = 0;
                }
                _ => {}
            }
        }
    }

    fn written(&self, what: &str, image: &ImageData, number: Option<u32>) -> Bytes {
        let mut out = BytesMut::new();
        out.put_slice(format!("{{\"type\":\"{}.{what}\"", self.word).as_bytes());
        let (name, text) = match image {
            ImageData::Base64(digits) => ("b64_json", digits),
            ImageData::Url(url) => ("url", url),
        };
        out.put_slice(format!(",\"{name}\":").as_bytes());
        string(&mut out, &String::from_utf8_lossy(text));
        if let Some(number) = number {
            out.put_slice(format!(",\"partial_image_index\":{number}").as_bytes());
        }
        out.put_u8(b'}');
        out.freeze()
    }

    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        let usage = image_usage::settled(self.end.usage().as_deref(), receipt);
        self.end.settled(&usage, out);
    }

    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        error_answer::write_stream_error(error, out);
    }
}

/// The address of an image: its own, or all of it.
pub(crate) fn url(image: &ImageData) -> String {
    match image {
        ImageData::Url(url) => String::from_utf8_lossy(url).into_owned(),
        ImageData::Base64(digits) => {
            format!("data:{};base64,{}", media_type(digits), String::from_utf8_lossy(digits))
        }
    }
}

/// What an image in base64 is, by its first bytes.
pub(crate) fn media_type(digits: &[u8]) -> &'static str {
    let head = STANDARD.decode(digits.get(..16).unwrap_or_default()).unwrap_or_default();
    match &head[..] {
        [0xff, 0xd8, ..] => "image/jpeg",
        [b'R', b'I', b'F', b'F', ..] => "image/webp",
        [b'G', b'I', b'F', ..] => "image/gif",
        _ => "image/png",
    }
}
