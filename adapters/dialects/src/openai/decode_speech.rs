//! A request for speech into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{AudioFormat, Canonical, SpeechRequest};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode_chat;
use crate::wire::objects::only_objects;
use crate::wire::{fault, request_text};

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
struct SpeechBody<'a> {
    model: Option<String>,
    input: Option<String>,
    #[serde(borrow)]
    voice: Option<&'a RawValue>,
    instructions: Option<String>,
    response_format: Option<String>,
    #[serde(borrow)]
    speed: Option<&'a RawValue>,
    stream_format: Option<String>,
}

only_objects!(SpeechBody<'a>);

/// Decodes a request for speech. What it does not know it accepts.
pub fn decode_speech(body: &Bytes) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::outline::<SpeechBody<'_>>(text)?;
    let text = request_text::unique::<SpeechBody<'_>>(text, outline)?;
    let body: SpeechBody<'_> = request_text::read(&text)?;
    let input = body.input.ok_or_else(|| fault::missing("input"))?;
    if input.is_empty() {
        return Err(fault::empty("input", "string"));
    }
    let format = match body.response_format.as_deref() {
        None => AudioFormat::default(),
        Some(name) => AudioFormat::from_name(name).ok_or_else(|| {
            fault::invalid_value("response_format", name, "'mp3', 'opus', 'aac', 'flac', 'wav' or 'pcm'")
        })?,
    };
    let events = match body.stream_format.as_deref() {
        None | Some("audio") => false,
        Some("sse") => true,
        Some(other) => return Err(fault::invalid_value("stream_format", other, "'audio' or 'sse'")),
    };
    Ok(Canonical::Speech(SpeechRequest {
        model: decode_chat::model(body.model)?,
        input,
        voice: body.voice.map(|voice| voice.get().to_owned()),
        instructions: body.instructions,
        format,
        speed: body.speed.map(|speed| speed.get().to_owned()),
        events,
    }))
}
