//! The parts of an answer as Gemini writes them: calls of functions whole, never in pieces.

use bytes::{BufMut, BytesMut};
use hub_domain::vocabulary::{Event, FinishReason};

use super::finish_reason;
use crate::wire::calls::Calls;
use crate::wire::seal::{self, Carried};
use crate::wire::text::string;

/// What one candidate has said so far, as far as it can't be written yet.
#[derive(Debug, Default)]
pub(super) struct Candidate {
    pub(super) index: u32,
    calls: Calls,
    pub(super) finish: Option<FinishReason>,
    /// Of the thoughts before it, in pieces so far.
    seal: String,
}

impl Candidate {
    pub(super) fn new(index: u32) -> Self {
        Self { index, ..Self::default() }
    }

    /// Writes the part that an event makes; whether there is one. Calls wait for [`Self::calls`].
    pub(super) fn event(&mut self, event: &Event, out: &mut BytesMut) -> bool {
        if let Event::ThinkingSignature { signature, .. } = event {
            self.seal.push_str(signature);
            return false;
        }
        let is_sealed = self.sealed(out);
        let before = out.len();
        if is_sealed {
            out.put_u8(b',');
        }
        let is_part = self.part(event, out);
        if !is_part {
            out.truncate(before);
        }
        is_part || is_sealed
    }

    /// Writes the seal that was collected, as a part of its own; whether there was one.
    fn sealed(&mut self, out: &mut BytesMut) -> bool {
        let seal = std::mem::take(&mut self.seal);
        let is_sealed = !seal.is_empty();
        if is_sealed {
            carried(&Carried::Seal(seal), out);
        }
        is_sealed
    }

    fn part(&mut self, event: &Event, out: &mut BytesMut) -> bool {
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
            Event::RedactedThinking { data, .. } => {
                carried(&Carried::Thoughts(data.clone()), out);
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

fn carried(what: &Carried, out: &mut BytesMut) {
    out.put_slice(b"{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"");
    out.put_slice(seal::carried(what).as_bytes());
    out.put_slice(b"\"}");
}

/// The choice that an event speaks of.
pub(super) fn choice(event: &Event) -> Option<u32> {
    match event {
        Event::Text { choice, .. }
        | Event::Thinking { choice, .. }
        | Event::ThinkingSignature { choice, .. }
        | Event::RedactedThinking { choice, .. }
        | Event::Refusal { choice, .. }
        | Event::ToolCallStart { choice, .. }
        | Event::ToolCallArguments { choice, .. }
        | Event::Finish { choice, .. } => Some(*choice),
        _ => None,
    }
}
