//! `systemInstruction` and `contents` from the vocabulary's messages.

use std::collections::HashMap;

use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{ChatRequest, ImageSource, Message, MessageRole, Part};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::encoded::{unreadable, unsupported};
use crate::wire::json_object::JsonObject;
use crate::wire::seal;

/// What Google documents for calls whose thoughts are not there any more, because another model made them.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// JSON texts.
pub(super) struct Contents {
    /// Parts.
    pub system: Vec<String>,
    /// Entries.
    pub contents: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    /// A user's entry that holds what tools answered and nothing else.
    Tool,
    Model,
}

pub(super) fn encode(chat: &ChatRequest) -> Result<Contents, ProviderError> {
    let is_system = |message: &&Message| matches!(message.role, MessageRole::System | MessageRole::Developer);
    let leading = chat.messages.iter().take_while(is_system).count();
    let (head, conversation) = chat.messages.split_at(leading);
    let mut writer = Writer { names: HashMap::new(), entries: Vec::new() };
    let mut system = Vec::new();
    for part in head.iter().flat_map(|message| &message.parts) {
        system.extend(writer.part(part)?);
    }
    for message in conversation {
        writer.message(message)?;
    }
    let mut entries = writer.entries;
    entries.retain(|(_, parts)| !parts.is_empty());
    if entries.is_empty() {
        // One entry there must be.
        entries.push((Role::User, std::mem::take(&mut system)));
    }
    if entries[0].0 == Role::Model {
        entries.insert(0, (Role::User, vec![text(" ")]));
    }
    let contents = entries.into_iter().map(|(role, parts)| {
        let role = if role == Role::Model { "model" } else { "user" };
        format!("{{\"role\":\"{role}\",\"parts\":[{}]}}", parts.join(","))
    });
    Ok(Contents { system, contents: contents.collect() })
}

struct Writer<'a> {
    /// Of functions, by the ids of their calls: an answer has to name its function.
    names: HashMap<&'a str, &'a str>,
    entries: Vec<(Role, Vec<String>)>,
}

impl<'a> Writer<'a> {
    fn message(&mut self, message: &'a Message) -> Result<(), ProviderError> {
        let role = match message.role {
            MessageRole::Assistant => Role::Model,
            _ => Role::User,
        };
        // The first call needs a seal.
        let mut stand_in = Some(NO_SIGNATURE);
        let mut sealed = None;
        for part in &message.parts {
            match part {
                Part::ToolCall { id, name, arguments } => {
                    self.names.insert(id, name);
                    let stand_in = stand_in.take();
                    let call = call(id, name, arguments, sealed.take().or(stand_in))?;
                    self.entry(Role::Model).push(call);
                }
                Part::Thinking { signature: Some(signature), .. } => sealed = seal::as_gemini(signature),
                Part::ToolResult { call_id, text, images, is_error } => {
                    let name = self.names.get(call_id.as_str()).copied().unwrap_or(call_id);
                    let result = result(call_id, name, text, *is_error)?;
                    self.entry(Role::Tool).push(result);
                    for source in images {
                        let image = image(source)?;
                        self.entry(Role::User).push(image);
                    }
                }
                part => {
                    if let Some(written) = self.part(part)? {
                        self.entry(role).push(written);
                    }
                }
            }
        }
        Ok(())
    }

    /// The entry that is being written, where it is of this role; else a new one.
    fn entry(&mut self, role: Role) -> &mut Vec<String> {
        if self.entries.last().is_none_or(|(last, _)| *last != role) {
            self.entries.push((role, Vec::new()));
        }
        let last = self.entries.len() - 1;
        &mut self.entries[last].1
    }

    fn part(&self, part: &Part) -> Result<Option<String>, ProviderError> {
        Ok(Some(match part {
            Part::Text(said) | Part::Refusal(said) if said.is_empty() => return Ok(None),
            Part::Text(said) | Part::Refusal(said) => text(said),
            Part::Image { source, .. } => image(source)?,
            Part::Audio { base64, format } => inline(&format!("audio/{format}"), base64),
            Part::File { data, .. } => match base64(data) {
                Some((media, data)) => inline(media, data),
                None => {
                    let why = "This provider takes documents inline, not by URL or by another provider's id.";
                    return Err(unsupported("messages", why));
                }
            },
            Part::Other { kind, .. } => {
                let why = format!("This provider has no content of type '{kind}'.");
                return Err(unsupported("messages", &why));
            }
            // Another model's, or written elsewhere.
            Part::Thinking { .. }
            | Part::RedactedThinking(_)
            | Part::CacheBreakpoint(_)
            | Part::ToolCall { .. }
            | Part::ToolResult { .. } => return Ok(None),
        }))
    }
}

fn text(text: &str) -> String {
    json!({ "text": text }).to_string()
}

fn inline(media: &str, base64: &str) -> String {
    json!({ "inlineData": { "mimeType": media, "data": base64 } }).to_string()
}

fn image(source: &ImageSource) -> Result<String, ProviderError> {
    match source {
        ImageSource::Data(url) => match base64(url) {
            Some((media, data)) => Ok(inline(media, data)),
            None => Err(unsupported("messages", "This provider takes images in base64.")),
        },
        ImageSource::Url(_) => {
            Err(unsupported("messages", "This provider takes images in base64, not by URL; send a data URL."))
        }
    }
}

/// The media type and the digits of a data URL.
fn base64(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    Some((head.strip_suffix(";base64")?, data))
}

/// Arguments stay as they came: numbers keep their digits.
fn call(id: &str, name: &str, arguments: &str, seal: Option<&str>) -> Result<String, ProviderError> {
    let arguments = match arguments.trim() {
        "" => "{}",
        arguments => match serde_json::from_str::<&RawValue>(arguments) {
            Ok(object) if object.get().starts_with('{') => object.get(),
            _ => {
                let why = "This provider takes arguments of tool calls that are a JSON object.";
                return Err(unsupported("messages", why));
            }
        },
    };
    let mut call = JsonObject::default();
    call.value("id", id).and_then(|()| call.value("name", name)).ok_or_else(unreadable)?;
    call.raw("args", arguments);
    let mut part = JsonObject::default();
    part.raw("functionCall", &call.written());
    if let Some(seal) = seal {
        part.value("thoughtSignature", seal).ok_or_else(unreadable)?;
    }
    Ok(part.written())
}

fn result(id: &str, name: &str, text: &str, is_error: bool) -> Result<String, ProviderError> {
    let mut result = JsonObject::default();
    result.value("id", id).and_then(|()| result.value("name", name)).ok_or_else(unreadable)?;
    match serde_json::from_str::<&RawValue>(text) {
        Ok(object) if object.get().starts_with('{') && !is_error => result.raw("response", object.get()),
        _ => {
            let key = if is_error { "error" } else { "output" };
            result.value("response", Value::from_iter([(key, text)])).ok_or_else(unreadable)?;
        }
    }
    let mut part = JsonObject::default();
    part.raw("functionResponse", &result.written());
    Ok(part.written())
}
