//! A streamed response: numbered events, in the order that clients insist on.

use bytes::{BufMut, BytesMut};
use hub_domain::error::{CallError, UpstreamClass};
use hub_domain::vocabulary::{Dialect, Event, Frame, Receipt};

use super::answer::{Answer, Item, Status, Step, summary_part};
use super::passed_on::PassedOn;
use crate::answer_style::AnswerStyle;
use crate::openai::{Surface, error_answer};
use crate::wire::text::string;

/// Writes a streamed response. What an upstream of this dialect sent goes out as it came, apart from its last event.
#[derive(Debug)]
pub struct StreamEncoder {
    events: Events,
    answer: Answer,
    begun: bool,
    passed_on: PassedOn,
}

/// What all events of one response have in common.
#[derive(Debug)]
struct Events {
    style: AnswerStyle,
    /// Of the next event.
    number: u64,
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self {
            events: Events { style, number: 0 },
            answer: Answer::default(),
            begun: false,
            passed_on: PassedOn::default(),
        }
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        if let Some((Dialect::Responses, raw)) = &frame.raw
            && self.passed_on.event(raw, out)
        {
            return;
        }
        for event in &frame.events {
            if matches!(event, Event::Start { .. }) {
                self.begin(out);
            }
            match self.answer.push(event) {
                Step::Nothing => {}
                Step::Begins(done) => {
                    self.begin(out);
                    for at in done {
                        self.events.done(&self.answer.items[at], at, Status::Completed, out);
                    }
                    let at = self.answer.items.len() - 1;
                    self.events.added(&self.answer.items[at], at, out);
                    self.events.piece(event, &self.answer.items[at], at, out);
                }
                Step::Goes(at) => self.events.piece(event, &self.answer.items[at], at, out),
            }
        }
    }

    /// The answer is whole and paid for.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        if self.passed_on.has_begun() {
            return self.passed_on.settled(receipt, out);
        }
        self.begin(out);
        let ending = self.answer.ending();
        let last = self.answer.items.len().saturating_sub(1);
        for at in self.answer.end() {
            let status = if at == last { ending } else { Status::Completed };
            self.events.done(&self.answer.items[at], at, status, out);
        }
        let kind = if ending == Status::Incomplete { "response.incomplete" } else { "response.completed" };
        self.events.response(kind, &self.answer, ending, Some(receipt), None, out);
    }

    /// The answer broke off.
    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        let told = error_answer::tell(error, Surface::V1);
        let code = match error {
            CallError::Upstream(upstream) if upstream.class == UpstreamClass::RateLimited => {
                "rate_limit_exceeded"
            }
            CallError::InvalidRequest { .. } => "invalid_prompt",
            CallError::Upstream(upstream) if !upstream.class.is_retryable() => "invalid_prompt",
            _ => "server_error",
        };
        if self.passed_on.has_begun() {
            return self.passed_on.failed(code, &told.message, out);
        }
        self.begin(out);
        let error = Some((code, told.message.as_str()));
        self.events.response("response.failed", &self.answer, Status::Failed, None, error, out);
    }

    /// Two events come before everything else, once.
    fn begin(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        for kind in ["response.created", "response.in_progress"] {
            self.events.response(kind, &self.answer, Status::InProgress, None, None, out);
        }
    }
}

impl Events {
    /// An event up to its number.
    fn head(&mut self, kind: &str, out: &mut BytesMut) {
        out.put_slice(b"event: ");
        out.put_slice(kind.as_bytes());
        out.put_slice(b"\ndata: {\"type\":\"");
        out.put_slice(kind.as_bytes());
        out.put_slice(b"\",\"sequence_number\":");
        out.put_slice(self.number.to_string().as_bytes());
        self.number += 1;
    }

    fn response(
        &mut self,
        kind: &str,
        answer: &Answer,
        status: Status,
        receipt: Option<&Receipt>,
        error: Option<(&str, &str)>,
        out: &mut BytesMut,
    ) {
        self.head(kind, out);
        out.put_slice(b",\"response\":");
        answer.write(&self.style, status, receipt, error, out);
        out.put_slice(b"}\n\n");
    }

    /// An event that has a whole item.
    fn item(&mut self, kind: &str, item: &Item, at: usize, status: Status, out: &mut BytesMut) {
        self.head(kind, out);
        out.put_slice(b",\"output_index\":");
        out.put_slice(at.to_string().as_bytes());
        out.put_slice(b",\"item\":");
        item.write(&self.style, at, status, out);
        out.put_slice(b"}\n\n");
    }

    /// An event about an item: these members, the last of which has what `value` writes, and what stands behind.
    fn about(
        &mut self,
        kind: &str,
        (item, at): (&Item, usize),
        members: &str,
        value: impl FnOnce(&mut BytesMut),
        end: &str,
        out: &mut BytesMut,
    ) {
        self.head(kind, out);
        out.put_slice(b",\"item_id\":");
        string(out, &item.id(&self.style, at));
        out.put_slice(b",\"output_index\":");
        out.put_slice(at.to_string().as_bytes());
        out.put_slice(members.as_bytes());
        value(out);
        out.put_slice(end.as_bytes());
        out.put_slice(b"}\n\n");
    }

    /// An item begins; what has parts gets its first one.
    fn added(&mut self, item: &Item, at: usize, out: &mut BytesMut) {
        self.item("response.output_item.added", item, at, Status::InProgress, out);
        if let Item::Message { is_refusal, .. } = item {
            let part = |out: &mut BytesMut| Item::part("", *is_refusal, out);
            let members = ",\"content_index\":0,\"part\":";
            self.about("response.content_part.added", (item, at), members, part, "", out);
        }
    }

    /// A piece of an item, which has it already.
    fn piece(&mut self, event: &Event, item: &Item, at: usize, out: &mut BytesMut) {
        const CONTENT: &str = ",\"content_index\":0,\"delta\":";
        const SUMMARY: &str = ",\"summary_index\":0,\"delta\":";
        let it = (item, at);
        match event {
            Event::Text { text, .. } => {
                let kind = "response.output_text.delta";
                self.about(kind, it, CONTENT, |out| string(out, text), ",\"logprobs\":[]", out);
            }
            Event::Refusal { text, .. } => {
                self.about("response.refusal.delta", it, CONTENT, |out| string(out, text), "", out);
            }
            Event::Thinking { text, .. } => {
                if matches!(item, Item::Reasoning { summary, .. } if summary == text) {
                    let part = |out: &mut BytesMut| summary_part("", out);
                    let members = ",\"summary_index\":0,\"part\":";
                    self.about("response.reasoning_summary_part.added", it, members, part, "", out);
                }
                let kind = "response.reasoning_summary_text.delta";
                self.about(kind, it, SUMMARY, |out| string(out, text), "", out);
            }
            Event::ToolCallArguments { fragment, .. } if !fragment.is_empty() => {
                let kind = "response.function_call_arguments.delta";
                self.about(kind, it, ",\"delta\":", |out| string(out, fragment), "", out);
            }
            // Seals are told with the whole item, and a call's beginning has nothing in it.
            _ => {}
        }
    }

    /// Says once more, whole, what an item's pieces said.
    fn done(&mut self, item: &Item, at: usize, status: Status, out: &mut BytesMut) {
        let it = (item, at);
        match item {
            Item::Message { text, is_refusal } => {
                let (kind, members) = if *is_refusal {
                    ("response.refusal.done", ",\"content_index\":0,\"refusal\":")
                } else {
                    ("response.output_text.done", ",\"content_index\":0,\"logprobs\":[],\"text\":")
                };
                self.about(kind, it, members, |out| string(out, text), "", out);
                let part = |out: &mut BytesMut| Item::part(text, *is_refusal, out);
                let members = ",\"content_index\":0,\"part\":";
                self.about("response.content_part.done", it, members, part, "", out);
            }
            Item::Reasoning { summary, .. } if !summary.is_empty() => {
                let kind = "response.reasoning_summary_text.done";
                let members = ",\"summary_index\":0,\"text\":";
                self.about(kind, it, members, |out| string(out, summary), "", out);
                let part = |out: &mut BytesMut| summary_part(summary, out);
                let members = ",\"summary_index\":0,\"part\":";
                self.about("response.reasoning_summary_part.done", it, members, part, "", out);
            }
            Item::Reasoning { .. } => {}
            Item::Call { name, arguments, .. } => {
                let called = |out: &mut BytesMut| {
                    string(out, name);
                    out.put_slice(b",\"arguments\":");
                    string(out, arguments);
                };
                self.about("response.function_call_arguments.done", it, ",\"name\":", called, "", out);
            }
        }
        self.item("response.output_item.done", item, at, status, out);
    }
}
