//! `system` and `messages` of a Messages request.

use hub_domain::error::CallError;
use hub_domain::vocabulary::{Message, MessageRole, Part};
use serde_json::value::RawValue;

use super::block;
use super::request_body::WireMessage;
use crate::wire::fault;

const MAX_MESSAGES: usize = 100_000;

/// What the model is told before the conversation.
pub(super) fn system(raw: &RawValue) -> Result<Message, CallError> {
    let parts = block::parts(raw, "system")?;
    Ok(Message { role: MessageRole::System, parts })
}

pub(super) fn decode(messages: Vec<WireMessage<'_>>, into: &mut Vec<Message>) -> Result<(), CallError> {
    if messages.is_empty() {
        return Err(fault::empty("messages", "array"));
    }
    if messages.len() > MAX_MESSAGES {
        return Err(fault::too_long("messages", "messages", MAX_MESSAGES, messages.len()));
    }
    for (index, message) in messages.into_iter().enumerate() {
        let path = |field: &str| format!("messages[{index}].{field}");
        let role = match message.role.as_deref() {
            Some("user") => MessageRole::User,
            Some("assistant") => MessageRole::Assistant,
            Some("system") => MessageRole::System,
            Some(other) => {
                return Err(fault::invalid_value(path("role"), other, "'user', 'assistant' or 'system'"));
            }
            None => return Err(fault::missing(path("role"))),
        };
        let content = message.content.ok_or_else(|| fault::missing(path("content")))?;
        let parts = block::parts(content, &path("content"))?;
        push(Message { role, parts }, into);
    }
    Ok(())
}

/// What tools answered stands in a user's turn here, and in a message of its own in the vocabulary.
fn push(message: Message, into: &mut Vec<Message>) {
    if message.role != MessageRole::User
        || !message.parts.iter().any(|part| matches!(part, Part::ToolResult { .. }))
    {
        into.push(message);
        return;
    }
    let (mut results, mut rest) = (Vec::new(), Vec::new());
    let mut after_result = false;
    for part in message.parts {
        let belongs = match &part {
            Part::ToolResult { .. } => true,
            // A breakpoint belongs to what stands before it.
            Part::CacheBreakpoint(_) => after_result,
            _ => false,
        };
        after_result = belongs;
        if belongs { results.push(part) } else { rest.push(part) }
    }
    into.push(Message { role: MessageRole::Tool, parts: results });
    if !rest.is_empty() {
        into.push(Message { role: MessageRole::User, parts: rest });
    }
}
