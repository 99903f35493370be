//! An answer as items of output, as far as it has come.

use bytes::{BufMut, BytesMut};
use hub_domain::vocabulary::{Event, FinishReason, Receipt};
use serde::de::IgnoredAny;

use super::{REDACTED, SEALED, usage};
use crate::answer_style::AnswerStyle;
use crate::wire::seal;
use crate::wire::text::string;

#[derive(Debug)]
pub(super) enum Item {
    Reasoning { summary: String, encrypted: String },
    Message { text: String, is_refusal: bool },
    Call { index: u32, id: String, name: String, arguments: String },
}

/// How far an item or a response has come, in the dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    Incomplete,
    Failed,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Answer {
    pub items: Vec<Item>,
    /// Places of items that are not done, in order. Calls, whose pieces may come in turns, stay open until they
    /// are whole; everything else until the next item begins.
    open: Vec<usize>,
    finish: Option<FinishReason>,
}

/// What an event adds to an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// A new item at the end; those at these places are done.
    Begins(Vec<usize>),
    /// A piece of the item at this place.
    Goes(usize),
}

/// A seal, or its first piece, as `encrypted_content`. Another provider's is told from those of this dialect.
fn carried(piece: &str) -> String {
    match seal::as_responses(piece) {
        Some(own) => own.to_owned(),
        None if piece.is_empty() => String::new(),
        None => format!("{SEALED}{piece}"),
    }
}

/// The one part that a summary has.
pub(super) fn summary_part(text: &str, out: &mut BytesMut) {
    out.put_slice(b"{\"type\":\"summary_text\",\"text\":");
    string(out, text);
    out.put_u8(b'}');
}

impl Item {
    fn prefix(&self) -> &'static str {
        match self {
            Self::Reasoning { .. } => "rs",
            Self::Message { .. } => "msg",
            Self::Call { .. } => "fc",
        }
    }

    /// The item's own id, by its place: not the id of a call.
    pub fn id(&self, style: &AnswerStyle, index: usize) -> String {
        format!("{}_{}_{index}", self.prefix(), style.call.0.simple())
    }

    /// The one part that a message has.
    pub fn part(text: &str, is_refusal: bool, out: &mut BytesMut) {
        if is_refusal {
            out.put_slice(b"{\"type\":\"refusal\",\"refusal\":");
            string(out, text);
            out.put_u8(b'}');
        } else {
            out.put_slice(b"{\"type\":\"output_text\",\"text\":");
            string(out, text);
            out.put_slice(b",\"annotations\":[],\"logprobs\":[]}");
        }
    }

    /// The item as JSON. In progress it has nothing in it yet.
    pub fn write(&self, style: &AnswerStyle, index: usize, status: Status, out: &mut BytesMut) {
        let begins = status == Status::InProgress;
        out.put_slice(b"{\"id\":");
        string(out, &self.id(style, index));
        match self {
            Self::Reasoning { summary, encrypted } => {
                out.put_slice(b",\"type\":\"reasoning\",\"summary\":[");
                if !begins && !summary.is_empty() {
                    summary_part(summary, out);
                }
                out.put_u8(b']');
                if !begins && !encrypted.is_empty() {
                    out.put_slice(b",\"encrypted_content\":");
                    string(out, encrypted);
                }
            }
            Self::Message { text, is_refusal } => {
                out.put_slice(b",\"type\":\"message\",\"role\":\"assistant\",\"content\":[");
                if !begins {
                    Self::part(text, *is_refusal, out);
                }
                out.put_u8(b']');
            }
            Self::Call { id, name, arguments, .. } => {
                out.put_slice(b",\"type\":\"function_call\",\"call_id\":");
                string(out, id);
                out.put_slice(b",\"name\":");
                string(out, name);
                out.put_slice(b",\"arguments\":");
                string(out, if begins { "" } else { arguments });
            }
        }
        out.put_slice(b",\"status\":\"");
        out.put_slice(status.word().as_bytes());
        out.put_slice(b"\"}");
    }
}

impl Answer {
    pub fn push(&mut self, event: &Event) -> Step {
        match event {
            Event::Text { choice: 0, text } if !text.is_empty() => self.said(text, false),
            Event::Refusal { choice: 0, text } if !text.is_empty() => self.said(text, true),
            Event::Thinking { choice: 0, text } if !text.is_empty() => self.thought(text),
            Event::ThinkingSignature { choice: 0, signature } => self.sealed(signature),
            Event::RedactedThinking { choice: 0, data } => {
                self.add(Item::Reasoning { summary: String::new(), encrypted: format!("{REDACTED}{data}") })
            }
            Event::ToolCallStart { choice: 0, index, id, name } => {
                let (id, name) = (id.clone(), name.clone());
                self.add(Item::Call { index: *index, id, name, arguments: String::new() })
            }
            Event::ToolCallArguments { choice: 0, index, fragment } => self.argued(*index, fragment),
            Event::Finish { choice: 0, reason } => {
                self.finish = Some(reason.clone());
                Step::Nothing
            }
            // There is one choice only.
            _ => Step::Nothing,
        }
    }

    /// Nothing more comes: the places of what was open.
    pub fn end(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.open)
    }

    fn add(&mut self, item: Item) -> Step {
        let goes_on = |at: &usize| match &self.items[*at] {
            Item::Call { arguments, .. } => serde_json::from_str::<IgnoredAny>(arguments).is_err(),
            _ => false,
        };
        let (open, done) = self.open.iter().copied().partition(goes_on);
        self.open = open;
        self.open.push(self.items.len());
        self.items.push(item);
        Step::Begins(done)
    }

    /// The item that was added last, while it is open.
    fn last_open(&mut self) -> Option<(usize, &mut Item)> {
        let at = self.items.len().checked_sub(1).filter(|at| self.open.contains(at))?;
        self.items.get_mut(at).map(|item| (at, item))
    }

    fn said(&mut self, piece: &str, refuses: bool) -> Step {
        match self.last_open() {
            Some((at, Item::Message { text, is_refusal })) if *is_refusal == refuses => {
                text.push_str(piece);
                Step::Goes(at)
            }
            _ => self.add(Item::Message { text: piece.to_owned(), is_refusal: refuses }),
        }
    }

    fn thought(&mut self, piece: &str) -> Step {
        match self.last_open() {
            // A text after the seal begins other thoughts.
            Some((at, Item::Reasoning { summary, encrypted })) if encrypted.is_empty() => {
                summary.push_str(piece);
                Step::Goes(at)
            }
            _ => self.add(Item::Reasoning { summary: piece.to_owned(), encrypted: String::new() }),
        }
    }

    fn sealed(&mut self, piece: &str) -> Step {
        match self.last_open() {
            // What only its provider can read is whole, and has no seal.
            Some((at, Item::Reasoning { encrypted, .. })) if !encrypted.starts_with(REDACTED) => {
                if encrypted.is_empty() {
                    *encrypted = carried(piece);
                } else {
                    encrypted.push_str(piece);
                }
                Step::Goes(at)
            }
            _ => self.add(Item::Reasoning { summary: String::new(), encrypted: carried(piece) }),
        }
    }

    /// A call that is done was whole: what comes then can be nothing but blanks.
    fn argued(&mut self, call: u32, fragment: &str) -> Step {
        for at in &self.open {
            if let Item::Call { index, arguments, .. } = &mut self.items[*at]
                && *index == call
            {
                arguments.push_str(fragment);
                return Step::Goes(*at);
            }
        }
        Step::Nothing
    }

    /// Where there is no finish reason, the state and this tell how it ended.
    fn incomplete_reason(&self) -> Option<&'static str> {
        match self.finish {
            Some(FinishReason::Length | FinishReason::ContextFull) => Some("max_output_tokens"),
            Some(FinishReason::ContentFilter) => Some("content_filter"),
            _ => None,
        }
    }

    pub fn ending(&self) -> Status {
        if self.incomplete_reason().is_some() { Status::Incomplete } else { Status::Completed }
    }

    /// The whole response. `error` is the code and text of one that failed.
    pub fn write(
        &self,
        style: &AnswerStyle,
        status: Status,
        receipt: Option<&Receipt>,
        error: Option<(&str, &str)>,
        out: &mut BytesMut,
    ) {
        out.put_slice(b"{\"id\":\"resp_");
        out.put_slice(style.call.0.simple().to_string().as_bytes());
        out.put_slice(b"\",\"object\":\"response\",\"created_at\":");
        out.put_slice((style.call.unix_millis() / 1_000).to_string().as_bytes());
        out.put_slice(b",\"status\":\"");
        out.put_slice(status.word().as_bytes());
        out.put_slice(b"\",\"error\":");
        match error {
            Some((code, message)) => {
                out.put_slice(b"{\"code\":");
                string(out, code);
                out.put_slice(b",\"message\":");
                string(out, message);
                out.put_u8(b'}');
            }
            None => out.put_slice(b"null"),
        }
        out.put_slice(b",\"incomplete_details\":");
        match self.incomplete_reason().filter(|_| status == Status::Incomplete) {
            Some(reason) => out.put_slice(format!("{{\"reason\":\"{reason}\"}}").as_bytes()),
            None => out.put_slice(b"null"),
        }
        out.put_slice(b",\"model\":");
        string(out, &style.model);
        out.put_slice(b",\"output\":[");
        let shown = if status == Status::InProgress { &[] } else { self.items.as_slice() };
        // What an unfinished response has last is unfinished itself.
        let last = shown.len().saturating_sub(1);
        for (index, item) in shown.iter().enumerate() {
            if index > 0 {
                out.put_u8(b',');
            }
            let status = match status {
                Status::Incomplete | Status::Failed if index == last => Status::Incomplete,
                _ => Status::Completed,
            };
            item.write(style, index, status, out);
        }
        out.put_slice(b"],\"usage\":");
        match receipt {
            Some(receipt) => out.put_slice(usage::settled(None, receipt).as_bytes()),
            None => out.put_slice(b"null"),
        }
        out.put_slice(style.echo.as_deref().unwrap_or_default().as_bytes());
        out.put_u8(b'}');
    }
}
