//! What of an answer is told in one piece, whether the answer streams or not.

use bytes::{BufMut, BytesMut};
use hub_domain::vocabulary::Event;

use crate::wire::text::string;

/// Calls of tools, which a client gets whole, and the text where that is to be an object.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The model as its provider names it.
    pub model: Option<String>,
    pub text: String,
    pub thoughts: String,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    index: u32,
    id: String,
    name: String,
    arguments: String,
}

impl Answer {
    pub fn push(&mut self, event: &Event) {
        match event {
            Event::Start { model, .. } if !model.is_empty() => self.model = Some(model.clone()),
            Event::Text { choice: 0, text } | Event::Refusal { choice: 0, text } => self.text.push_str(text),
            Event::Thinking { choice: 0, text } => self.thoughts.push_str(text),
            Event::ToolCallStart { choice: 0, index, id, name } => self.calls.push(Call {
                index: *index,
                id: id.clone(),
                name: name.clone(),
                arguments: String::new(),
            }),
            Event::ToolCallArguments { choice: 0, index, fragment } => {
                if let Some(call) = self.calls.iter_mut().find(|call| call.index == *index) {
                    call.arguments.push_str(fragment);
                }
            }
            _ => {}
        }
    }

    pub fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The list of calls. Arguments are objects here; what a model wrote that is none is told as no
    /// arguments at all.
    pub fn calls(&self, out: &mut BytesMut) {
        out.put_u8(b'[');
        for (position, call) in self.calls.iter().enumerate() {
            if position > 0 {
                out.put_u8(b',');
            }
            out.put_slice(b"{\"id\":");
            string(out, &call.id);
            out.put_slice(b",\"type\":\"function\",\"function\":{\"name\":");
            string(out, &call.name);
            out.put_slice(b",\"arguments\":");
            out.put_slice(object(&call.arguments).unwrap_or("{}").as_bytes());
            out.put_slice(b"}}");
        }
        out.put_u8(b']');
    }

    /// The text as an object; `None` where it is none.
    pub fn json(&self) -> Option<&str> {
        object(&self.text)
    }
}

fn object(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    (text.starts_with('{') && is_json).then_some(text)
}
