//! The messages of a Chat Completions request.

use std::collections::HashSet;

use hub_domain::error::CallError;
use hub_domain::vocabulary::{ImageSource, Message, MessageRole, Part};

use super::chat_body::{
    CalledFunction, Content, WireAudio, WireFile, WireImage, WireMessage, WirePart, WireToolCall,
};
use super::decode_chat;
use crate::wire::fault;

const MAX_MESSAGES: usize = 4_096;
const MAX_AUTHOR_NAME: usize = 64;
const MAX_ID: usize = 1_024;
const ROLES: &str = "'system', 'developer', 'user', 'assistant', 'tool' or 'function'";

pub(super) fn decode(messages: Vec<WireMessage<'_>>) -> Result<Vec<Message>, CallError> {
    if messages.is_empty() {
        return Err(fault::empty("messages", "array"));
    }
    if messages.len() > MAX_MESSAGES {
        return Err(fault::too_long("messages", "messages", MAX_MESSAGES, messages.len()));
    }
    let has_results = messages.iter().any(|message| message.tool_call_id.is_some());
    let mut decoded = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        decoded.push(At { index }.message(message)?);
    }
    if has_results {
        require_calls(&decoded)?;
    }
    Ok(decoded)
}

/// A tool's result belongs to a call that was made before it.
fn require_calls(messages: &[Message]) -> Result<(), CallError> {
    let mut calls: HashSet<&str> = HashSet::new();
    for (index, message) in messages.iter().enumerate() {
        for part in &message.parts {
            match part {
                Part::ToolCall { id, .. } => {
                    calls.insert(id);
                }
                Part::ToolResult { call_id, .. } if !calls.contains(call_id.as_str()) => {
                    let expected = "the id of a tool call in an earlier message of the assistant";
                    return Err(fault::invalid_value(At { index }.path("tool_call_id"), call_id, expected));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// A message by its index.
#[derive(Clone, Copy)]
struct At {
    index: usize,
}

impl At {
    fn path(self, field: &str) -> String {
        format!("messages[{}].{field}", self.index)
    }

    fn part(self, part: usize, field: &str) -> String {
        format!("messages[{}].content[{part}].{field}", self.index)
    }

    fn message(self, message: WireMessage<'_>) -> Result<Message, CallError> {
        let role = match message.role.as_deref() {
            Some("system") => MessageRole::System,
            Some("developer") => MessageRole::Developer,
            Some("user") => MessageRole::User,
            Some("assistant") => MessageRole::Assistant,
            Some("tool" | "function") => MessageRole::Tool,
            Some(other) => return Err(fault::invalid_value(self.path("role"), other, ROLES)),
            None => return Err(fault::missing(self.path("role"))),
        };
        if let Some(name) = &message.name
            && name.len() > MAX_AUTHOR_NAME
        {
            return Err(fault::too_long(self.path("name"), "string", MAX_AUTHOR_NAME, name.len()));
        }
        if message.content.is_none() && role != MessageRole::Assistant {
            return Err(fault::missing(self.path("content")));
        }
        let parts = match role {
            MessageRole::Tool => self.result(message)?,
            _ => self.parts(message)?,
        };
        Ok(Message { role, parts })
    }

    /// All that a message says. Some of it only an assistant can say, but what is there is priced.
    fn parts(self, message: WireMessage<'_>) -> Result<Vec<Part>, CallError> {
        // Thoughts come first, as they did when they were answered.
        let thoughts = message.reasoning_content.or(message.reasoning).filter(|text| !text.is_empty());
        let mut parts: Vec<Part> =
            thoughts.map(|text| Part::Thinking { text, signature: None }).into_iter().collect();
        if let Some(content) = message.content {
            parts.append(&mut self.content(content)?);
        }
        parts.extend(message.refusal.map(Part::Refusal));
        if let Some(id) = message.audio.and_then(|audio| audio.id) {
            parts.push(Part::File { data: id.into_owned(), filename: None });
        }
        for (index, call) in message.tool_calls.unwrap_or_default().into_iter().enumerate() {
            parts.push(self.tool_call(call, index)?);
        }
        if let Some(CalledFunction { name, arguments }) = message.function_call {
            let path = self.path("function_call");
            let name = decode_chat::name(name, &path)?;
            let arguments = arguments.ok_or_else(|| fault::missing(format!("{path}.arguments")))?;
            // Calls of that time had no id; there was one at a time, known by its name.
            parts.push(Part::ToolCall { id: name.clone(), name, arguments });
        }
        Ok(parts)
    }

    fn tool_call(self, call: WireToolCall, index: usize) -> Result<Part, CallError> {
        let path = |field: &str| self.path(&format!("tool_calls[{index}].{field}"));
        let (name, arguments) = match call.kind.as_deref() {
            None | Some("function") => {
                let function = call.function.ok_or_else(|| fault::missing(path("function")))?;
                let name = decode_chat::name(function.name, &path("function"))?;
                (name, function.arguments.ok_or_else(|| fault::missing(path("function.arguments")))?)
            }
            Some("custom") => {
                let custom = call.custom.ok_or_else(|| fault::missing(path("custom")))?;
                let name = decode_chat::name(custom.name, &path("custom"))?;
                (name, custom.input.ok_or_else(|| fault::missing(path("custom.input")))?)
            }
            Some(kind) => return Err(fault::invalid_value(path("type"), kind, "'function' or 'custom'")),
        };
        Ok(Part::ToolCall { id: id(call.id, &path("id"))?, name, arguments })
    }

    fn result(self, mut message: WireMessage<'_>) -> Result<Vec<Part>, CallError> {
        let call_id = match message.role.as_deref() {
            Some("function") => message.name.take().ok_or_else(|| fault::missing(self.path("name")))?,
            _ => id(message.tool_call_id.take(), &self.path("tool_call_id"))?,
        };
        let mut text = String::new();
        let (mut images, mut others) = (Vec::new(), Vec::new());
        for part in self.parts(message)? {
            match part {
                Part::Text(piece) if text.is_empty() => text = piece,
                Part::Text(piece) => text.push_str(&piece),
                Part::Image { source, .. } => images.push(source),
                other => others.push(other),
            }
        }
        let mut parts = vec![Part::ToolResult { call_id, text, images, is_error: false }];
        parts.append(&mut others);
        Ok(parts)
    }

    fn content(self, content: Content) -> Result<Vec<Part>, CallError> {
        match content {
            Content::Text(text) => Ok(vec![Part::Text(text)]),
            Content::Parts(parts) => {
                let mut decoded = Vec::with_capacity(parts.len());
                for (index, part) in parts.into_iter().enumerate() {
                    self.content_part(part, index, &mut decoded)?;
                }
                Ok(decoded)
            }
        }
    }

    fn content_part(self, part: WirePart, index: usize, into: &mut Vec<Part>) -> Result<(), CallError> {
        let path = |field: &str| self.part(index, field);
        let missing = |field: &str| fault::missing(path(field));
        if part.payloads() > 1 {
            let message = "A part of a message has one kind of content only.";
            let param = format!("messages[{}].content[{index}]", self.index);
            return Err(fault::broken_rule(param, message, "invalid_value"));
        }
        match part.kind.as_deref() {
            Some("text") => into.push(Part::Text(part.text.ok_or_else(|| missing("text"))?)),
            Some("refusal") => into.push(Part::Refusal(part.refusal.ok_or_else(|| missing("refusal"))?)),
            Some("image_url") => {
                let WireImage { url, detail } = part.image_url.ok_or_else(|| missing("image_url"))?;
                let url = url.ok_or_else(|| missing("image_url.url"))?;
                let source = image(url, || path("image_url.url"))?;
                into.push(Part::Image { source, detail });
            }
            Some("input_audio") => {
                let WireAudio { data, format } = part.input_audio.ok_or_else(|| missing("input_audio"))?;
                let base64 = data.ok_or_else(|| missing("input_audio.data"))?;
                let format = format.ok_or_else(|| missing("input_audio.format"))?;
                into.push(Part::Audio { base64, format });
            }
            Some("file") => {
                let WireFile { file_data, file_id, filename } = part.file.ok_or_else(|| missing("file"))?;
                if file_data.is_none() && file_id.is_none() {
                    return Err(missing("file.file_data"));
                }
                let is_inline = |data: &String| data.starts_with("data:");
                // Without the head of a data URL it would look like an id.
                let inline = file_data.map(|data| {
                    if is_inline(&data) {
                        data
                    } else {
                        format!("data:application/octet-stream;base64,{data}")
                    }
                });
                // Both at once is the provider's to judge; both count.
                let stored = file_id.filter(|id| !is_inline(id));
                into.extend(
                    inline
                        .into_iter()
                        .chain(stored)
                        .map(|data| Part::File { data, filename: filename.clone() }),
                );
            }
            Some(kind) => {
                let expected = "'text', 'image_url', 'input_audio', 'file' or 'refusal'";
                return Err(fault::invalid_value(path("type"), kind, expected));
            }
            None => return Err(missing("type")),
        }
        Ok(())
    }
}

fn image(url: String, path: impl Fn() -> String) -> Result<ImageSource, CallError> {
    let has_scheme =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if has_scheme("data:") {
        return Ok(ImageSource::Data(url));
    }
    if has_scheme("https://") || has_scheme("http://") {
        return Ok(ImageSource::Url(url));
    }
    Err(fault::invalid_value(path(), &url, "an http, https or data URL"))
}

fn id(id: Option<String>, path: &str) -> Result<String, CallError> {
    let id = id.ok_or_else(|| fault::missing(path))?;
    if id.len() > MAX_ID {
        return Err(fault::too_long(path, "string", MAX_ID, id.len()));
    }
    if id.chars().any(char::is_control) {
        return Err(fault::invalid_value(path, &id, "an id without control characters"));
    }
    Ok(id)
}
