//! A streamed answer into frames: from bytes to the events of a stream, which each dialect reads its own way.

use std::collections::VecDeque;
use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::Frame;

use super::upstream_error::bad_answer;
use crate::redact;
use crate::sse::{EventTooLarge, MAX_EVENT, SseDecoder, SseEvent};

/// A whole answer in place of a stream is never larger.
const MAX_WHOLE: usize = 64 * 1024 * 1024;

type Frames = VecDeque<Frame>;

/// Reads the events of one dialect's stream; what one leaves open, the next one is read with.
pub trait ReadEvents {
    fn event(&mut self, event: SseEvent, frames: &mut Frames) -> Result<(), ProviderError>;

    /// What stands at the end of the body without a blank line: whole, or cut.
    fn last(&mut self, event: SseEvent, frames: &mut Frames) -> Result<(), ProviderError>;

    /// Nothing more comes. Without an error, an answer of which only the formal end is missing is whole.
    /// Whether it is.
    fn close(&mut self, failed: bool, frames: &mut Frames) -> bool;

    /// Whether nothing that comes now counts.
    fn is_over(&self) -> bool;

    /// Reads a whole answer that came in place of a stream.
    fn whole(&self, body: Bytes) -> Result<Frame, ProviderError>;
}

/// Server-sent events to frames. It holds at most one incomplete event.
///
/// An answer that is whole ends with a frame that has [`Event::End`](hub_domain::vocabulary::Event);
/// frames that end without it come from an upstream that broke off.
#[derive(Debug)]
pub struct StreamDecoder<R> {
    body: Body,
    reader: R,
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

impl<R: ReadEvents + Default> StreamDecoder<R> {
    #[allow(clippy::new_without_default)] // a decoder is for one stream
    pub fn new() -> Self {
        Self::of(R::default())
    }
}

impl<R: ReadEvents> StreamDecoder<R> {
    pub(crate) fn of(reader: R) -> Self {
        Self { body: Body::Unknown(Vec::new()), reader }
    }

    /// Whether the answer is whole, or will not become it.
    pub fn is_over(&self) -> bool {
        self.reader.is_over()
    }

    /// Feeds a piece of the body, cut anywhere; the frames that it completes go to `frames`.
    pub fn push(&mut self, piece: Bytes, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        if self.is_over() {
            return Ok(());
        }
        let result = self.take(piece, frames);
        if result.is_err() {
            self.reader.close(true, frames);
        }
        result
    }

    /// The body has ended.
    pub fn finish(&mut self, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        if self.is_over() {
            return Ok(());
        }
        let result = match &mut self.body {
            Body::Unknown(_) => Ok(()),
            Body::Whole(body) => {
                self.reader.whole(body.split().freeze()).map(|frame| frames.push_back(frame))
            }
            Body::Events(sse) => match sse.finish() {
                Some(event) => self.reader.last(event, frames),
                None => Ok(()),
            },
        };
        self.reader.close(result.is_err(), frames);
        result
    }

    /// Reading failed. An answer whose choices have all ended is whole all the same; whether it is.
    pub fn broke_off(&mut self, frames: &mut VecDeque<Frame>) -> bool {
        self.reader.close(false, frames)
    }

    fn take(&mut self, piece: Bytes, frames: &mut VecDeque<Frame>) -> Result<(), ProviderError> {
        match &mut self.body {
            Body::Events(sse) => {
                let reader = &mut self.reader;
                let mut result = Ok(());
                let pushed = sse.push(piece, &mut |event| {
                    result = reader.event(event, frames);
                    result.is_ok() && !reader.is_over()
                });
                result?;
                pushed.map_err(|EventTooLarge| bad_answer("a piece of the provider's answer is too large"))
            }
            Body::Whole(body) if body.len() + piece.len() > MAX_WHOLE => {
                Err(bad_answer("the provider's answer is too large"))
            }
            Body::Whole(body) => {
                body.extend_from_slice(&piece);
                Ok(())
            }
            Body::Unknown(blanks) => match piece.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None if blanks.len() + piece.len() > MAX_EVENT => {
                    Err(bad_answer("the provider's answer is nothing but blanks"))
                }
                None => {
                    blanks.extend_from_slice(&piece);
                    Ok(())
                }
                Some(b'{') => {
                    self.body = Body::Whole(BytesMut::from(blanks.as_slice()));
                    self.take(piece, frames)
                }
                Some(_) => {
                    // The blanks are lines, or the beginning of one.
                    let blanks = Bytes::from(std::mem::take(blanks));
                    self.body = Body::Events(SseDecoder::default());
                    self.take(blanks, frames)?;
                    self.take(piece, frames)
                }
            },
        }
    }
}

/// The frames of a streamed answer, as its bytes come.
///
/// Ends after the frame with [`Event::End`], or with an error; an end without either means that the
/// upstream broke off.
pub(crate) fn decode_stream<S, E, R>(
    bytes: S,
    reader: R,
) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
    R: ReadEvents + Send + Unpin,
{
    DecodedStream {
        bytes: Box::pin(bytes),
        decoder: StreamDecoder::of(reader),
        frames: VecDeque::new(),
        error: None,
    }
}

struct DecodedStream<S, R> {
    bytes: Pin<Box<S>>,
    decoder: StreamDecoder<R>,
    frames: VecDeque<Frame>,
    /// Told after the frames that came before it.
    error: Option<ProviderError>,
}

impl<S, E, R> Stream for DecodedStream<S, R>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Display,
    R: ReadEvents + Unpin,
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
