//! A whole answer as one frame.

use std::collections::VecDeque;

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{CallType, Dialect, EmbeddingVector, Event, Frame};
use serde_json::value::RawValue;

use super::chunk::{Choice, ChunkChoice, Completion, Vectors, failure};
use super::decode_stream::StreamDecoder;
use super::stream_state::{Events, Read, StreamState};
use super::{image_list, usage};
use crate::wire::upstream_error::{bad_answer, inside_answer};

/// Decodes a whole answer: one frame with its text, and with everything that it says up to
/// [`Event::End`].
pub fn decode_whole(body: Bytes, call_type: CallType) -> Result<Frame, ProviderError> {
    let body = match body.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => body.slice_ref(rest),
        None => body,
    };
    if body.trim_ascii_start().first() != Some(&b'{') {
        return assembled(body, call_type);
    }
    let text = std::str::from_utf8(&body).map_err(|_| bad_answer("the provider's answer is not UTF-8"))?;
    let events = match call_type {
        CallType::Embedding => vectors(text)?,
        CallType::ImageGeneration => image_list::read(&body)?,
        _ => {
            let (events, has_lists) = completion(text, call_type)?;
            let raw = (!has_lists).then_some((Dialect::OpenAi, body));
            return Ok(Frame { raw, events });
        }
    };
    Ok(Frame { raw: Some((Dialect::OpenAi, body)), events })
}

/// A stream, though a whole answer was asked for.
fn assembled(body: Bytes, call_type: CallType) -> Result<Frame, ProviderError> {
    let foreign = || bad_answer("the provider's answer is not JSON");
    let mut frames = VecDeque::new();
    let mut decoder = StreamDecoder::new(call_type);
    if !body.contains(&b':') {
        return Err(foreign());
    }
    decoder.push(body, &mut frames)?;
    decoder.finish(&mut frames)?;
    let events: Events = frames.into_iter().flat_map(|frame| frame.events).collect();
    if events.last() == Some(&Event::End) { Ok(Frame { raw: None, events }) } else { Err(foreign()) }
}

fn unreadable(_: serde_json::Error) -> ProviderError {
    bad_answer("the provider's answer can't be understood")
}

/// The events, and whether some content came as a list of parts, which OpenAI's clients don't know.
fn completion(text: &str, call_type: CallType) -> Result<(Events, bool), ProviderError> {
    let answer: Completion<'_> = serde_json::from_str(text).map_err(unreadable)?;
    if let Some(error) = failure(answer.error) {
        return Err(inside_answer(error.get()));
    }
    let Some(choices) = answer.choices else {
        return Err(if answer.usage.is_none() {
            inside_answer(text)
        } else {
            bad_answer("the provider's answer has no choices")
        });
    };
    let mut state = StreamState::default();
    state.id = answer.id.text();
    let mut read = Read::default();
    read.events.push(Event::Start {
        id: state.id.clone(),
        model: answer.model.text(),
        created: answer.created.0,
    });
    for (position, Choice { index, message, finish_reason }) in choices.into_iter().enumerate() {
        let mut said = message.unwrap_or_default();
        // Calls of a whole answer have no index: they are counted.
        for (place, call) in said.tool_calls.iter_mut().flatten().enumerate() {
            call.index.0 = u32::try_from(place).ok();
        }
        state.read(ChunkChoice { index, delta: Some(said), finish_reason }, position, &mut read)?;
    }
    read.events.extend(state.missing_ends());
    Ok((end(read.events, answer.usage, call_type)?, read.has_lists))
}

fn vectors(text: &str) -> Result<Events, ProviderError> {
    let answer: Vectors<'_> = serde_json::from_str(text).map_err(unreadable)?;
    if let Some(error) = failure(answer.error) {
        return Err(inside_answer(error.get()));
    }
    let Some(data) = answer.data else {
        return Err(inside_answer(text));
    };
    let mut events = Events::new();
    let model = answer.model.text();
    events.push(Event::Start { id: String::new(), model, created: None });
    for (position, vector) in data.into_iter().enumerate() {
        let index = vector.index.0.or(u32::try_from(position).ok()).unwrap_or(0);
        let vector = vector.embedding.and_then(embedding);
        let vector = vector.ok_or_else(|| bad_answer("the provider's answer lacks a vector"))?;
        events.push(Event::Embedding { index, vector });
    }
    end(events, answer.usage, CallType::Embedding)
}

fn embedding(raw: &RawValue) -> Option<EmbeddingVector> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'[' => Some(EmbeddingVector::Json(text.into())),
        b'"' => Some(EmbeddingVector::Base64(serde_json::from_str::<String>(text).ok()?.into())),
        _ => None,
    }
}

fn end(
    mut events: Events,
    reported: Option<&RawValue>,
    call_type: CallType,
) -> Result<Events, ProviderError> {
    let usage = reported.and_then(|reported| usage::normalise(reported.get(), call_type));
    events.extend(usage.map(Event::Usage));
    events.push(Event::End);
    Ok(events)
}
