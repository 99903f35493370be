//! A streamed answer as deltas of one answer.

use bytes::{BufMut, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Event, Frame, Receipt};

use super::answer::Answer;
use super::usage;
use crate::answer_style::AnswerStyle;
use crate::openai::{Surface, error_answer};
use crate::wire::text::{one_line, string};

/// A comment. Clients warn of events that they don't know.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// Writes a streamed answer. Its end is the end of the connection.
#[derive(Debug)]
pub struct StreamEncoder {
    style: AnswerStyle,
    answer: Answer,
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, answer: Answer::default() }
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        for event in &frame.events {
            match event {
                Event::Start { model, .. } if !model.is_empty() && self.answer.model.is_none() => {
                    out.put_slice(b"data: {\"delta\":{\"json\":{\"model\":");
                    string(out, model);
                    out.put_slice(b"}}}\n\n");
                    self.answer.push(event);
                }
                // An object is told when it is whole.
                Event::Text { choice: 0, .. } | Event::Refusal { choice: 0, .. }
                    if self.style.json_output =>
                {
                    self.answer.push(event);
                }
                Event::Text { choice: 0, text } | Event::Refusal { choice: 0, text } => {
                    piece("text", text, out);
                }
                Event::Thinking { choice: 0, text } => piece("thoughts", text, out),
                Event::Image { .. } | Event::ToolCallStart { .. } | Event::ToolCallArguments { .. } => {
                    self.answer.push(event)
                }
                _ => {}
            }
        }
    }

    /// The answer is whole and paid for: what it cost goes with all that clients get in one piece.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        out.put_slice(b"data: {\"delta\":{\"json\":{");
        if self.answer.has_calls() {
            out.put_slice(b"\"toolCalls\":");
            self.answer.calls(out);
            out.put_u8(b',');
        }
        if self.answer.has_files() {
            out.put_slice(b"\"files\":");
            self.answer.files(out);
            out.put_u8(b',');
        }
        if self.style.json_output && !self.answer.text.is_empty() {
            match self.answer.json() {
                Some(json) => {
                    out.put_slice(b"\"json\":");
                    one_line(out, json.as_bytes());
                }
                None => {
                    out.put_slice(b"\"text\":");
                    string(out, &self.answer.text);
                }
            }
            out.put_u8(b',');
        }
        out.put_slice(b"\"usage\":");
        out.put_slice(usage::settled(receipt).as_bytes());
        out.put_slice(b",\"modelWithProvider\":");
        string(out, &self.style.model);
        out.put_slice(b"}}}\n\n");
    }

    /// The answer broke off.
    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        out.put_slice(b"event: error\ndata: {\"message\":");
        string(out, &error_answer::tell(error, Surface::Api).message);
        out.put_slice(b"}\n\n");
    }
}

fn piece(field: &str, text: &str, out: &mut BytesMut) {
    if text.is_empty() {
        return;
    }
    out.put_slice(b"data: {\"delta\":{\"text\":{\"");
    out.put_slice(field.as_bytes());
    out.put_slice(b"\":");
    string(out, text);
    out.put_slice(b"}}}\n\n");
}
