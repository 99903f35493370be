//! `system` and `messages` from the vocabulary's messages.
//!
//! Turns of one role in a row become one, and what tools answered comes first in the user's turn after the
//! calls.

use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{ChatRequest, ImageSource, Message, MessageRole, Part};
use serde_json::json;
use serde_json::value::RawValue;

use super::encode_canonical::cache_control;
use crate::encoded::unsupported;
use crate::wire::json_object::JsonObject;
use crate::wire::seal;

/// JSON texts.
pub(super) struct Turns {
    /// Blocks.
    pub system: Vec<String>,
    /// An array.
    pub messages: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Assistant,
}

pub(super) fn encode(chat: &ChatRequest) -> Result<Turns, ProviderError> {
    let is_system = |message: &&Message| matches!(message.role, MessageRole::System | MessageRole::Developer);
    let leading = chat.messages.iter().take_while(is_system).count();
    let (head, conversation) = chat.messages.split_at(leading);
    let mut system = Vec::new();
    for message in head {
        blocks(message, &mut system)?;
    }
    let mut turns: Vec<(Role, Vec<String>)> = Vec::new();
    for message in conversation {
        let role = match message.role {
            MessageRole::Assistant => Role::Assistant,
            // Later words of the system's come as the user's: not every model takes them otherwise.
            _ => Role::User,
        };
        let at = match turns.last() {
            Some((last, _)) if *last == role => turns.len() - 1,
            _ => {
                turns.push((role, Vec::new()));
                turns.len() - 1
            }
        };
        blocks(message, &mut turns[at].1)?;
    }
    turns.retain(|(_, blocks)| !blocks.is_empty());
    if turns.is_empty() {
        // One turn there must be.
        turns.push((Role::User, std::mem::take(&mut system)));
    }
    let turns: Vec<String> = turns
        .into_iter()
        .map(|(role, blocks)| {
            let role = if role == Role::User { "user" } else { "assistant" };
            format!("{{\"role\":\"{role}\",\"content\":[{}]}}", blocks.join(","))
        })
        .collect();
    Ok(Turns { system, messages: format!("[{}]", turns.join(",")) })
}

fn blocks(message: &Message, into: &mut Vec<String>) -> Result<(), ProviderError> {
    for part in &message.parts {
        match part {
            Part::CacheBreakpoint(ttl) => {
                if let Some(last) = into.last_mut().filter(|last| !last.contains("\"cache_control\":")) {
                    last.truncate(last.len() - 1);
                    last.push_str(",\"cache_control\":");
                    last.push_str(cache_control(*ttl));
                    last.push('}');
                }
            }
            part => into.extend(block(part)?),
        }
    }
    Ok(())
}

fn block(part: &Part) -> Result<Option<String>, ProviderError> {
    let made = match part {
        // Blank blocks are refused.
        Part::Text(text) | Part::Refusal(text) if text.trim().is_empty() => return Ok(None),
        Part::Text(text) | Part::Refusal(text) => json!({ "type": "text", "text": text }),
        Part::Image { source, .. } => image(source)?,
        Part::File { data, filename } => document(data, filename.as_deref())?,
        Part::Audio { .. } => return Err(unsupported("messages", "This provider takes no audio.")),
        Part::ToolCall { id, name, arguments } => return call(id, name, arguments).map(Some),
        Part::ToolResult { call_id, text, images, is_error } => {
            let mut content = Vec::new();
            if !text.is_empty() {
                content.push(json!({ "type": "text", "text": text }));
            }
            for source in images {
                content.push(image(source)?);
            }
            let mut result = json!({ "type": "tool_result", "tool_use_id": call_id, "content": content });
            if *is_error {
                result["is_error"] = json!(true);
            }
            result
        }
        Part::Thinking { text, signature: Some(signature) } if seal::as_responses(signature).is_none() => {
            json!({ "type": "thinking", "thinking": text, "signature": signature })
        }
        // Not this provider's thoughts: it would refuse them.
        Part::Thinking { .. } => return Ok(None),
        Part::RedactedThinking(data) => json!({ "type": "redacted_thinking", "data": data }),
        Part::Other { kind, .. } => {
            return Err(unsupported("messages", &format!("This provider has no content of type '{kind}'.")));
        }
        Part::CacheBreakpoint(_) => return Ok(None),
    };
    Ok(Some(made.to_string()))
}

/// Arguments stay as they came: numbers keep their digits.
fn call(id: &str, name: &str, arguments: &str) -> Result<String, ProviderError> {
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
    let mut object = JsonObject::default();
    let named = object.value("type", "tool_use").and_then(|()| object.value("id", id));
    named.and_then(|()| object.value("name", name)).ok_or_else(crate::encoded::unreadable)?;
    object.raw("input", arguments);
    Ok(object.written())
}

fn image(source: &ImageSource) -> Result<serde_json::Value, ProviderError> {
    match source {
        ImageSource::Url(url) => Ok(json!({ "type": "image", "source": { "type": "url", "url": url } })),
        ImageSource::Data(url) => {
            let (media, data) = base64(url)
                .ok_or_else(|| unsupported("messages", "This provider takes images as URL or in base64."))?;
            if !matches!(media, "image/jpeg" | "image/png" | "image/gif" | "image/webp") {
                let why = format!("This provider takes no images of type '{media}'.");
                return Err(unsupported("messages", &why));
            }
            let source = json!({ "type": "base64", "media_type": media, "data": data });
            Ok(json!({ "type": "image", "source": source }))
        }
    }
}

fn document(data: &str, filename: Option<&str>) -> Result<serde_json::Value, ProviderError> {
    let source = if data.starts_with("http://") || data.starts_with("https://") {
        json!({ "type": "url", "url": data })
    } else if let Some((media, data)) = base64(data) {
        if media != "application/pdf" {
            let why = format!("This provider takes no documents of type '{media}'.");
            return Err(unsupported("messages", &why));
        }
        json!({ "type": "base64", "media_type": media, "data": data })
    } else {
        return Err(unsupported("messages", "This provider does not have files of another provider."));
    };
    let mut document = json!({ "type": "document", "source": source });
    if let Some(title) = filename {
        document["title"] = json!(title);
    }
    Ok(document)
}

/// The media type and the digits of a data URL.
fn base64(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("data:")?;
    let (head, data) = rest.split_once(',')?;
    Some((head.strip_suffix(";base64")?, data))
}
