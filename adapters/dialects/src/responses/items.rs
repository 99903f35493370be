//! The items of `input` into messages. What one turn of the assistant is here stands in several items: thoughts,
//! texts and calls in a row are one message.

use std::collections::HashSet;

use hub_domain::error::CallError;
use hub_domain::vocabulary::{ImageSource, Message, MessageRole, Part};
use serde_json::value::RawValue;

use super::request_body::{Thought, WireItem, WirePart};
use super::{REDACTED, SEALED};
use crate::wire::content::{self, Content, content, shown_by_tool};
use crate::wire::fault;
use crate::wire::seal;

const MAX_ITEMS: usize = 4_096;
const ROLES: &str = "'user', 'assistant', 'system' or 'developer'";
const PARTS: &str = "'input_text', 'input_image', 'input_file', 'input_audio', 'output_text' or 'refusal'";

pub(super) fn messages(input: &RawValue, messages: &mut Vec<Message>) -> Result<(), CallError> {
    let items = match content(input, "input", "items")? {
        Content::Text(text) => {
            messages.push(Message { role: MessageRole::User, parts: vec![Part::Text(text)] });
            return Ok(());
        }
        Content::List(items) => items,
    };
    if items.is_empty() {
        return Err(fault::empty("input", "array"));
    }
    if items.len() > MAX_ITEMS {
        return Err(fault::too_long("input", "items", MAX_ITEMS, items.len()));
    }
    let mut reader = Reader { messages, calls: HashSet::new() };
    for (index, raw) in items.into_iter().enumerate() {
        let path = format!("input[{index}]");
        let item: WireItem<'_> = fault::inside(raw.get(), &path)?;
        reader.item(item, raw, &path)?;
    }
    Ok(())
}

struct Reader<'a> {
    messages: &'a mut Vec<Message>,
    /// Ids of calls so far: a result belongs to one of them.
    calls: HashSet<String>,
}

impl Reader<'_> {
    fn say(&mut self, role: MessageRole, parts: impl IntoIterator<Item = Part>) {
        match self.messages.last_mut() {
            Some(last) if last.role == role && matches!(role, MessageRole::Assistant | MessageRole::Tool) => {
                last.parts.extend(parts);
            }
            _ => self.messages.push(Message { role, parts: parts.into_iter().collect() }),
        }
    }

    fn item(&mut self, item: WireItem<'_>, raw: &RawValue, path: &str) -> Result<(), CallError> {
        let missing = |name: &str| fault::missing(format!("{path}.{name}"));
        match item.kind.as_deref() {
            None | Some("message") => {
                let role = role(item.role.as_deref(), path)?;
                let content = item.content.ok_or_else(|| missing("content"))?;
                let parts = parts(content, &format!("{path}.content"))?;
                self.say(role, parts);
            }
            Some("function_call" | "custom_tool_call") => {
                let id = item.call_id.ok_or_else(|| missing("call_id"))?;
                self.calls.insert(id.clone());
                let name = item.name.ok_or_else(|| missing("name"))?;
                let arguments = item.arguments.or(item.input).ok_or_else(|| missing("arguments"))?;
                self.say(MessageRole::Assistant, [Part::ToolCall { id, name, arguments }]);
            }
            Some("function_call_output" | "custom_tool_call_output") => {
                let call_id = item.call_id.ok_or_else(|| missing("call_id"))?;
                if !self.calls.contains(&call_id) {
                    let expected = "the call_id of a call that stands before it in 'input'";
                    return Err(fault::invalid_value(format!("{path}.call_id"), &call_id, expected));
                }
                let output = item.output.ok_or_else(|| missing("output"))?;
                let result = result(call_id, parts(output, &format!("{path}.output"))?, path)?;
                self.say(MessageRole::Tool, [result]);
            }
            Some("reasoning") => {
                if let Some(thoughts) = thoughts(item, path)? {
                    self.say(MessageRole::Assistant, [thoughts]);
                }
            }
            Some("item_reference") => return Err(no_state(&format!("{path}.type"), "item_reference")),
            // What hosted tools have said; only a provider of this dialect knows it.
            Some(kind) => {
                let other = Part::Other { kind: kind.to_owned(), json: raw.get().to_owned() };
                self.say(MessageRole::Assistant, [other]);
            }
        }
        Ok(())
    }
}

/// What only stored state could give.
pub(super) fn no_state(param: &str, what: &str) -> CallError {
    let message = format!(
        "'{what}' refers to what an earlier call left behind, and this hub stores no answers. Send the whole \
         conversation as 'input', with reasoning as 'encrypted_content'."
    );
    fault::broken_rule(param, message, "unsupported_parameter")
}

fn role(role: Option<&str>, path: &str) -> Result<MessageRole, CallError> {
    match role {
        Some("user") => Ok(MessageRole::User),
        Some("assistant") => Ok(MessageRole::Assistant),
        Some("system") => Ok(MessageRole::System),
        Some("developer") => Ok(MessageRole::Developer),
        Some(role) => Err(fault::invalid_value(format!("{path}.role"), role, ROLES)),
        None => Err(fault::missing(format!("{path}.role"))),
    }
}

/// `None` for reasoning that says nothing, as it is without `include`.
fn thoughts(item: WireItem<'_>, path: &str) -> Result<Option<Part>, CallError> {
    let own: Option<Vec<Thought<'_>>> = match item.content {
        Some(raw) => fault::inside(raw.get(), &format!("{path}.content"))?,
        None => None,
    };
    let joined = |thoughts: Option<Vec<Thought<'_>>>| -> String {
        thoughts.into_iter().flatten().filter_map(|thought| thought.text).collect()
    };
    let text = Some(joined(own)).filter(|text| !text.is_empty()).unwrap_or_else(|| joined(item.summary));
    let sealed = item.encrypted_content.filter(|sealed| !sealed.is_empty());
    if let Some(data) = sealed.as_deref().and_then(|sealed| sealed.strip_prefix(REDACTED)) {
        return Ok(Some(Part::RedactedThinking(data.to_owned())));
    }
    let signature = sealed.map(|sealed| match sealed.strip_prefix(SEALED) {
        Some(others) => others.to_owned(),
        None => seal::of_responses(&sealed),
    });
    let says_nothing = text.is_empty() && signature.is_none();
    Ok((!says_nothing).then_some(Part::Thinking { text, signature }))
}

fn result(call_id: String, parts: Vec<Part>, path: &str) -> Result<Part, CallError> {
    let (text, images, others) = shown_by_tool(parts);
    if !others.is_empty() {
        let expected = "texts and images in a tool's result";
        return Err(fault::invalid_value(format!("{path}.output"), "another part", expected));
    }
    Ok(Part::ToolResult { call_id, text, images, is_error: false })
}

fn parts(raw: &RawValue, path: &str) -> Result<Vec<Part>, CallError> {
    content::parts(raw, path, "parts", |raw, path, parts| {
        parts.push(part(raw, path)?);
        Ok(())
    })
}

fn part(raw: &RawValue, path: &str) -> Result<Part, CallError> {
    let part: WirePart = fault::inside(raw.get(), path)?;
    let missing = |name: &str| fault::missing(format!("{path}.{name}"));
    let stored = |kind: &str| Part::Other { kind: kind.to_owned(), json: raw.get().to_owned() };
    Ok(match part.kind.as_deref() {
        Some("input_text" | "output_text" | "text") => Part::Text(part.text.ok_or_else(|| missing("text"))?),
        Some("refusal") => Part::Refusal(part.refusal.ok_or_else(|| missing("refusal"))?),
        Some("input_image") => match part.image_url {
            Some(url) if url.starts_with("data:") => {
                Part::Image { source: ImageSource::Data(url), detail: part.detail }
            }
            Some(url) => Part::Image { source: ImageSource::Url(url), detail: part.detail },
            // A file that the provider keeps.
            None if part.file_id.is_some() => stored("input_image"),
            None => return Err(missing("image_url")),
        },
        Some("input_file") => {
            let data = part.file_data.or(part.file_url).or(part.file_id);
            Part::File { data: data.ok_or_else(|| missing("file_data"))?, filename: part.filename }
        }
        Some("input_audio") => {
            let audio = part.input_audio.ok_or_else(|| missing("input_audio"))?;
            Part::Audio {
                base64: audio.data.ok_or_else(|| missing("input_audio.data"))?,
                format: audio.format.ok_or_else(|| missing("input_audio.format"))?,
            }
        }
        Some(kind) => return Err(fault::invalid_value(format!("{path}.type"), kind, PARTS)),
        None => return Err(missing("type")),
    })
}
