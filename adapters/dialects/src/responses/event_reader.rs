//! A streamed response into frames.

use std::collections::VecDeque;
use std::fmt::Display;

use bytes::Bytes;
use futures_core::Stream;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Dialect, Event, Frame};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode_whole::decode_whole;
use super::output::{Events, Output, PARAGRAPH, Response};
use crate::sse::SseEvent;
use crate::wire::decode_stream::{self, ReadEvents};
use crate::wire::loose::{Number, Short, Text};
use crate::wire::upstream_error::{bad_answer, inside_answer};

/// Imitators close a stream with it, as in OpenAI's other dialect.
const DONE: &str = "[DONE]";

/// Server-sent events of Responses to frames.
pub type StreamDecoder = decode_stream::StreamDecoder<EventReader>;

/// The frames of a streamed answer, as its bytes come.
///
/// Ends after the frame with [`Event::End`], or with an error; an end without either means that the upstream
/// broke off.
pub fn decode_stream<S, E>(bytes: S) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    decode_stream::decode_stream(bytes, EventReader::default())
}

/// Reads the events; what one leaves open, the next one is read with.
#[derive(Debug, Default)]
pub struct EventReader {
    output: Output,
    over: bool,
}

/// One event, whatever its type. What it has besides may be anything, and is read where the type says what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(rename = "type", borrow)]
    kind: Short<'a>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    output_index: Number,
    summary_index: Number,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl EventReader {
    fn read(&mut self, kind: &str, wire: &Wire<'_>, events: &mut Events) -> Result<(), ProviderError> {
        let (choice, index) = (0, wire.output_index.0);
        let output = &mut self.output;
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => {
                output.start(&mut response(wire), events);
                Ok(())
            }
            "response.output_item.added" => match wire.item {
                Some(item) => output.begin(index, item, events),
                None => Ok(()),
            },
            "response.output_item.done" => match wire.item {
                Some(item) => output.done(index, item, events),
                None => Ok(()),
            },
            "response.output_text.delta" => {
                output.say(index, |text| Event::Text { choice, text }, delta(wire), events)
            }
            "response.refusal.delta" => {
                output.say(index, |text| Event::Refusal { choice, text }, delta(wire), events)
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                output.say(index, |text| Event::Thinking { choice, text }, delta(wire), events)
            }
            "response.reasoning_summary_part.added" if wire.summary_index.0 > Some(0) => {
                let text = Some(PARAGRAPH.to_owned());
                output.say(index, |text| Event::Thinking { choice, text }, text, events)
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                output.argue(index, delta(wire), events)
            }
            _ => Ok(()),
        }
    }

    fn end(
        &mut self,
        status: &str,
        wire: &Wire<'_>,
        frames: &mut VecDeque<Frame>,
    ) -> Result<Events, ProviderError> {
        let response = response(wire);
        let used = response.used();
        let mut events = Events::new();
        let ended = self.output.end(response, status, &mut events);
        if ended.is_err() {
            // Paid for all the same.
            frames.extend(used.map(|used| Frame { raw: None, events: [used].into_iter().collect() }));
        }
        ended.map(|()| events)
    }
}

fn response<'a>(wire: &Wire<'a>) -> Response<'a> {
    wire.response.and_then(|response| serde_json::from_str(response.get()).ok()).unwrap_or_default()
}

fn delta(wire: &Wire<'_>) -> Option<String> {
    wire.delta.and_then(|delta| serde_json::from_str::<Text>(delta.get()).ok()).and_then(Text::filled)
}

impl ReadEvents for EventReader {
    fn event(&mut self, event: SseEvent, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        let text = std::str::from_utf8(&event.data)
            .map_err(|_| bad_answer("a piece of the provider's answer is not UTF-8"))?;
        if matches!(text.trim_ascii(), "" | DONE) {
            return Ok(());
        }
        let wire: Wire<'_> = serde_json::from_str(text)
            .map_err(|_| bad_answer("a piece of the provider's answer can't be understood"))?;
        let kind = wire.kind.0.as_deref().unwrap_or_default();
        let error = wire.error.filter(|error| error.get() != "null");
        if event.is_error || kind == "error" || (kind.is_empty() && error.is_some()) {
            return Err(inside_answer(error.map_or(text, RawValue::get)));
        }
        let mut events = Events::new();
        match kind.strip_prefix("response.") {
            Some(status @ ("completed" | "incomplete" | "failed" | "cancelled")) => {
                events = self.end(status, &wire, frames)?;
                self.over = true;
            }
            _ => self.read(kind, &wire, &mut events)?,
        }
        frames.push_back(Frame { raw: Some((Dialect::Responses, event.data.clone())), events });
        Ok(())
    }

    fn last(&mut self, event: SseEvent, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        let is_whole = serde_json::from_slice::<Wire<'_>>(&event.data).is_ok();
        if is_whole { self.event(event, frames) } else { Ok(()) }
    }

    /// Only the last event says that nothing more would have come.
    fn close(&mut self, _failed: bool, _frames: &mut VecDeque<Frame>) -> bool {
        self.over = true;
        false
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn whole(&self, body: Bytes) -> Result<Frame, ProviderError> {
        decode_whole(body)
    }
}
