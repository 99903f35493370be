//! A non-streamed answer as one message.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::vocabulary::{Dialect, Event, FinishReason, Frame, Receipt};
use serde_json::value::RawValue;

use super::{stop_reason, usage};
use crate::answer_style::AnswerStyle;
use crate::outline::with_member;
use crate::wire::text::string;

/// Collects an answer and writes it with what it cost.
///
/// The message that an upstream of this dialect sent is kept with all its fields; only `usage` is annotated.
/// Answers without one are written from their events.
#[derive(Debug)]
pub struct WholeEncoder {
    style: AnswerStyle,
    /// The upstream's own message.
    raw: Option<Bytes>,
    blocks: Vec<Block>,
    finish: Option<FinishReason>,
}

#[derive(Debug)]
enum Block {
    Text(String),
    Thinking { text: String, signature: String },
    Redacted(String),
    Call { index: u32, id: String, name: String, arguments: String },
}

impl WholeEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, raw: None, blocks: Vec::new(), finish: None }
    }

    pub fn push(&mut self, frame: &Frame) {
        let is_whole = frame.events.last() == Some(&Event::End);
        match &frame.raw {
            Some((Dialect::Anthropic, raw)) if is_whole && frame.events.len() > 2 => {
                self.raw = Some(raw.clone());
            }
            _ => frame.events.iter().for_each(|event| self.event(event)),
        }
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let text = self.raw.as_deref().and_then(|raw| std::str::from_utf8(raw).ok());
        let kept = text.and_then(|text| kept(text, receipt));
        kept.map_or_else(|| self.written(receipt), Bytes::from)
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Text { choice: 0, text } | Event::Refusal { choice: 0, text } => {
                if let Some(Block::Text(said)) = self.blocks.last_mut() {
                    said.push_str(text);
                } else {
                    self.blocks.push(Block::Text(text.clone()));
                }
            }
            Event::Thinking { choice: 0, text } => self.thinking(text, ""),
            Event::ThinkingSignature { choice: 0, signature } => self.thinking("", signature),
            Event::RedactedThinking { choice: 0, data } => self.blocks.push(Block::Redacted(data.clone())),
            Event::ToolCallStart { choice: 0, index, id, name } => {
                let (index, id, name) = (*index, id.clone(), name.clone());
                self.blocks.push(Block::Call { index, id, name, arguments: String::new() });
            }
            Event::ToolCallArguments { choice: 0, index: of, fragment } => {
                let arguments = self.blocks.iter_mut().find_map(|block| match block {
                    Block::Call { index, arguments, .. } if index == of => Some(arguments),
                    _ => None,
                });
                if let Some(arguments) = arguments {
                    arguments.push_str(fragment);
                }
            }
            Event::Finish { choice: 0, reason } => self.finish = Some(reason.clone()),
            _ => {}
        }
    }

    /// Adds to the thoughts at hand, and to their seal.
    fn thinking(&mut self, more: &str, seal: &str) {
        if let Some(Block::Thinking { text, signature }) = self.blocks.last_mut() {
            text.push_str(more);
            signature.push_str(seal);
        } else {
            self.blocks.push(Block::Thinking { text: more.to_owned(), signature: seal.to_owned() });
        }
    }

    fn written(&self, receipt: &Receipt) -> Bytes {
        let mut out = BytesMut::with_capacity(512);
        out.put_slice(b"{\"id\":\"msg_");
        out.put_slice(self.style.call.to_string().as_bytes());
        out.put_slice(b"\",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
        string(&mut out, &self.style.model);
        out.put_slice(b",\"content\":[");
        for (position, block) in self.blocks.iter().enumerate() {
            if position > 0 {
                out.put_u8(b',');
            }
            block.write(&mut out);
        }
        let reason = self.finish.clone().unwrap_or(FinishReason::Stop);
        out.put_slice(b"],\"stop_reason\":");
        string(&mut out, stop_reason::word(&reason));
        out.put_slice(b",\"stop_sequence\":");
        match stop_reason::sequence(&reason) {
            Some(sequence) => string(&mut out, sequence),
            None => out.put_slice(b"null"),
        }
        out.put_slice(b",\"usage\":");
        out.put_slice(usage::settled(None, receipt).as_bytes());
        out.put_u8(b'}');
        out.freeze()
    }
}

impl Block {
    fn write(&self, out: &mut BytesMut) {
        match self {
            Self::Text(text) => {
                out.put_slice(b"{\"type\":\"text\",\"text\":");
                string(out, text);
            }
            Self::Thinking { text, signature } => {
                out.put_slice(b"{\"type\":\"thinking\",\"thinking\":");
                string(out, text);
                out.put_slice(b",\"signature\":");
                string(out, signature);
            }
            Self::Redacted(data) => {
                out.put_slice(b"{\"type\":\"redacted_thinking\",\"data\":");
                string(out, data);
            }
            Self::Call { id, name, arguments, .. } => {
                out.put_slice(b"{\"type\":\"tool_use\",\"id\":");
                string(out, id);
                out.put_slice(b",\"name\":");
                string(out, name);
                out.put_slice(b",\"input\":");
                match arguments.trim() {
                    "" => out.put_slice(b"{}"),
                    arguments => match serde_json::from_str::<&RawValue>(arguments) {
                        Ok(arguments) => out.put_slice(arguments.get().as_bytes()),
                        // Cut, or made up by a model: it is shown as it is, and nothing is repaired.
                        Err(_) => string(out, arguments),
                    },
                }
            }
        }
        out.put_u8(b'}');
    }
}

/// The upstream's message with its usage annotated.
fn kept(text: &str, receipt: &Receipt) -> Option<String> {
    with_member(text, "usage", |own| Some(usage::settled(own, receipt)))
}
