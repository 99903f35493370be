//! Gemini's answers into frames: each event of a stream is a whole response with what is new.

use std::collections::VecDeque;
use std::fmt::Display;

use bytes::Bytes;
use futures_core::Stream;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Dialect, Event, FinishReason, Frame, ImageData};
use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::{finish_reason, usage};
use crate::sse::SseEvent;
use crate::wire::decode_stream::{self, ReadEvents};
use crate::wire::loose::{Number, Short, Text, shared};
use crate::wire::seal;
use crate::wire::upstream_error::{bad_answer, inside_answer};

const MAX_CHOICES: usize = 128;
const MAX_CALLS: u32 = 512;

/// Server-sent events of `streamGenerateContent` to frames.
pub type StreamDecoder = decode_stream::StreamDecoder<ResponseReader>;

/// The frames of a streamed answer, as its bytes come.
///
/// Ends after the frame with [`Event::End`], which comes when the upstream closes the stream, or with an error;
/// an end without either means that the upstream broke off.
pub fn decode_stream<S, E>(bytes: S) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    decode_stream::decode_stream(bytes, ResponseReader::default())
}

/// Decodes a whole answer: one frame with everything that it says up to [`Event::End`].
pub fn decode_whole(body: Bytes) -> Result<Frame, ProviderError> {
    let text = std::str::from_utf8(&body).map_err(|_| bad_answer("the provider's answer is not UTF-8"))?;
    let mut reader = ResponseReader::default();
    let mut events = Events::new();
    reader.response(&body, text, &mut events)?;
    if !reader.started {
        return Err(bad_answer("the provider's answer is empty"));
    }
    reader.missing_ends(&mut events);
    events.push(Event::End);
    Ok(Frame { raw: Some((Dialect::Gemini, body)), events })
}

/// Reads the responses; what one leaves open, the next one is read with.
#[derive(Debug, Default)]
pub struct ResponseReader {
    id: String,
    choices: SmallVec<[Choice; 1]>,
    images: u32,
    started: bool,
    over: bool,
}

#[derive(Debug)]
struct Choice {
    index: u32,
    calls: u32,
    finished: bool,
}

type Events = SmallVec<[Event; 2]>;
type Frames = VecDeque<Frame>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Response<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(borrow)]
    usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    model_version: Short<'a>,
    #[serde(borrow)]
    response_id: Short<'a>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Candidate<'a> {
    index: Number,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    finish_reason: Short<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<Vec<Part<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Part<'a> {
    text: Text,
    thought: Option<bool>,
    thought_signature: Text,
    #[serde(borrow)]
    function_call: Option<FunctionCall<'a>>,
    #[serde(borrow)]
    inline_data: Option<InlineData<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InlineData<'a> {
    #[serde(borrow)]
    mime_type: Short<'a>,
    #[serde(borrow)]
    data: Short<'a>,
}

impl InlineData<'_> {
    fn is_image(&self) -> bool {
        self.mime_type.0.as_deref().is_some_and(|kind| kind.starts_with("image/"))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FunctionCall<'a> {
    id: Text,
    name: Text,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PromptFeedback<'a> {
    #[serde(borrow)]
    block_reason: Short<'a>,
}

impl ResponseReader {
    /// `text` is the whole of `body`, which images are slices of.
    fn response(&mut self, body: &Bytes, text: &str, events: &mut Events) -> Result<(), ProviderError> {
        let response: Response<'_> = serde_json::from_str(text)
            .map_err(|_| bad_answer("a piece of the provider's answer can't be understood"))?;
        if let Some(error) = response.error {
            return Err(inside_answer(error.get()));
        }
        let candidates = response.candidates.unwrap_or_default();
        let is_blocked = response.prompt_feedback.is_some_and(|told| told.block_reason.0.is_some());
        if !self.started && (!candidates.is_empty() || is_blocked || response.usage_metadata.is_some()) {
            self.started = true;
            self.id = response.response_id.text();
            let model = response.model_version.text();
            events.push(Event::Start { id: self.id.clone(), model, created: None });
        }
        if is_blocked && candidates.is_empty() {
            let at = self.choice(0)?;
            self.finish(at, FinishReason::ContentFilter, events);
        }
        for (position, candidate) in candidates.into_iter().enumerate() {
            let position = u32::try_from(position).unwrap_or(0);
            let at = self.choice(candidate.index.0.unwrap_or(position))?;
            for part in candidate.content.and_then(|content| content.parts).into_iter().flatten() {
                self.part(at, part, body, events)?;
            }
            if let Some(reason) = candidate.finish_reason.0.as_deref() {
                let reason = finish_reason::read(reason, self.choices[at].calls > 0);
                self.finish(at, reason, events);
            }
        }
        let reported = response.usage_metadata.and_then(|usage| usage::normalise(usage.get()));
        events.extend(reported.map(Event::Usage));
        Ok(())
    }

    fn part(
        &mut self,
        at: usize,
        part: Part<'_>,
        body: &Bytes,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        let is_image = part.inline_data.as_ref().is_some_and(InlineData::is_image);
        if let Some(InlineData { data, .. }) = part.inline_data
            && let Some(image) = shared(body, data).filter(|_| is_image && part.thought != Some(true))
        {
            let index = self.images;
            self.images = index.saturating_add(1);
            events.push(Event::Image { index, image: ImageData::Base64(image), revised_prompt: None });
        }
        let Choice { index: choice, calls, .. } = &mut self.choices[at];
        let choice = *choice;
        if let Some(text) = part.text.filled() {
            let is_thought = part.thought.unwrap_or_default();
            events.push(if is_thought {
                Event::Thinking { choice, text }
            } else {
                Event::Text { choice, text }
            });
        }
        if let Some(call) = part.function_call {
            let index = *calls;
            *calls += 1;
            if index >= MAX_CALLS {
                return Err(bad_answer("the provider's answer has too many tool calls"));
            }
            // Google wants it back at the same call.
            if let Some(sealed) = part.thought_signature.filled() {
                events.push(Event::ThinkingSignature { choice, signature: seal::of_gemini(&sealed) });
            }
            // The answer's id keeps those of two turns apart.
            let id = call.id.filled().unwrap_or_else(|| format!("call_{}_{choice}_{index}", self.id));
            events.push(Event::ToolCallStart { choice, index, id, name: call.name.0.unwrap_or_default() });
            let fragment = call.args.map_or("{}", RawValue::get).to_owned();
            events.push(Event::ToolCallArguments { choice, index, fragment });
        }
        Ok(())
    }

    fn choice(&mut self, index: u32) -> Result<usize, ProviderError> {
        if let Some(at) = self.choices.iter().position(|choice| choice.index == index) {
            return Ok(at);
        }
        if self.choices.len() >= MAX_CHOICES {
            return Err(bad_answer("the provider's answer has too many candidates"));
        }
        self.choices.push(Choice { index, calls: 0, finished: false });
        Ok(self.choices.len() - 1)
    }

    fn finish(&mut self, at: usize, reason: FinishReason, events: &mut Events) {
        let choice = &mut self.choices[at];
        if !std::mem::replace(&mut choice.finished, true) {
            events.push(Event::Finish { choice: choice.index, reason });
        }
    }

    fn missing_ends(&mut self, events: &mut Events) {
        for at in 0..self.choices.len() {
            let reason = finish_reason::read("STOP", self.choices[at].calls > 0);
            self.finish(at, reason, events);
        }
    }
}

impl ReadEvents for ResponseReader {
    fn event(&mut self, event: SseEvent, frames: &mut Frames) -> Result<(), ProviderError> {
        let text = std::str::from_utf8(&event.data)
            .map_err(|_| bad_answer("a piece of the provider's answer is not UTF-8"))?;
        if text.trim_ascii().is_empty() {
            return Ok(());
        }
        if event.is_error {
            return Err(inside_answer(text));
        }
        let mut events = Events::new();
        self.response(&event.data, text, &mut events)?;
        frames.push_back(Frame { raw: Some((Dialect::Gemini, event.data.clone())), events });
        Ok(())
    }

    fn last(&mut self, event: SseEvent, frames: &mut Frames) -> Result<(), ProviderError> {
        let is_whole = serde_json::from_slice::<Response<'_>>(&event.data).is_ok();
        if is_whole { self.event(event, frames) } else { Ok(()) }
    }

    /// The stream has no end of its own: an answer whose candidates have all finished is whole.
    fn close(&mut self, failed: bool, frames: &mut Frames) -> bool {
        let is_finished = !self.choices.is_empty() && self.choices.iter().all(|choice| choice.finished);
        let is_whole = !failed && !self.over && is_finished;
        if is_whole {
            frames.push_back(Frame { raw: None, events: SmallVec::from_iter([Event::End]) });
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
