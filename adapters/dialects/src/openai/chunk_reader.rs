//! The events of a stream, one by one, into frames.

use std::collections::VecDeque;

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{CallType, Dialect, Event, Frame};

use super::chunk::{Chunk, failure};
use super::decode_whole::decode_whole;
use super::stream_state::{Read, StreamState};
use super::usage;
use crate::outline::with_member;
use crate::sse::SseEvent;
use crate::wire::decode_stream::ReadEvents;
use crate::wire::upstream_error::{bad_answer, inside_answer};

/// Reads chunks; what one leaves open, the next one is read with.
#[derive(Debug)]
pub struct ChunkReader {
    call_type: CallType,
    state: StreamState,
    started: bool,
    /// A tool call has begun in this frame, and more of its name may come.
    held: Option<Held>,
    /// Nothing that comes now counts.
    over: bool,
}

#[derive(Debug)]
struct Held {
    frame: Frame,
    choice: u32,
    index: u32,
}

type Frames = VecDeque<Frame>;

impl ChunkReader {
    pub(super) fn new(call_type: CallType) -> Self {
        Self { call_type, state: StreamState::default(), started: false, held: None, over: false }
    }

    fn chunk(
        &mut self,
        chunk: Chunk<'_>,
        data: &Bytes,
        text: &str,
    ) -> Result<(Read, Option<Bytes>), ProviderError> {
        let mut read = Read::default();
        let id = chunk.id.0.unwrap_or_default();
        // OpenAI's clients fail on a piece without choices, even if it is a heartbeat.
        let has_choices = chunk.choices.is_some();
        let choices = chunk.choices.unwrap_or_default();
        // A first piece without choices and id is not an answer yet: Azure's has the filter's results.
        if !self.started && (!choices.is_empty() || !id.is_empty()) {
            self.started = true;
            self.state.id = id.into_owned();
            let model = chunk.model.text();
            let id = self.state.id.clone();
            read.events.push(Event::Start { id, model, created: chunk.created.0 });
        }
        for (position, choice) in choices.into_iter().enumerate() {
            self.state.read(choice, position, &mut read)?;
        }
        let mut raw = has_choices.then(|| data.clone());
        let reported = [chunk.usage, chunk.x_groq.and_then(|groq| groq.usage)];
        if let Some(found) =
            reported.into_iter().flatten().find_map(|usage| usage::normalise(usage.get(), self.call_type))
        {
            read.events.push(Event::Usage(found));
        } else if chunk.usage.is_some() {
            // Nobody shall see numbers that nothing was charged by.
            raw = raw.and_then(|_| without_usage(text));
        }
        if read.is_odd {
            raw = None;
        }
        Ok((read, raw))
    }

    /// Queues a frame, or holds it until the name of its tool call is whole.
    fn put(&mut self, read: Read, raw: Option<Bytes>, frames: &mut Frames) {
        let Read { events, is_odd, opens, more_name, .. } = read;
        if let (Some((choice, index, more)), Some(held)) = (&more_name, &mut self.held)
            && (held.choice, held.index) == (*choice, *index)
        {
            held.add(more);
            if events.is_empty() {
                return;
            }
        }
        if is_odd && events.is_empty() {
            return; // a name that was said before
        }
        self.release(frames);
        if raw.is_none() && events.is_empty() {
            return;
        }
        let frame = Frame { raw: raw.map(|raw| (Dialect::OpenAi, raw)), events };
        match opens {
            Some((choice, index)) if !self.state.is_finished() => {
                self.held = Some(Held { frame, choice, index });
            }
            _ => frames.push_back(frame),
        }
    }

    fn release(&mut self, frames: &mut Frames) {
        frames.extend(self.held.take().map(|held| held.frame));
    }

    fn end(&mut self, frames: &mut Frames) {
        let mut frame = Frame::default();
        frame.events.extend(self.state.missing_ends());
        frame.events.push(Event::End);
        frames.push_back(frame);
        self.over = true;
    }
}

impl ReadEvents for ChunkReader {
    fn is_over(&self) -> bool {
        self.over
    }

    fn close(&mut self, failed: bool, frames: &mut Frames) -> bool {
        self.release(frames);
        let is_whole = !failed && !self.over && self.state.is_finished();
        if is_whole {
            self.end(frames);
        }
        self.over = true;
        is_whole
    }

    fn last(&mut self, event: SseEvent, frames: &mut Frames) -> Result<(), ProviderError> {
        let is_whole = is_done(&event.data) || serde_json::from_slice::<Chunk<'_>>(&event.data).is_ok();
        if is_whole { self.event(event, frames) } else { Ok(()) }
    }

    fn event(&mut self, event: SseEvent, frames: &mut Frames) -> Result<(), ProviderError> {
        if is_done(&event.data) {
            self.release(frames);
            if !self.started {
                return Err(bad_answer("the provider's answer is empty"));
            }
            self.end(frames);
            return Ok(());
        }
        if event.data.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let text = std::str::from_utf8(&event.data)
            .map_err(|_| bad_answer("a piece of the provider's answer is not UTF-8"))?;
        if event.is_error {
            return Err(inside_answer(text));
        }
        let not_understood = || bad_answer("a piece of the provider's answer can't be understood");
        if !text.trim_ascii_start().starts_with('{') {
            return Err(not_understood());
        }
        let chunk: Chunk<'_> = serde_json::from_str(text).map_err(|_| not_understood())?;
        let groqs = chunk.x_groq.as_ref().and_then(|groq| groq.error);
        if let Some(error) = failure(chunk.error).or(failure(groqs)) {
            return Err(inside_answer(error.get()));
        }
        if chunk.object.0.as_deref() == Some("error") {
            return Err(inside_answer(text));
        }
        let (read, raw) = self.chunk(chunk, &event.data, text)?;
        self.put(read, raw, frames);
        Ok(())
    }

    fn whole(&self, body: Bytes) -> Result<Frame, ProviderError> {
        decode_whole(body, self.call_type)
    }
}

impl Held {
    /// The frame is now told by its events, which have the name in one piece.
    fn add(&mut self, more: &str) {
        self.frame.raw = None;
        for event in &mut self.frame.events {
            if let Event::ToolCallStart { choice, index, name, .. } = event
                && (*choice, *index) == (self.choice, self.index)
            {
                name.push_str(more);
            }
        }
    }
}

fn is_done(data: &[u8]) -> bool {
    data.trim_ascii().starts_with(b"[DONE]")
}

fn without_usage(text: &str) -> Option<Bytes> {
    with_member(text, "usage", |_| Some("null".to_owned())).map(Bytes::from)
}
