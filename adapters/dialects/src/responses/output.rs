//! What an upstream's response has said: items of output, whole or piece by piece.

use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Event, FinishReason};
use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::usage;
use crate::wire::loose::{Seconds, Short, Text};
use crate::wire::seal;
use crate::wire::upstream_error::{bad_answer, inside_answer};

const MAX_ITEMS: usize = 4_096;
const MAX_ARGUMENTS: usize = 1024 * 1024;

pub(super) type Events = SmallVec<[Event; 2]>;

/// A response as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    id: Short<'a>,
    #[serde(borrow)]
    model: Short<'a>,
    created_at: Seconds,
    #[serde(borrow)]
    pub status: Short<'a>,
    #[serde(borrow)]
    pub output: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
    #[serde(borrow)]
    incomplete_details: Option<Incomplete<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Incomplete<'a> {
    #[serde(borrow)]
    reason: Short<'a>,
}

/// An item of output, whatever its type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item<'a> {
    #[serde(rename = "type", borrow)]
    kind: Short<'a>,
    call_id: Text,
    id: Text,
    name: Text,
    arguments: Text,
    /// Of a custom tool's call.
    input: Text,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    summary: Option<&'a RawValue>,
    encrypted_content: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Piece {
    text: Text,
    refusal: Text,
}

/// The items so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    items: Vec<Told>,
    calls: u32,
    started: bool,
}

/// How much of an item was told.
#[derive(Debug)]
struct Told {
    index: u32,
    kind: Kind,
    is_done: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Text or thoughts, and whether there was any.
    Said(bool),
    /// A call by its place among the calls, and how long its arguments are.
    Call { call: u32, arguments: usize },
    /// What only this dialect has.
    Other,
}

impl Output {
    pub fn start(&mut self, response: &mut Response<'_>, events: &mut Events) {
        if !std::mem::replace(&mut self.started, true) {
            let (id, model) = (std::mem::take(&mut response.id), std::mem::take(&mut response.model));
            let created = response.created_at.0;
            events.push(Event::Start { id: id.text(), model: model.text(), created });
        }
    }

    /// An item begins. What it has in it already is told once it is done.
    pub fn begin(
        &mut self,
        index: Option<u32>,
        item: &RawValue,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        let item = read(item);
        let index = index.unwrap_or_else(|| self.next());
        if self.position(Some(index)).is_none() {
            let kind = self.kind(item, events);
            self.add(index, kind)?;
        }
        Ok(())
    }

    /// A piece of text or thoughts.
    pub fn say(
        &mut self,
        index: Option<u32>,
        event: impl FnOnce(String) -> Event,
        text: Option<String>,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        let Some(text) = text else { return Ok(()) };
        match self.position(index) {
            Some(at) => self.items[at].kind = Kind::Said(true),
            None => self.add(index.unwrap_or_else(|| self.next()), Kind::Said(true))?,
        }
        events.push(event(text));
        Ok(())
    }

    /// A piece of a call's arguments.
    pub fn argue(
        &mut self,
        index: Option<u32>,
        fragment: Option<String>,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        let (Some(fragment), Some(at)) = (fragment, self.position(index)) else { return Ok(()) };
        let Kind::Call { call, arguments } = &mut self.items[at].kind else { return Ok(()) };
        *arguments += fragment.len();
        if *arguments > MAX_ARGUMENTS {
            return Err(bad_answer("the arguments of a tool call are too long"));
        }
        events.push(Event::ToolCallArguments { choice: 0, index: *call, fragment });
        Ok(())
    }

    /// An item is whole: what of it was not told in pieces is told now.
    pub fn done(
        &mut self,
        index: Option<u32>,
        raw: &RawValue,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        let index = index.unwrap_or_else(|| u32::try_from(self.items.len().saturating_sub(1)).unwrap_or(0));
        self.begin(Some(index), raw, events)?;
        let Some(at) = self.position(Some(index)) else { return Ok(()) };
        if std::mem::replace(&mut self.items[at].is_done, true) {
            return Ok(());
        }
        let item = read(raw);
        match &mut self.items[at].kind {
            Kind::Said(said) => {
                let said = *said;
                item.rest(said, events);
            }
            Kind::Call { call, arguments } if *arguments == 0 => {
                let whole = item.arguments.filled().or(item.input.filled());
                let fragment = whole.unwrap_or_else(|| item.kind.nothing().to_owned());
                if fragment.len() > MAX_ARGUMENTS {
                    return Err(bad_answer("the arguments of a tool call are too long"));
                }
                *arguments = fragment.len();
                let index = *call;
                events.push(Event::ToolCallArguments { choice: 0, index, fragment });
            }
            Kind::Call { .. } | Kind::Other => {}
        }
        Ok(())
    }

    /// The response is over: what of its items nobody told, how it ended and what it used. One that failed is an
    /// error; `usage` has what it used all the same.
    pub fn end(
        &mut self,
        mut response: Response<'_>,
        status: &str,
        events: &mut Events,
    ) -> Result<(), ProviderError> {
        self.start(&mut response, events);
        if let Some(error) = response.error.filter(|error| error.get() != "null") {
            return Err(inside_answer(error.get()));
        }
        let reason = match status {
            "completed" => None,
            "incomplete" => {
                let reason = response.incomplete_details.take().unwrap_or_default().reason;
                Some(match reason.text().as_str() {
                    "content_filter" => FinishReason::ContentFilter,
                    "max_output_tokens" | "" => FinishReason::Length,
                    other => FinishReason::Other(other.chars().take(64).collect()),
                })
            }
            "cancelled" => return Err(inside_answer("the provider cancelled the answer")),
            _ => return Err(inside_answer("the provider failed")),
        };
        for (index, item) in (0..).zip(response.output.take().unwrap_or_default()) {
            self.done(Some(index), item, events)?;
        }
        let plain = if self.calls > 0 { FinishReason::ToolCalls } else { FinishReason::Stop };
        events.push(Event::Finish { choice: 0, reason: reason.unwrap_or(plain) });
        events.extend(response.used());
        events.push(Event::End);
        Ok(())
    }

    fn kind(&mut self, item: Item<'_>, events: &mut Events) -> Kind {
        match item.kind.word() {
            "message" | "reasoning" => Kind::Said(false),
            "function_call" | "custom_tool_call" => {
                let call = self.calls;
                self.calls += 1;
                let id = item.call_id.filled().or(item.id.filled());
                let id = id.unwrap_or_else(|| format!("call_{call}"));
                let name = item.name.0.unwrap_or_default();
                events.push(Event::ToolCallStart { choice: 0, index: call, id, name });
                Kind::Call { call, arguments: 0 }
            }
            _ => Kind::Other,
        }
    }

    fn add(&mut self, index: u32, kind: Kind) -> Result<(), ProviderError> {
        if self.items.len() >= MAX_ITEMS {
            return Err(bad_answer("the provider's answer has too many items"));
        }
        self.items.push(Told { index, kind, is_done: false });
        Ok(())
    }

    fn next(&self) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX)
    }

    /// The last one where nobody says which.
    fn position(&self, index: Option<u32>) -> Option<usize> {
        match index {
            Some(index) => self.items.iter().rposition(|item| item.index == index),
            None => self.items.len().checked_sub(1),
        }
    }
}

impl Response<'_> {
    pub fn used(&self) -> Option<Event> {
        self.usage.and_then(|usage| usage::normalise(usage.get())).map(Event::Usage)
    }
}

impl Short<'_> {
    fn word(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// What a call of this kind has said that said nothing: functions take an object.
    fn nothing(&self) -> &'static str {
        if self.word() == "function_call" { "{}" } else { "" }
    }
}

impl Item<'_> {
    /// Everything that a message or thoughts say, or only what is never told in pieces.
    fn rest(self, said: bool, events: &mut Events) {
        let choice = 0;
        if self.kind.word() == "message" {
            for piece in pieces(self.content.filter(|_| !said)) {
                events.extend(piece.text.filled().map(|text| Event::Text { choice, text }));
                events.extend(piece.refusal.filled().map(|text| Event::Refusal { choice, text }));
            }
            return;
        }
        for (place, piece) in pieces(self.summary.filter(|_| !said)).into_iter().enumerate() {
            events.extend((place > 0).then(|| Event::Thinking { choice, text: PARAGRAPH.to_owned() }));
            events.extend(piece.text.filled().map(|text| Event::Thinking { choice, text }));
        }
        for piece in pieces(self.content.filter(|_| !said)) {
            events.extend(piece.text.filled().map(|text| Event::Thinking { choice, text }));
        }
        let sealed = self.encrypted_content.filled();
        events.extend(
            sealed.map(|sealed| Event::ThinkingSignature { choice, signature: seal::of_responses(&sealed) }),
        );
    }
}

/// Between two parts of a summary, each a text of its own.
pub(super) const PARAGRAPH: &str = "\n\n";

/// What can't be read says nothing: it must not break an answer that is otherwise fine.
fn read(item: &RawValue) -> Item<'_> {
    serde_json::from_str(item.get()).unwrap_or_default()
}

fn pieces(list: Option<&RawValue>) -> Vec<Piece> {
    list.and_then(|list| serde_json::from_str(list.get()).ok()).unwrap_or_default()
}
