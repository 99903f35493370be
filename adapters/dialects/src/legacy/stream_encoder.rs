//! A streamed answer in the older dialect: as events, or as nothing but its text.

use bytes::{BufMut, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Event, Frame, Receipt};

use crate::answer_style::AnswerStyle;
use crate::openai::{KEEP_ALIVE, Surface, error_answer};
use crate::wire::calls::{Call, Calls};
use crate::wire::receipt::annotated;
use crate::wire::text::string;

/// Writes a streamed answer. Its end is the end of the connection.
#[derive(Debug)]
pub struct StreamEncoder {
    style: AnswerStyle,
    /// Each is told once, when it is whole.
    calls: Calls,
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, calls: Calls::default() }
    }

    /// A comment, where there are events.
    pub fn keep_alive(&self) -> Option<&'static str> {
        (!self.style.plain_text).then_some(KEEP_ALIVE)
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        for event in &frame.events {
            match event {
                Event::Text { choice: 0, text } | Event::Refusal { choice: 0, text } if !text.is_empty() => {
                    if self.style.plain_text {
                        out.put_slice(text.as_bytes());
                    } else {
                        delta(text, out);
                    }
                }
                Event::ToolCallStart { choice: 0, .. } | Event::ToolCallArguments { choice: 0, .. } => {
                    self.calls.push(event);
                }
                _ => {}
            }
        }
    }

    /// The answer is whole and paid for.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        // Text alone has no words for calls.
        if self.style.plain_text {
            return;
        }
        self.calls.0.drain(..).for_each(|call| tell(&call, out));
        let quantities = &receipt.usage.quantities;
        let made = || {
            let (input, output) = (quantities.input_tokens(), quantities.output_tokens());
            let total = quantities.total_tokens();
            format!("{{\"promptTokens\":{input},\"completionTokens\":{output},\"totalTokens\":{total}}}")
        };
        out.put_slice(b"data: {\"usage\":");
        out.put_slice(annotated(None, made, receipt).as_bytes());
        out.put_slice(b"}\n\n");
    }

    /// The answer broke off.
    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        let message = error_answer::tell(error, Surface::Api).message;
        if self.style.plain_text {
            out.put_slice(b"ERROR: ");
            out.put_slice(message.as_bytes());
            return;
        }
        out.put_slice(b"data: {\"error\":{\"message\":");
        string(out, &message);
        out.put_slice(b"}}\n\n");
    }
}

fn delta(text: &str, out: &mut BytesMut) {
    out.put_slice(b"data: {\"delta\":{\"role\":\"assistant\",\"content\":");
    string(out, text);
    out.put_slice(b",\"toolCalls\":[]}}\n\n");
}

fn tell(call: &Call, out: &mut BytesMut) {
    out.put_slice(b"data: {\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"toolCalls\":[{\"id\":");
    string(out, &call.id);
    out.put_slice(b",\"type\":\"function\",\"function\":{\"name\":");
    string(out, &call.name);
    out.put_slice(b",\"arguments\":");
    string(out, &call.arguments);
    out.put_slice(b"}}]}}\n\n");
}
