//! A streamed response: numbered events, in the order that clients insist on.

use bytes::{BufMut, BytesMut};
use hub_domain::error::{CallError, UpstreamClass};
use hub_domain::vocabulary::{Event, Frame, Receipt};
use serde::de::IgnoredAny;

use super::answer::{Answer, Item, Status};
use crate::answer_style::AnswerStyle;
use crate::openai::{Surface, error_answer};
use crate::wire::text::string;

/// Writes a streamed response. An item is added when it begins and done when the next one begins; calls of tools,
/// whose pieces may come in turns, stay open until they are whole.
#[derive(Debug)]
pub struct StreamEncoder {
    style: AnswerStyle,
    answer: Answer,
    begun: bool,
    /// Places of items that are not done, in order.
    open: Vec<usize>,
    sequence: u64,
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, answer: Answer::default(), begun: false, open: Vec::new(), sequence: 0 }
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        for event in &frame.events {
            match event {
                Event::Start { .. } => self.begin(out),
                Event::Text { choice: 0, text } if !text.is_empty() => self.said(text, false, out),
                Event::Refusal { choice: 0, text } if !text.is_empty() => self.said(text, true, out),
                Event::Thinking { choice: 0, text } if !text.is_empty() => self.thought(text, out),
                Event::ThinkingSignature { choice: 0, signature } => self.sealed(signature, out),
                Event::RedactedThinking { choice: 0, data } => {
                    self.add(Item::redacted(data), out);
                    self.close_all(Status::Completed, out);
                }
                Event::ToolCallStart { choice: 0, index, id, name } => {
                    let (id, name) = (id.clone(), name.clone());
                    self.add(Item::Call { index: *index, id, name, arguments: String::new() }, out);
                }
                Event::ToolCallArguments { choice: 0, index, fragment } => self.argued(*index, fragment, out),
                Event::Finish { choice: 0, reason } => self.answer.finish = Some(reason.clone()),
                // There is one choice only, and the rest is written elsewhere.
                _ => {}
            }
        }
    }

    /// The answer is whole and paid for.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        self.begin(out);
        let ending = self.answer.ending();
        self.close_all(ending, out);
        let kind = if ending == Status::Incomplete { "response.incomplete" } else { "response.completed" };
        self.response(kind, ending, Some(receipt), None, out);
    }

    /// The answer broke off.
    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        self.begin(out);
        let told = error_answer::tell(error, Surface::V1);
        let code = match error {
            CallError::Upstream(upstream) if upstream.class == UpstreamClass::RateLimited => {
                "rate_limit_exceeded"
            }
            CallError::InvalidRequest { .. } => "invalid_prompt",
            CallError::Upstream(upstream) if !upstream.class.is_retryable() => "invalid_prompt",
            _ => "server_error",
        };
        self.response("response.failed", Status::Failed, None, Some((code, &told.message)), out);
    }

    /// Two events come before everything else, once.
    fn begin(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        self.response("response.created", Status::InProgress, None, None, out);
        self.response("response.in_progress", Status::InProgress, None, None, out);
    }

    fn response(
        &mut self,
        kind: &str,
        status: Status,
        receipt: Option<&Receipt>,
        error: Option<(&str, &str)>,
        out: &mut BytesMut,
    ) {
        self.head(kind, out);
        out.put_slice(b",\"response\":");
        self.answer.write(&self.style, status, receipt, error, out);
        out.put_slice(b"}\n\n");
    }

    /// An event up to its number.
    fn head(&mut self, kind: &str, out: &mut BytesMut) {
        out.put_slice(b"event: ");
        out.put_slice(kind.as_bytes());
        out.put_slice(b"\ndata: {\"type\":\"");
        out.put_slice(kind.as_bytes());
        out.put_slice(b"\",\"sequence_number\":");
        out.put_slice(self.sequence.to_string().as_bytes());
        self.sequence += 1;
    }

    /// The same, with the item that it is about.
    fn about(&mut self, kind: &str, at: usize, out: &mut BytesMut) {
        self.head(kind, out);
        out.put_slice(b",\"item_id\":");
        string(out, &self.answer.items[at].id(&self.style, at));
        out.put_slice(b",\"output_index\":");
        out.put_slice(at.to_string().as_bytes());
    }

    /// A new item; what was open before it is done, apart from calls that may go on.
    fn add(&mut self, item: Item, out: &mut BytesMut) {
        self.begin(out);
        for at in std::mem::take(&mut self.open) {
            match &self.answer.items[at] {
                Item::Call { arguments, .. } if serde_json::from_str::<IgnoredAny>(arguments).is_err() => {
                    self.open.push(at);
                }
                _ => self.done(at, Status::Completed, out),
            }
        }
        let at = self.answer.items.len();
        self.head("response.output_item.added", out);
        out.put_slice(b",\"output_index\":");
        out.put_slice(at.to_string().as_bytes());
        out.put_slice(b",\"item\":");
        item.write(&self.style, at, Status::InProgress, out);
        out.put_slice(b"}\n\n");
        self.answer.items.push(item);
        self.open.push(at);
    }

    /// The item that is still open and was added last.
    fn last_open(&mut self) -> Option<(usize, &mut Item)> {
        let at = self.answer.items.len().checked_sub(1).filter(|at| self.open.contains(at))?;
        self.answer.items.get_mut(at).map(|item| (at, item))
    }

    fn said(&mut self, piece: &str, refuses: bool, out: &mut BytesMut) {
        let kind = if refuses { "response.refusal.delta" } else { "response.output_text.delta" };
        let at = match self.last_open() {
            Some((at, Item::Message { text, is_refusal })) if *is_refusal == refuses => {
                text.push_str(piece);
                at
            }
            _ => {
                self.add(Item::Message { text: piece.to_owned(), is_refusal: refuses }, out);
                let at = self.answer.items.len() - 1;
                self.about("response.content_part.added", at, out);
                out.put_slice(b",\"content_index\":0,\"part\":");
                Item::part("", refuses, out);
                out.put_slice(b"}\n\n");
                at
            }
        };
        self.about(kind, at, out);
        out.put_slice(b",\"content_index\":0,\"delta\":");
        string(out, piece);
        out.put_slice(if refuses { b"}\n\n".as_slice() } else { b",\"logprobs\":[]}\n\n" });
    }

    fn thought(&mut self, piece: &str, out: &mut BytesMut) {
        let (at, begins) = match self.last_open() {
            // A text after the seal begins other thoughts.
            Some((at, Item::Reasoning { summary, encrypted })) if encrypted.is_empty() => {
                let begins = summary.is_empty();
                summary.push_str(piece);
                (at, begins)
            }
            _ => {
                self.add(Item::Reasoning { summary: piece.to_owned(), encrypted: String::new() }, out);
                (self.answer.items.len() - 1, true)
            }
        };
        if begins {
            self.about("response.reasoning_summary_part.added", at, out);
            out.put_slice(b",\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":\"\"}}\n\n");
        }
        self.about("response.reasoning_summary_text.delta", at, out);
        out.put_slice(b",\"summary_index\":0,\"delta\":");
        string(out, piece);
        out.put_slice(b"}\n\n");
    }

    /// The seal is told with the whole item.
    fn sealed(&mut self, piece: &str, out: &mut BytesMut) {
        match self.last_open() {
            Some((_, Item::Reasoning { encrypted, .. })) => encrypted.push_str(piece),
            _ => {
                let sealed = Item::Reasoning { summary: String::new(), encrypted: piece.to_owned() };
                self.add(sealed, out);
            }
        }
    }

    fn argued(&mut self, call: u32, fragment: &str, out: &mut BytesMut) {
        let items = &mut self.answer.items;
        let is_it = |at: &&usize| matches!(&items[**at], Item::Call { index, .. } if *index == call);
        // A call that is done was whole: what comes now can be nothing but blanks.
        let Some(at) = self.open.iter().find(is_it).copied() else { return };
        if let Item::Call { arguments, .. } = &mut items[at] {
            arguments.push_str(fragment);
        }
        if fragment.is_empty() {
            return;
        }
        self.about("response.function_call_arguments.delta", at, out);
        out.put_slice(b",\"delta\":");
        string(out, fragment);
        out.put_slice(b"}\n\n");
    }

    fn close_all(&mut self, ending: Status, out: &mut BytesMut) {
        let last = self.answer.items.len().saturating_sub(1);
        for at in std::mem::take(&mut self.open) {
            self.done(at, if at == last { ending } else { Status::Completed }, out);
        }
    }

    /// Says once more, whole, what an item's pieces said.
    fn done(&mut self, at: usize, status: Status, out: &mut BytesMut) {
        let mut told = BytesMut::new();
        match &self.answer.items[at] {
            Item::Message { text, is_refusal } => {
                let refuses = *is_refusal;
                string(&mut told, text);
                let mut part = BytesMut::new();
                Item::part(text, refuses, &mut part);
                let (kind, field): (_, &[u8]) = if refuses {
                    ("response.refusal.done", b",\"content_index\":0,\"refusal\":")
                } else {
                    ("response.output_text.done", b",\"content_index\":0,\"logprobs\":[],\"text\":")
                };
                self.about(kind, at, out);
                out.put_slice(field);
                out.put_slice(&told);
                out.put_slice(b"}\n\n");
                self.about("response.content_part.done", at, out);
                out.put_slice(b",\"content_index\":0,\"part\":");
                out.put_slice(&part);
                out.put_slice(b"}\n\n");
            }
            Item::Reasoning { summary, .. } if !summary.is_empty() => {
                string(&mut told, summary);
                self.about("response.reasoning_summary_text.done", at, out);
                out.put_slice(b",\"summary_index\":0,\"text\":");
                out.put_slice(&told);
                out.put_slice(b"}\n\n");
                self.about("response.reasoning_summary_part.done", at, out);
                out.put_slice(b",\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":");
                out.put_slice(&told);
                out.put_slice(b"}}\n\n");
            }
            Item::Reasoning { .. } => {}
            Item::Call { name, arguments, .. } => {
                string(&mut told, arguments);
                let mut called = BytesMut::new();
                string(&mut called, name);
                self.about("response.function_call_arguments.done", at, out);
                out.put_slice(b",\"name\":");
                out.put_slice(&called);
                out.put_slice(b",\"arguments\":");
                out.put_slice(&told);
                out.put_slice(b"}\n\n");
            }
        }
        self.head("response.output_item.done", out);
        out.put_slice(b",\"output_index\":");
        out.put_slice(at.to_string().as_bytes());
        out.put_slice(b",\"item\":");
        self.answer.items[at].write(&self.style, at, status, out);
        out.put_slice(b"}\n\n");
    }
}
