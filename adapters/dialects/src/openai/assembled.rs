//! An answer put together from its events.

use bytes::{BufMut, BytesMut};
use hub_domain::vocabulary::{EmbeddingVector, Event, FinishReason, ImageData};

use super::finish::finish_reason;
use super::stream_encoder::image_part;
use crate::wire::text::string;

#[derive(Debug, Default)]
pub(super) struct Assembled {
    pub(super) id: String,
    /// As the upstream calls it.
    model: Option<String>,
    /// Unix seconds.
    pub(super) created: Option<u64>,
    choices: Vec<AssembledChoice>,
    pub(super) vectors: Vec<(u32, EmbeddingVector)>,
    /// With their revised prompts.
    pub(super) images: Vec<(ImageData, Option<String>)>,
}

#[derive(Debug)]
struct AssembledChoice {
    index: u32,
    text: Option<String>,
    thinking: String,
    refusal: Option<String>,
    calls: Vec<AssembledCall>,
    images: Vec<ImageData>,
    finish: Option<FinishReason>,
}

#[derive(Debug)]
struct AssembledCall {
    index: u32,
    id: String,
    name: String,
    arguments: String,
}

impl Assembled {
    /// `is_upstreams`: an upstream of this dialect said so, and its model's name is to be shown.
    pub(super) fn push(&mut self, event: &Event, is_upstreams: bool) {
        match event {
            Event::Start { id, model, created } => {
                id.clone_into(&mut self.id);
                self.model = Some(model.clone()).filter(|model| is_upstreams && !model.is_empty());
                self.created = created.and_then(|created| u64::try_from(created).ok());
            }
            Event::Text { choice, text } => {
                self.choice(*choice).text.get_or_insert_default().push_str(text);
            }
            Event::Thinking { choice, text } => self.choice(*choice).thinking.push_str(text),
            Event::Refusal { choice, text } => {
                self.choice(*choice).refusal.get_or_insert_default().push_str(text);
            }
            Event::ToolCallStart { choice, index, id, name } => {
                let (id, name) = (id.clone(), name.clone());
                let call = AssembledCall { index: *index, id, name, arguments: String::new() };
                self.choice(*choice).calls.push(call);
            }
            Event::ToolCallArguments { choice, index, fragment } => {
                let calls = &mut self.choice(*choice).calls;
                if let Some(call) = calls.iter_mut().find(|call| call.index == *index) {
                    call.arguments.push_str(fragment);
                }
            }
            Event::Embedding { index, vector } => self.vectors.push((*index, vector.clone())),
            Event::Image { image, revised_prompt, .. } => {
                self.choice(0).images.push(image.clone());
                self.images.push((image.clone(), revised_prompt.clone()));
            }
            Event::Finish { choice, reason } => self.choice(*choice).finish = Some(reason.clone()),
            Event::ThinkingSignature { .. } | Event::RedactedThinking { .. } => {}
            Event::Sketch(_) | Event::Audio(_) | Event::Usage(_) | Event::End => {}
        }
    }

    pub(super) fn upstream_model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    fn choice(&mut self, index: u32) -> &mut AssembledChoice {
        let found = self.choices.binary_search_by_key(&index, |choice| choice.index);
        let at = found.unwrap_or_else(|at| {
            let choice = AssembledChoice {
                index,
                text: None,
                thinking: String::new(),
                refusal: None,
                calls: Vec::new(),
                images: Vec::new(),
                finish: None,
            };
            self.choices.insert(at, choice);
            at
        });
        &mut self.choices[at]
    }

    /// The members of `choices`, without brackets.
    pub(super) fn write_choices(&self, out: &mut BytesMut) {
        for (position, choice) in self.choices.iter().enumerate() {
            if position > 0 {
                out.put_u8(b',');
            }
            choice.write(out);
        }
    }

    pub(super) fn first_text(&self) -> &str {
        self.choices.first().and_then(|choice| choice.text.as_deref()).unwrap_or_default()
    }

    /// The first choice's tool calls as JSON, if it has any.
    pub(super) fn first_calls(&self) -> Option<String> {
        let calls = &self.choices.first()?.calls;
        if calls.is_empty() {
            return None;
        }
        let mut out = BytesMut::new();
        write_calls(calls, &mut out);
        String::from_utf8(out.into()).ok()
    }
}

impl AssembledChoice {
    fn write(&self, out: &mut BytesMut) {
        out.put_slice(b"{\"index\":");
        out.put_slice(self.index.to_string().as_bytes());
        out.put_slice(b",\"message\":{\"role\":\"assistant\",\"content\":");
        match &self.text {
            Some(text) => string(out, text),
            // An answer without anything is an empty text; null says that there is something else.
            None if self.calls.is_empty() && self.refusal.is_none() => out.put_slice(b"\"\""),
            None => out.put_slice(b"null"),
        }
        out.put_slice(b",\"refusal\":");
        match &self.refusal {
            Some(refusal) => string(out, refusal),
            None => out.put_slice(b"null"),
        }
        if !self.thinking.is_empty() {
            out.put_slice(b",\"reasoning_content\":");
            string(out, &self.thinking);
        }
        if !self.calls.is_empty() {
            out.put_slice(b",\"tool_calls\":");
            write_calls(&self.calls, out);
        }
        if !self.images.is_empty() {
            out.put_slice(b",\"images\":[");
            for (position, image) in self.images.iter().enumerate() {
                if position > 0 {
                    out.put_u8(b',');
                }
                image_part(image, out);
            }
            out.put_u8(b']');
        }
        out.put_slice(b"},\"logprobs\":null,\"finish_reason\":");
        string(out, self.finish.as_ref().map_or("stop", finish_reason));
        out.put_u8(b'}');
    }
}

fn write_calls(calls: &[AssembledCall], out: &mut BytesMut) {
    for (position, call) in calls.iter().enumerate() {
        out.put_u8(if position == 0 { b'[' } else { b',' });
        out.put_slice(b"{\"id\":");
        string(out, &call.id);
        out.put_slice(b",\"type\":\"function\",\"function\":{\"name\":");
        string(out, &call.name);
        out.put_slice(b",\"arguments\":");
        string(out, &call.arguments);
        out.put_slice(b"}}");
    }
    out.put_u8(b']');
}
