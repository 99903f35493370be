//! A streamed answer as Anthropic's events.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Dialect, Event, FinishReason, Frame, Receipt};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{error_answer, stop_reason, usage};
use crate::answer_style::AnswerStyle;
use crate::outline::with_member;
use crate::wire::loose::Short;
use crate::wire::text::string;
use crate::wire::written_event::named_event;

/// An event that keeps a silent stream open; clients skip it.
pub const KEEP_ALIVE: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";

const MESSAGE_DELTA: &str = "message_delta";
const MESSAGE_STOP: &[u8] = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// Writes a streamed answer.
///
/// What an upstream of this dialect sent goes out byte for byte, apart from the last usage, which waits for
/// the settlement. What has no bytes is written from its events, one block after the other: clients don't
/// take blocks that overlap.
#[derive(Debug)]
pub struct StreamEncoder {
    style: AnswerStyle,
    /// An upstream's bytes went out.
    has_raw: bool,
    /// The upstream's own `message_delta`.
    last_delta: Option<Bytes>,
    begun: bool,
    /// The next block's place.
    index: u32,
    open: Option<Open>,
    calls: Vec<Call>,
    finish: Option<FinishReason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    /// A call by its place among the calls.
    Call(usize),
}

#[derive(Debug)]
struct Call {
    index: u32,
    id: String,
    name: String,
    /// What it has said so far: to be written, or to tell whether it is whole.
    arguments: String,
    state: CallState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallState {
    /// It began while another one was not whole.
    Waiting,
    Open,
    Closed,
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self {
            style,
            has_raw: false,
            last_delta: None,
            begun: false,
            index: 0,
            open: None,
            calls: Vec::new(),
            finish: None,
        }
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        let is_end = frame.events.last() == Some(&Event::End);
        let is_whole = is_end && frame.events.len() > 2;
        match &frame.raw {
            // Not a piece but all of it, from an upstream that does not stream.
            Some((Dialect::Anthropic, raw)) if !is_whole => self.raw(raw, out),
            _ => frame.events.iter().for_each(|event| self.event(event, out)),
        }
    }

    /// The answer is whole and paid for: what it cost, and the end.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        if let Some(delta) = self.last_delta.take() {
            let annotated = |own: Option<&str>| Some(usage::settled(own, receipt));
            let text = std::str::from_utf8(&delta).ok();
            match text.and_then(|text| with_member(text, "usage", annotated)) {
                Some(delta) => named_event(MESSAGE_DELTA, delta.as_bytes(), out),
                None => named_event(MESSAGE_DELTA, &delta, out),
            }
        } else {
            self.begin(out);
            self.close(out);
            let reason = self.finish.take().unwrap_or(FinishReason::Stop);
            out.put_slice(
                b"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":",
            );
            string(out, stop_reason::word(&reason));
            out.put_slice(b",\"stop_sequence\":");
            match stop_reason::sequence(&reason) {
                Some(sequence) => string(out, sequence),
                None => out.put_slice(b"null"),
            }
            out.put_slice(b"},\"usage\":");
            out.put_slice(usage::settled(None, receipt).as_bytes());
            out.put_slice(b"}\n\n");
        }
        out.put_slice(MESSAGE_STOP);
    }

    /// The answer broke off. Clients know by the missing `message_stop` too.
    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        named_event("error", &error_answer::stream_error(error), out);
    }

    fn raw(&mut self, raw: &Bytes, out: &mut BytesMut) {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(rename = "type", borrow)]
            kind: Short<'a>,
        }
        self.has_raw = true;
        let kind = serde_json::from_slice::<Kind<'_>>(raw).map(|kind| kind.kind.text()).unwrap_or_default();
        match kind.as_str() {
            MESSAGE_DELTA => {
                if let Some(earlier) = self.last_delta.replace(raw.clone()) {
                    named_event(MESSAGE_DELTA, &earlier, out);
                }
            }
            // Written with the settlement.
            "message_stop" => {}
            kind => named_event(kind, raw, out),
        }
    }

    fn event(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Text { choice: 0, text } | Event::Refusal { choice: 0, text } => {
                self.open_plain(Open::Text, out);
                self.delta("text_delta", "text", text, out);
            }
            Event::Thinking { choice: 0, text } => {
                self.open_plain(Open::Thinking, out);
                self.delta("thinking_delta", "thinking", text, out);
            }
            Event::ThinkingSignature { choice: 0, signature } => {
                self.open_plain(Open::Thinking, out);
                self.delta("signature_delta", "signature", signature, out);
            }
            Event::RedactedThinking { choice: 0, data } => {
                self.close(out);
                self.start(out, |out| {
                    out.put_slice(b"{\"type\":\"redacted_thinking\",\"data\":");
                    string(out, data);
                    out.put_u8(b'}');
                });
                self.stop(out);
            }
            Event::ToolCallStart { choice: 0, index, id, name } => {
                self.calls.push(Call {
                    index: *index,
                    id: id.clone(),
                    name: name.clone(),
                    arguments: String::new(),
                    state: CallState::Waiting,
                });
                self.open_next_call(out);
            }
            Event::ToolCallArguments { choice: 0, index, fragment } => {
                let Some(at) = self.calls.iter().position(|call| call.index == *index) else { return };
                self.calls[at].arguments.push_str(fragment);
                match self.calls[at].state {
                    CallState::Open => self.delta("input_json_delta", "partial_json", fragment, out),
                    CallState::Waiting => self.open_next_call(out),
                    // Its arguments were whole: what comes now can be nothing but blanks.
                    CallState::Closed => {}
                }
            }
            Event::Finish { choice: 0, reason } => self.finish = Some(reason.clone()),
            // There is one choice only, and the rest is written elsewhere.
            _ => {}
        }
    }

    /// Opens the first call that waits, once no other one is open that may go on.
    fn open_next_call(&mut self, out: &mut BytesMut) {
        if let Some(Open::Call(at)) = self.open
            && serde_json::from_str::<IgnoredAny>(&self.calls[at].arguments).is_err()
        {
            return;
        }
        let Some(at) = self.calls.iter().position(|call| call.state == CallState::Waiting) else { return };
        self.close_block(out);
        self.open_call(at, out);
    }

    fn open_call(&mut self, at: usize, out: &mut BytesMut) {
        let Call { id, name, arguments, .. } = &self.calls[at];
        let (id, name, arguments) = (id.clone(), name.clone(), arguments.clone());
        self.start(out, |out| {
            out.put_slice(b"{\"type\":\"tool_use\",\"id\":");
            string(out, &id);
            out.put_slice(b",\"name\":");
            string(out, &name);
            out.put_slice(b",\"input\":{}}");
        });
        self.open = Some(Open::Call(at));
        self.calls[at].state = CallState::Open;
        if !arguments.is_empty() {
            self.delta("input_json_delta", "partial_json", &arguments, out);
        }
    }

    fn open_plain(&mut self, kind: Open, out: &mut BytesMut) {
        if self.open == Some(kind) {
            return;
        }
        self.close(out);
        self.start(out, |out| {
            out.put_slice(match kind {
                Open::Thinking => b"{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}",
                _ => b"{\"type\":\"text\",\"text\":\"\"}",
            });
        });
        self.open = Some(kind);
    }

    /// Closes what is open, and writes the calls that waited for it.
    fn close(&mut self, out: &mut BytesMut) {
        self.close_block(out);
        while let Some(at) = self.calls.iter().position(|call| call.state == CallState::Waiting) {
            self.open_call(at, out);
            self.close_block(out);
        }
    }

    fn close_block(&mut self, out: &mut BytesMut) {
        match self.open.take() {
            Some(Open::Call(at)) => self.calls[at].state = CallState::Closed,
            Some(_) => {}
            None => return,
        }
        self.stop(out);
    }

    fn start(&mut self, out: &mut BytesMut, block: impl FnOnce(&mut BytesMut)) {
        self.begin(out);
        out.put_slice(b"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":");
        out.put_slice(self.index.to_string().as_bytes());
        out.put_slice(b",\"content_block\":");
        block(out);
        out.put_slice(b"}\n\n");
    }

    fn stop(&mut self, out: &mut BytesMut) {
        out.put_slice(b"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":");
        out.put_slice(self.index.to_string().as_bytes());
        out.put_slice(b"}\n\n");
        self.index += 1;
    }

    fn delta(&self, kind: &str, field: &str, text: &str, out: &mut BytesMut) {
        out.put_slice(b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":");
        out.put_slice(self.index.to_string().as_bytes());
        out.put_slice(b",\"delta\":{\"type\":\"");
        out.put_slice(kind.as_bytes());
        out.put_slice(b"\",\"");
        out.put_slice(field.as_bytes());
        out.put_slice(b"\":");
        string(out, text);
        out.put_slice(b"}}\n\n");
    }

    /// The message comes first, once; an upstream has said its own. Its usage is told at the end.
    fn begin(&mut self, out: &mut BytesMut) {
        if self.has_raw || std::mem::replace(&mut self.begun, true) {
            return;
        }
        out.put_slice(b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_");
        out.put_slice(self.style.call.to_string().as_bytes());
        out.put_slice(b"\",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
        string(out, &self.style.model);
        out.put_slice(
            b",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,\
              \"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":0}}}\n\n",
        );
    }
}
