//! Messages of `/api/v2/chat` into the vocabulary.

use hub_domain::error::CallError;
use hub_domain::vocabulary::{CacheTtl, ImageSource, Message, MessageRole, Part};
use serde_json::value::RawValue;

use super::request_body::{CacheControl, WireCall, WireMessage, WirePart};
use crate::wire::content::{self, shown_by_tool};
use crate::wire::fault;

const MAX_MESSAGES: usize = 4_096;
const ROLES: &str = "'system', 'user', 'agent' or 'tool'";
const PARTS: &str = "'text', 'url' or 'file'";

pub(super) fn messages(messages: Option<Vec<WireMessage<'_>>>) -> Result<Vec<Message>, CallError> {
    const PATH: &str = "input.messages";
    let messages = messages.ok_or_else(|| fault::missing(PATH))?;
    if messages.is_empty() {
        return Err(fault::empty(PATH, "array"));
    }
    if messages.len() > MAX_MESSAGES {
        return Err(fault::too_long(PATH, "messages", MAX_MESSAGES, messages.len()));
    }
    let at = |(index, message)| self::message(message, &format!("{PATH}[{index}]"));
    messages.into_iter().enumerate().map(at).collect()
}

fn message(message: WireMessage<'_>, path: &str) -> Result<Message, CallError> {
    let field = |name: &str| format!("{path}.{name}");
    let role = match message.role.as_deref() {
        Some("system") => MessageRole::System,
        Some("user") => MessageRole::User,
        // What the rest of the world calls it is what a person would write.
        Some("agent" | "assistant") => MessageRole::Assistant,
        Some("tool") => MessageRole::Tool,
        Some(role) => return Err(fault::invalid_value(field("role"), role, ROLES)),
        None => return Err(fault::missing(field("role"))),
    };
    let mut parts = match message.content {
        Some(raw) => self::parts(raw, &field("content"))?,
        None => Vec::new(),
    };
    if role == MessageRole::Tool {
        let call_id = message.tool_call_id.ok_or_else(|| fault::missing(field("toolCallId")))?;
        parts = vec![result(call_id, parts, &field("content"))?];
    }
    for (index, call) in message.tool_calls.unwrap_or_default().into_iter().enumerate() {
        if role != MessageRole::Assistant {
            let message = "Only the agent's messages may have 'toolCalls'.";
            return Err(fault::broken_rule(field("toolCalls"), message, "invalid_parameter_combination"));
        }
        parts.push(self::call(call, &format!("{path}.toolCalls[{index}]"))?);
    }
    parts.extend(message.cache_control.as_ref().map(|cache| Part::CacheBreakpoint(ttl(cache))));
    Ok(Message { role, parts })
}

fn call(call: WireCall<'_>, path: &str) -> Result<Part, CallError> {
    let field = |name: &str| format!("{path}.{name}");
    let function = call.function.ok_or_else(|| fault::missing(field("function")))?;
    let arguments = match function.arguments {
        None => "{}".to_owned(),
        Some(object) if object.get().starts_with('{') => object.get().to_owned(),
        Some(_) => {
            return Err(fault::invalid_type(field("function.arguments"), "an object", "something else"));
        }
    };
    Ok(Part::ToolCall {
        id: call.id.ok_or_else(|| fault::missing(field("id")))?,
        name: function.name.ok_or_else(|| fault::missing(field("function.name")))?,
        arguments,
    })
}

fn result(call_id: String, parts: Vec<Part>, path: &str) -> Result<Part, CallError> {
    let (text, images, others) = shown_by_tool(parts);
    if others.iter().any(|other| !matches!(other, Part::CacheBreakpoint(_))) {
        return Err(fault::invalid_value(path, "a file", "text and images in a tool's result"));
    }
    Ok(Part::ToolResult { call_id, text, images, is_error: false })
}

fn parts(raw: &RawValue, path: &str) -> Result<Vec<Part>, CallError> {
    content::parts(raw, path, "parts", |raw, path, parts| {
        let mut part: WirePart = fault::inside(raw.get(), path)?;
        let cache = part.cache_control.take();
        parts.push(self::part(part, path)?);
        parts.extend(cache.as_ref().map(|cache| Part::CacheBreakpoint(ttl(cache))));
        Ok(())
    })
}

fn part(part: WirePart, path: &str) -> Result<Part, CallError> {
    let missing = |name: &str| fault::missing(format!("{path}.{name}"));
    match part.kind.as_deref() {
        Some("text") => part.text.map(Part::Text).ok_or_else(|| missing("text")),
        Some("url") => {
            let url = part.url.ok_or_else(|| missing("url"))?;
            // Clients seldom say what is there; nearly always it is an image.
            Ok(match part.mime_type.as_deref() {
                Some(mime) if !mime.starts_with("image/") => {
                    Part::File { data: url, filename: part.filename }
                }
                _ if url.starts_with("data:") => Part::Image { source: ImageSource::Data(url), detail: None },
                _ => Part::Image { source: ImageSource::Url(url), detail: None },
            })
        }
        Some("file") => {
            let data = part.data.ok_or_else(|| missing("data"))?;
            Ok(file(part.mime_type.as_deref().unwrap_or("image/png"), data, part.filename))
        }
        // It would make the hub read a file of its own and send it to a provider.
        Some("local") => {
            let message = "Content of type 'local' is refused: the hub reads no files for its clients. Send \
                           the content as 'file', or a 'url'.";
            Err(fault::broken_rule(format!("{path}.type"), message, "unsupported_content"))
        }
        Some(kind) => Err(fault::invalid_value(format!("{path}.type"), kind, PARTS)),
        None => Err(missing("type")),
    }
}

fn file(mime: &str, data: String, filename: Option<String>) -> Part {
    match mime.split_once('/') {
        Some(("image", _)) => {
            Part::Image { source: ImageSource::Data(format!("data:{mime};base64,{data}")), detail: None }
        }
        Some(("audio", kind)) => {
            let format = match kind {
                "mpeg" => "mp3",
                "x-wav" | "wave" => "wav",
                kind => kind,
            };
            Part::Audio { base64: data, format: format.to_owned() }
        }
        _ => Part::File { data: format!("data:{mime};base64,{data}"), filename },
    }
}

pub(super) fn ttl(cache: &CacheControl) -> CacheTtl {
    if cache.ttl.as_deref() == Some("1h") { CacheTtl::OneHour } else { CacheTtl::FiveMinutes }
}
