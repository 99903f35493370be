//! What of an answer is told in one piece, whether the answer streams or not.

use bytes::{BufMut, BytesMut};
use hub_domain::vocabulary::{Event, ImageData};

use super::images;
use crate::wire::calls::{Calls, object};
use crate::wire::text::string;

/// Calls of tools, which a client gets whole, and the text where that is to be an object.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The model as its provider names it.
    pub model: Option<String>,
    pub text: String,
    pub thoughts: String,
    calls: Calls,
    files: Vec<ImageData>,
}

impl Answer {
    pub fn push(&mut self, event: &Event) {
        match event {
            Event::Start { model, .. } if !model.is_empty() => self.model = Some(model.clone()),
            Event::Image { image, .. } => self.files.push(image.clone()),
            Event::Text { choice: 0, text } | Event::Refusal { choice: 0, text } => self.text.push_str(text),
            Event::Thinking { choice: 0, text } => self.thoughts.push_str(text),
            Event::ToolCallStart { choice: 0, .. } | Event::ToolCallArguments { choice: 0, .. } => {
                self.calls.push(event);
            }
            _ => {}
        }
    }

    pub fn has_calls(&self) -> bool {
        !self.calls.0.is_empty()
    }

    /// The list of calls. Arguments are objects here; what a model wrote that is none is told as no
    /// arguments at all.
    pub fn calls(&self, out: &mut BytesMut) {
        out.put_u8(b'[');
        for (position, call) in self.calls.0.iter().enumerate() {
            if position > 0 {
                out.put_u8(b',');
            }
            out.put_slice(b"{\"id\":");
            string(out, &call.id);
            out.put_slice(b",\"type\":\"function\",\"function\":{\"name\":");
            string(out, &call.name);
            out.put_slice(b",\"arguments\":");
            out.put_slice(call.object().unwrap_or("{}").as_bytes());
            out.put_slice(b"}}");
        }
        out.put_u8(b']');
    }

    pub fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// The list of images.
    pub fn files(&self, out: &mut BytesMut) {
        images::files(&self.files, out);
    }

    /// The text as an object; `None` where it is none.
    pub fn json(&self) -> Option<&str> {
        object(&self.text)
    }
}
