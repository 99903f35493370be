//! The parts of an answer as Gemini writes them: calls of functions whole, never in pieces.

use bytes::{BufMut, BytesMut};
use hub_domain::vocabulary::{Event, FinishReason};

use super::finish_reason;
use crate::wire::calls::Calls;
use crate::wire::text::string;

/// What one candidate has said so far, as far as it can't be written yet.
#[derive(Debug, Default)]
pub(super) struct Candidate {
    pub(super) index: u32,
    calls: Calls,
    pub(super) finish: Option<FinishReason>,
}

impl Candidate {
    pub(super) fn new(index: u32) -> Self {
        Self { index, ..Self::default() }
    }

    /// Writes the part that an event makes; whether there is one. Calls wait for [`Self::calls`].
    pub(super) fn event(&mut self, event: &Event, out: &mut BytesMut) -> bool {
        match event {
            Event::Text { text, .. } | Event::Refusal { text, .. } => {
                out.put_slice(b"{\"text\":");
                string(out, text);
                out.put_u8(b'}');
                return true;
            }
            Event::Thinking { text, .. } => {
                out.put_slice(b"{\"text\":");
                string(out, text);
                out.put_slice(b",\"thought\":true}");
                return true;
            }
            Event::Finish { reason, .. } => self.finish = Some(reason.clone()),
            _ => self.calls.push(event),
        }
        false
    }

    /// Writes the calls that were collected, each once; how many.
    pub(super) fn calls(&mut self, separated: bool, out: &mut BytesMut) -> usize {
        let calls = std::mem::take(&mut self.calls);
        for (position, call) in calls.0.iter().enumerate() {
            if separated || position > 0 {
                out.put_u8(b',');
            }
            out.put_slice(b"{\"functionCall\":{\"id\":");
            string(out, &call.id);
            out.put_slice(b",\"name\":");
            string(out, &call.name);
            out.put_slice(b",\"args\":");
            match call.object() {
                Some(args) => out.put_slice(args.as_bytes()),
                // Cut, or made up by a model: it is shown as it is, and nothing is repaired.
                None if !call.arguments.trim().is_empty() => {
                    out.put_slice(b"{\"raw\":");
                    string(out, &call.arguments);
                    out.put_u8(b'}');
                }
                None => out.put_slice(b"{}"),
            }
            out.put_slice(b"}}");
        }
        calls.0.len()
    }

    pub(super) fn word(&self) -> &'static str {
        self.finish.as_ref().map_or("STOP", finish_reason::word)
    }
}

/// The choice that an event speaks of.
pub(super) fn choice(event: &Event) -> Option<u32> {
    match event {
        Event::Text { choice, .. }
        | Event::Thinking { choice, .. }
        | Event::Refusal { choice, .. }
        | Event::ToolCallStart { choice, .. }
        | Event::ToolCallArguments { choice, .. }
        | Event::Finish { choice, .. } => Some(*choice),
        _ => None,
    }
}
