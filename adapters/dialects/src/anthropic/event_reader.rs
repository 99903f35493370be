//! A streamed Messages answer into frames.

use std::collections::VecDeque;
use std::fmt::Display;

use bytes::Bytes;
use futures_core::Stream;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Dialect, Event, Frame};
use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::decode_whole::decode_whole;
use super::stop_reason;
use super::usage::Reported;
use crate::sse::SseEvent;
use crate::wire::decode_stream::{self, ReadEvents};
use crate::wire::loose::{Number, Short, Text};
use crate::wire::upstream_error::{bad_answer, inside_answer};

const MAX_BLOCKS: usize = 4_096;
const MAX_ARGUMENTS: usize = 1024 * 1024;

/// Server-sent events of Messages to frames.
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
    usage: Reported,
    blocks: Vec<Block>,
    calls: u32,
    started: bool,
    finished: bool,
    over: bool,
}

#[derive(Debug)]
struct Block {
    index: u32,
    kind: BlockKind,
}

#[derive(Debug)]
enum BlockKind {
    /// Text or thoughts, which need no memory.
    Plain,
    /// A call by its place among the calls, and how long its arguments are.
    Call { call: u32, arguments: usize },
    /// What only this dialect has.
    Other,
}

type Events = SmallVec<[Event; 2]>;
type Frames = VecDeque<Frame>;

/// One event, whatever its type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(rename = "type", borrow)]
    kind: Short<'a>,
    #[serde(borrow)]
    message: Option<Head<'a>>,
    index: Number,
    #[serde(borrow)]
    content_block: Option<Begun<'a>>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head<'a> {
    #[serde(borrow)]
    id: Short<'a>,
    #[serde(borrow)]
    model: Short<'a>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Begun<'a> {
    #[serde(rename = "type", borrow)]
    kind: Short<'a>,
    text: Text,
    thinking: Text,
    signature: Text,
    data: Text,
    id: Text,
    name: Text,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(rename = "type", borrow)]
    kind: Short<'a>,
    text: Text,
    thinking: Text,
    signature: Text,
    partial_json: Text,
    #[serde(borrow)]
    stop_reason: Short<'a>,
    stop_sequence: Text,
}

impl EventReader {
    fn read(&mut self, wire: Wire<'_>, events: &mut Events) -> Result<(), ProviderError> {
        match wire.kind.0.as_deref().unwrap_or_default() {
            "message_start" => self.start(wire.message.unwrap_or_default(), events),
            "content_block_start" => {
                return self.begin(wire.index.0, wire.content_block.unwrap_or_default(), events);
            }
            "content_block_delta" => {
                return self.go_on(wire.index.0, wire.delta.unwrap_or_default(), events);
            }
            "content_block_stop" => self.stop(wire.index.0, events),
            "message_delta" => {
                self.report(wire.usage, events);
                let delta = wire.delta.unwrap_or_default();
                if let Some(reason) = delta.stop_reason.0.as_deref()
                    && !std::mem::replace(&mut self.finished, true)
                {
                    let reason = stop_reason::read(reason, delta.stop_sequence.0);
                    events.push(Event::Finish { choice: 0, reason });
                }
            }
            "message_stop" => {
                if !self.started {
                    return Err(bad_answer("the provider's answer is empty"));
                }
                self.end(events);
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, head: Head<'_>, events: &mut Events) {
        if !std::mem::replace(&mut self.started, true) {
            events.push(Event::Start { id: head.id.text(), model: head.model.text(), created: None });
        }
        self.report(head.usage, events);
    }

    fn report(&mut self, usage: Option<&RawValue>, events: &mut Events) {
        if let Some(reported) = usage.and_then(|usage| Reported::read(usage.get())) {
            self.usage.update(reported);
            events.extend(self.usage.normalise().map(Event::Usage));
        }
    }

    fn begin(
        &mut self,
        index: Option<u32>,
        begun: Begun<'_>,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        if self.blocks.len() >= MAX_BLOCKS {
            return Err(bad_answer("the provider's answer has too many blocks"));
        }
        let next = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
        let index = index.unwrap_or(next);
        let choice = 0;
        let kind = match begun.kind.0.as_deref().unwrap_or_default() {
            "text" => {
                events.extend(begun.text.filled().map(|text| Event::Text { choice, text }));
                BlockKind::Plain
            }
            "thinking" => {
                events.extend(begun.thinking.filled().map(|text| Event::Thinking { choice, text }));
                let seal = begun.signature.filled();
                events.extend(seal.map(|signature| Event::ThinkingSignature { choice, signature }));
                BlockKind::Plain
            }
            "redacted_thinking" => {
                events.extend(begun.data.filled().map(|data| Event::RedactedThinking { choice, data }));
                BlockKind::Plain
            }
            "tool_use" => {
                let call = self.calls;
                self.calls += 1;
                let id = begun.id.filled().unwrap_or_else(|| format!("toolu_{call}"));
                let name = begun.name.0.unwrap_or_default();
                events.push(Event::ToolCallStart { choice, index: call, id, name });
                // Whole at once, from those who do not stream arguments.
                let whole = begun
                    .input
                    .map(|input| input.get().trim())
                    .filter(|input| input.starts_with('{') && input.trim_matches(['{', '}']).trim() != "");
                if let Some(whole) = whole {
                    let fragment = whole.to_owned();
                    events.push(Event::ToolCallArguments { choice, index: call, fragment });
                }
                BlockKind::Call { call, arguments: whole.map_or(0, str::len) }
            }
            _ => BlockKind::Other,
        };
        self.blocks.push(Block { index, kind });
        Ok(())
    }

    fn go_on(
        &mut self,
        index: Option<u32>,
        delta: Delta<'_>,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        let choice = 0;
        match delta.kind.0.as_deref().unwrap_or_default() {
            "text_delta" => {
                events.extend(delta.text.filled().map(|text| Event::Text { choice, text }));
            }
            "thinking_delta" => {
                events.extend(delta.thinking.filled().map(|text| Event::Thinking { choice, text }));
            }
            "signature_delta" => {
                let seal = delta.signature.filled();
                events.extend(seal.map(|signature| Event::ThinkingSignature { choice, signature }));
            }
            "input_json_delta" => {
                let Some(fragment) = delta.partial_json.filled() else { return Ok(()) };
                let Some(Block { kind: BlockKind::Call { call, arguments }, .. }) = self.block(index) else {
                    return Ok(()); // of a tool that the provider runs itself
                };
                *arguments += fragment.len();
                if *arguments > MAX_ARGUMENTS {
                    return Err(bad_answer("the arguments of a tool call are too long"));
                }
                events.push(Event::ToolCallArguments { choice, index: *call, fragment });
            }
            _ => {}
        }
        Ok(())
    }

    /// A call without arguments has said none; others want an object.
    fn stop(&mut self, index: Option<u32>, events: &mut Events) {
        if let Some(Block { kind: BlockKind::Call { call, arguments }, .. }) = self.block(index)
            && *arguments == 0
        {
            *arguments = 2;
            let (choice, index, fragment) = (0, *call, "{}".to_owned());
            events.push(Event::ToolCallArguments { choice, index, fragment });
        }
    }

    fn block(&mut self, index: Option<u32>) -> Option<&mut Block> {
        match index {
            Some(index) => self.blocks.iter_mut().rev().find(|block| block.index == index),
            None => self.blocks.last_mut(),
        }
    }

    fn end(&mut self, events: &mut Events) {
        if !std::mem::replace(&mut self.finished, true) {
            let reason = stop_reason::read(if self.calls > 0 { "tool_use" } else { "end_turn" }, None);
            events.push(Event::Finish { choice: 0, reason });
        }
        events.push(Event::End);
        self.over = true;
    }
}

impl ReadEvents for EventReader {
    fn event(&mut self, event: SseEvent, frames: &mut Frames) -> Result<(), ProviderError> {
        let text = std::str::from_utf8(&event.data)
            .map_err(|_| bad_answer("a piece of the provider's answer is not UTF-8"))?;
        if text.trim_ascii().is_empty() {
            return Ok(());
        }
        let wire: Wire<'_> = serde_json::from_str(text)
            .map_err(|_| bad_answer("a piece of the provider's answer can't be understood"))?;
        if event.is_error || wire.kind.0.as_deref() == Some("error") {
            return Err(inside_answer(wire.error.map_or(text, RawValue::get)));
        }
        if wire.kind.0.as_deref() == Some("ping") {
            return Ok(());
        }
        let mut events = Events::new();
        self.read(wire, &mut events)?;
        frames.push_back(Frame { raw: Some((Dialect::Anthropic, event.data.clone())), events });
        Ok(())
    }

    fn last(&mut self, event: SseEvent, frames: &mut Frames) -> Result<(), ProviderError> {
        let is_whole = serde_json::from_slice::<Wire<'_>>(&event.data).is_ok();
        if is_whole { self.event(event, frames) } else { Ok(()) }
    }

    fn close(&mut self, failed: bool, frames: &mut Frames) -> bool {
        let is_whole = !failed && !self.over && self.finished;
        if is_whole {
            let mut events = Events::new();
            self.end(&mut events);
            frames.push_back(Frame { raw: None, events });
        }
        self.over = true;
        is_whole
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn whole(&self, body: Bytes) -> Result<Frame, ProviderError> {
        decode_whole(body)
    }
}
