//! Streams whose events name themselves by a `type`: speech, and whatever else OpenAI streams beside chat.

use std::collections::VecDeque;

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Dialect, Event, Frame};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::chunk::failure;
use super::stream_state::Events;
use crate::sse::SseEvent;
use crate::wire::decode_stream::ReadEvents;
use crate::wire::loose::Short;
use crate::wire::upstream_error::{bad_answer, inside_answer};

/// What one kind of stream makes of an event.
pub(super) trait Kind {
    /// `Err` where the event is of this kind and can't be understood; no events where it says nothing that
    /// the vocabulary knows.
    fn event(&mut self, kind: &str, text: &str, data: &Bytes) -> Result<Events, ProviderError>;

    /// The body has ended, without a failure: what is still to be said of an answer that is whole, `None`
    /// where it is not.
    fn end(&mut self) -> Option<Events>;

    /// A whole answer that came in place of a stream.
    fn whole(&self, body: Bytes) -> Result<Frame, ProviderError>;
}

#[derive(Debug)]
pub(super) struct TypedReader<K> {
    kind: K,
    started: bool,
    over: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed<'a> {
    #[serde(borrow, rename = "type")]
    kind: Short<'a>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl<K: Kind> TypedReader<K> {
    pub(super) fn new(kind: K) -> Self {
        Self { kind, started: false, over: false }
    }

    fn put(&mut self, mut events: Events, raw: Option<Bytes>, frames: &mut VecDeque<Frame>) {
        if !self.started {
            self.started = true;
            events.insert(0, Event::Start { id: String::new(), model: String::new(), created: None });
        }
        self.over |= events.last() == Some(&Event::End);
        frames.push_back(Frame { raw: raw.map(|raw| (Dialect::OpenAi, raw)), events });
    }
}

impl<K: Kind> ReadEvents for TypedReader<K> {
    fn event(&mut self, event: SseEvent, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        let SseEvent { is_error, data } = event;
        if data.iter().all(u8::is_ascii_whitespace) || data.trim_ascii().starts_with(b"[DONE]") {
            return Ok(());
        }
        let text = std::str::from_utf8(&data)
            .map_err(|_| bad_answer("a piece of the provider's answer is not UTF-8"))?;
        if is_error {
            return Err(inside_answer(text));
        }
        let not_understood = || bad_answer("a piece of the provider's answer can't be understood");
        if !text.trim_ascii_start().starts_with('{') {
            return Err(not_understood());
        }
        let typed: Typed<'_> = serde_json::from_str(text).map_err(|_| not_understood())?;
        if let Some(error) = failure(typed.error) {
            return Err(inside_answer(error.get()));
        }
        let kind = typed.kind.text();
        if kind == "error" {
            return Err(inside_answer(text));
        }
        let events = self.kind.event(&kind, text, &data)?;
        self.put(events, Some(data.clone()), frames);
        Ok(())
    }

    fn last(&mut self, event: SseEvent, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        let is_whole = serde_json::from_slice::<Typed<'_>>(&event.data).is_ok();
        if is_whole { self.event(event, frames) } else { Ok(()) }
    }

    fn close(&mut self, failed: bool, frames: &mut VecDeque<Frame>) -> bool {
        let end = if failed || self.over { None } else { self.kind.end() };
        let is_whole = end.is_some();
        if let Some(events) = end {
            self.put(events, None, frames);
        }
        self.over = true;
        is_whole
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn whole(&self, body: Bytes) -> Result<Frame, ProviderError> {
        self.kind.whole(body)
    }
}
