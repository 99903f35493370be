//! A whole Messages answer as one frame.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Dialect, Event, Frame};
use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::stop_reason;
use super::usage::Reported;
use crate::wire::loose::{Short, Text};
use crate::wire::upstream_error::{bad_answer, inside_answer};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    id: Short<'a>,
    #[serde(borrow)]
    model: Short<'a>,
    #[serde(borrow)]
    content: Option<Vec<Block<'a>>>,
    #[serde(borrow)]
    stop_reason: Short<'a>,
    stop_sequence: Text,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Block<'a> {
    #[serde(rename = "type", borrow)]
    kind: Short<'a>,
    text: Text,
    thinking: Text,
    signature: Text,
    data: Text,
    id: Text,
    name: Text,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// Decodes a whole answer: one frame with its text, and with everything that it says up to [`Event::End`].
pub fn decode_whole(body: Bytes) -> Result<Frame, ProviderError> {
    let text = std::str::from_utf8(&body).map_err(|_| bad_answer("the provider's answer is not UTF-8"))?;
    let message: Message<'_> =
        serde_json::from_str(text).map_err(|_| bad_answer("the provider's answer can't be understood"))?;
    if let Some(error) = message.error {
        return Err(inside_answer(error.get()));
    }
    let Some(content) = message.content else {
        return Err(bad_answer("the provider's answer has no content"));
    };
    let (id, model) = (message.id.text(), message.model.text());
    let mut events: SmallVec<[Event; 2]> = SmallVec::new();
    events.push(Event::Start { id, model, created: None });
    let choice = 0;
    let mut calls = 0;
    for block in content {
        match block.kind.0.as_deref().unwrap_or_default() {
            "text" => events.extend(block.text.filled().map(|text| Event::Text { choice, text })),
            "thinking" => {
                events.extend(block.thinking.filled().map(|text| Event::Thinking { choice, text }));
                let seal = block.signature.filled();
                events.extend(seal.map(|signature| Event::ThinkingSignature { choice, signature }));
            }
            "redacted_thinking" => {
                events.extend(block.data.filled().map(|data| Event::RedactedThinking { choice, data }));
            }
            "tool_use" => {
                let id = block.id.filled().unwrap_or_else(|| format!("toolu_{calls}"));
                let name = block.name.0.unwrap_or_default();
                events.push(Event::ToolCallStart { choice, index: calls, id, name });
                let fragment = block.input.map_or("{}", RawValue::get).to_owned();
                events.push(Event::ToolCallArguments { choice, index: calls, fragment });
                calls += 1;
            }
            _ => {}
        }
    }
    let reason = match message.stop_reason.0.as_deref() {
        Some(reason) => stop_reason::read(reason, message.stop_sequence.0),
        None => stop_reason::read(if calls > 0 { "tool_use" } else { "end_turn" }, None),
    };
    events.push(Event::Finish { choice, reason });
    let usage = message.usage.and_then(|usage| Reported::read(usage.get()));
    events.extend(usage.and_then(|usage| usage.normalise()).map(Event::Usage));
    events.push(Event::End);
    Ok(Frame { raw: Some((Dialect::Anthropic, body)), events })
}
