//! A streamed answer into frames.

use std::collections::VecDeque;
use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::{CallType, Dialect, Event, Frame};

use super::chunk::{Chunk, failure};
use super::stream_state::{Read, StreamState};
use super::upstream_error::{bad_answer, inside_answer};
use super::{decode_whole, usage};
use crate::outline::Outline;
use crate::redact;
use crate::sse::{EventTooLarge, MAX_EVENT, SseDecoder, SseEvent};

/// A whole answer in place of a stream is never larger.
const MAX_WHOLE: usize = 64 * 1024 * 1024;

/// Server-sent events of Chat Completions to frames. It holds at most one incomplete event.
///
/// An answer that is whole ends with a frame that has [`Event::End`]; frames that end without it come
/// from an upstream that broke off.
#[derive(Debug)]
pub struct StreamDecoder {
    call_type: CallType,
    body: Body,
    state: StreamState,
    started: bool,
    /// A tool call has begun in this frame, and more of its name may come.
    held: Option<Held>,
    /// Nothing that comes now counts.
    over: bool,
}

/// What the body turned out to be. Content types lie.
#[derive(Debug)]
enum Body {
    /// Nothing but blanks so far.
    Unknown(Vec<u8>),
    Events(SseDecoder),
    /// A whole answer, though pieces were asked for.
    Whole(BytesMut),
}

impl Default for Body {
    fn default() -> Self {
        Self::Unknown(Vec::new())
    }
}

#[derive(Debug)]
struct Held {
    frame: Frame,
    choice: u32,
    index: u32,
}

type Frames = VecDeque<Frame>;

impl StreamDecoder {
    pub fn new(call_type: CallType) -> Self {
        Self {
            call_type,
            body: Body::default(),
            state: StreamState::default(),
            started: false,
            held: None,
            over: false,
        }
    }

    /// Whether the answer is whole, or will not become it.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Feeds a piece of the body, cut anywhere; the frames that it completes go to `frames`.
    pub fn push(&mut self, piece: Bytes, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        if self.over {
            return Ok(());
        }
        let result = self.take(piece, frames);
        if result.is_err() {
            self.release(frames);
            self.over = true;
        }
        result
    }

    /// The body has ended.
    pub fn finish(&mut self, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        if self.over {
            return Ok(());
        }
        let result = match std::mem::take(&mut self.body) {
            Body::Unknown(_) => Ok(()),
            Body::Whole(body) => {
                decode_whole(body.freeze(), self.call_type).map(|frame| frames.push_back(frame))
            }
            Body::Events(mut sse) => match sse.finish() {
                Some(event) => self.last(event, frames),
                None => Ok(()),
            },
        };
        self.release(frames);
        if result.is_ok() && !self.over && self.state.is_finished() {
            self.end(frames);
        }
        self.over = true;
        result
    }

    /// Reading failed. An answer whose choices have all ended is whole all the same.
    pub fn broke_off(&mut self, frames: &mut VecDeque<Frame>) -> bool {
        self.release(frames);
        let is_whole = !self.over && self.state.is_finished();
        if is_whole {
            self.end(frames);
        }
        self.over = true;
        is_whole
    }

    fn take(&mut self, piece: Bytes, frames: &mut Frames) -> Result<(), ProviderError> {
        let mut sse = match std::mem::take(&mut self.body) {
            Body::Unknown(mut blanks) => match piece.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None if blanks.len() + piece.len() > MAX_EVENT => {
                    return Err(bad_answer("the provider's answer is nothing but blanks"));
                }
                None => {
                    blanks.extend_from_slice(&piece);
                    self.body = Body::Unknown(blanks);
                    return Ok(());
                }
                Some(b'{') => {
                    self.body = Body::Whole(BytesMut::new());
                    return self.take(piece, frames);
                }
                Some(_) => {
                    // The blanks are lines, or the beginning of one.
                    let mut sse = SseDecoder::default();
                    let _ = sse.push(Bytes::from(blanks), &mut |_| true);
                    sse
                }
            },
            Body::Whole(mut body) => {
                if body.len() + piece.len() > MAX_WHOLE {
                    return Err(bad_answer("the provider's answer is too large"));
                }
                body.extend_from_slice(&piece);
                self.body = Body::Whole(body);
                return Ok(());
            }
            Body::Events(sse) => sse,
        };
        let mut result = Ok(());
        let pushed = sse.push(piece, &mut |event| {
            result = self.event(event, frames);
            result.is_ok() && !self.over
        });
        self.body = Body::Events(sse);
        result?;
        pushed.map_err(|EventTooLarge| bad_answer("a piece of the provider's answer is too large"))
    }

    /// What stands at the end of the body without a blank line: whole, or cut.
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
        if let Some(error) = failure(chunk.error) {
            return Err(inside_answer(error.get()));
        }
        if chunk.object.as_ref().is_some_and(|object| object.0 == "error") {
            return Err(inside_answer(text));
        }
        let (read, raw) = self.chunk(chunk, &event.data, text)?;
        self.put(read, raw, frames);
        Ok(())
    }

    fn chunk(
        &mut self,
        chunk: Chunk<'_>,
        data: &Bytes,
        text: &str,
    ) -> Result<(Read, Option<Bytes>), ProviderError> {
        let mut read = Read::default();
        let id = chunk.id.map(|id| id.0).unwrap_or_default();
        // OpenAI's clients fail on a piece without choices, even if it is a heartbeat.
        let has_choices = chunk.choices.is_some();
        let choices = chunk.choices.unwrap_or_default();
        // A first piece without choices and id is not an answer yet: Azure's has the filter's results.
        if !self.started && (!choices.is_empty() || !id.is_empty()) {
            self.started = true;
            self.state.id = id.into_owned();
            let model = chunk.model.map(|model| model.0.into_owned()).unwrap_or_default();
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
        let Read { events, is_odd, opens, more_name } = read;
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
    let mut edits = Outline::of_answer(text).ok()?.into_edits();
    edits.set("usage", "null".to_owned());
    edits.apply(text).map(Bytes::from)
}

/// The frames of a streamed answer, as its bytes come.
///
/// Ends after the frame with [`Event::End`], or with an error; an end without either means that the
/// upstream broke off.
pub fn decode_stream<S, E>(
    bytes: S,
    call_type: CallType,
) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    DecodedStream {
        bytes: Box::pin(bytes),
        decoder: StreamDecoder::new(call_type),
        frames: VecDeque::new(),
        error: None,
    }
}

struct DecodedStream<S> {
    bytes: Pin<Box<S>>,
    decoder: StreamDecoder,
    frames: VecDeque<Frame>,
    /// Told after the frames that came before it.
    error: Option<ProviderError>,
}

impl<S, E> Stream for DecodedStream<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Display,
{
    type Item = Result<Frame, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(frame) = this.frames.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            if let Some(error) = this.error.take() {
                return Poll::Ready(Some(Err(error)));
            }
            if this.decoder.is_over() {
                return Poll::Ready(None);
            }
            let fed = match ready!(this.bytes.as_mut().poll_next(cx)) {
                Some(Ok(piece)) => this.decoder.push(piece, &mut this.frames),
                Some(Err(_)) if this.decoder.broke_off(&mut this.frames) => Ok(()),
                Some(Err(error)) => Err(broken(&error)),
                None => this.decoder.finish(&mut this.frames),
            };
            this.error = fed.err();
        }
    }
}

fn broken(error: &impl Display) -> ProviderError {
    ProviderError {
        class: UpstreamClass::Transport,
        message: format!("the provider's answer broke off: {}", redact::message(&error.to_string())),
        ..bad_answer("")
    }
}
