//! What a request looks like where an API is not quite OpenAI's.

use std::borrow::Cow;

use hub_domain::vocabulary::{ChatRequest, Message, MessageRole, OutputFormat, Part, Tool};
use serde_json::value::RawValue;

use super::{Quirks, ThinkingBack, UpstreamTarget};
use crate::outline::Outline;

/// Members in which clients send thoughts back.
const THOUGHTS: [&str; 2] = ["reasoning_content", "reasoning"];

/// A request of another dialect as the upstream takes it.
pub(super) struct Fitting<'a> {
    pub(super) chat: Cow<'a, ChatRequest>,
    pub(super) dropped: Vec<String>,
}

pub(super) fn fitting<'a>(chat: &'a ChatRequest, target: &UpstreamTarget<'_>) -> Fitting<'a> {
    let sampling = &chat.sampling;
    let dropped = refused(chat, target, |key| match key {
        "temperature" => sampling.temperature.clone(),
        "top_p" => sampling.top_p.clone(),
        "presence_penalty" => sampling.presence_penalty.clone(),
        "frequency_penalty" => sampling.frequency_penalty.clone(),
        "user" => chat.user.clone(),
        _ => None,
    });
    if dropped.is_empty() && !tells_schema(chat, &target.quirks) {
        return Fitting { chat: Cow::Borrowed(chat), dropped: Vec::new() };
    }
    let mut chat = chat.clone();
    for key in &dropped {
        match *key {
            "temperature" => chat.sampling.temperature = None,
            "top_p" => chat.sampling.top_p = None,
            "presence_penalty" => chat.sampling.presence_penalty = None,
            "frequency_penalty" => chat.sampling.frequency_penalty = None,
            _ => chat.user = None,
        }
    }
    if tells_schema(&chat, &target.quirks) {
        let parts = vec![Part::Text(schema_told(&chat.output))];
        chat.messages.insert(0, Message { role: MessageRole::System, parts });
        chat.output = OutputFormat::JsonObject;
    }
    Fitting { chat: Cow::Owned(chat), dropped: dropped.into_iter().map(str::to_owned).collect() }
}

/// Members of a request that the upstream refuses. `value` is their JSON text.
pub(super) fn refused(
    chat: &ChatRequest,
    target: &UpstreamTarget<'_>,
    value: impl Fn(&str) -> Option<String>,
) -> Vec<&'static str> {
    let is_there = |key: &&&str| value(key).is_some();
    // What a model takes that was told not to think, nobody knows but itself.
    let thinks = chat.reasoning_effort.as_ref().is_none_or(|effort| effort.0 != "none");
    let beside = target.quirks.refused_by_reasoning.iter().filter(|_| thinks);
    let beside = beside.filter(|key| value(key).is_some_and(|value| !is_default(key, &value)));
    target.quirks.refused.iter().filter(is_there).chain(beside).copied().collect()
}

fn is_default(key: &str, value: &str) -> bool {
    let one = matches!(key, "temperature" | "top_p");
    match value.trim() {
        "null" => true,
        "1" | "1.0" => one,
        "0" | "0.0" => !one,
        _ => false,
    }
}

/// Whether the schema of the answer goes into the prompt.
pub(super) fn tells_schema(chat: &ChatRequest, quirks: &Quirks) -> bool {
    !quirks.json_schema && matches!(chat.output, OutputFormat::JsonSchema { .. })
}

fn schema_told(output: &OutputFormat) -> String {
    match output {
        OutputFormat::JsonSchema { schema, .. } => {
            format!(
                "Answer with one JSON object that this JSON Schema describes, and nothing else:\n{schema}"
            )
        }
        OutputFormat::JsonObject | OutputFormat::Text => String::new(),
    }
}

pub(super) fn lacks_parameters(tool: &Tool) -> bool {
    tool.parameters.as_deref().is_none_or(|parameters| matches!(parameters.trim(), "{}" | "null"))
}

/// Whether tools are written anew, with parameters.
pub(super) fn fills_tools(chat: &ChatRequest, quirks: &Quirks) -> bool {
    !quirks.bare_tools && chat.tools.iter().any(lacks_parameters)
}

/// The member in which a message's thoughts go back, if they do.
pub(super) fn thinking_member(message: &Message, quirks: &Quirks) -> Option<&'static str> {
    match quirks.thinking_back {
        ThinkingBack::In(member) => Some(member),
        ThinkingBack::WithCalls(member) => calls_tools(message).then_some(member),
        ThinkingBack::Never => None,
    }
}

fn calls_tools(message: &Message) -> bool {
    message.parts.iter().any(|part| matches!(part, Part::ToolCall { .. }))
}

/// The client's own messages with the few changes that the upstream needs; `None` where it needs none.
pub(super) fn messages(text: &str, chat: &ChatRequest, quirks: &Quirks) -> Option<String> {
    let has_developer = chat.messages.iter().any(|message| message.role == MessageRole::Developer);
    let renames = !quirks.developer_role && has_developer;
    let thinks = chat.messages.iter().flat_map(|message| &message.parts).any(is_thought);
    let moves_thoughts = thinks && quirks.thinking_back != ThinkingBack::In(THOUGHTS[0]);
    if !renames && !moves_thoughts && !tells_schema(chat, quirks) {
        return None;
    }
    let messages: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut written = Vec::with_capacity(messages.len() + 1);
    if tells_schema(chat, quirks) {
        let told = serde_json::json!({ "role": "system", "content": schema_told(&chat.output) });
        written.push(told.to_string());
    }
    for message in messages {
        written.push(one_message(message.get(), quirks)?);
    }
    Some(format!("[{}]", written.join(",")))
}

fn is_thought(part: &Part) -> bool {
    matches!(part, Part::Thinking { .. })
}

fn one_message(text: &str, quirks: &Quirks) -> Option<String> {
    let outline = Outline::of(text).ok()?;
    let value = |key| outline.get(key).map(|member| text[member.value.clone()].to_owned());
    let is_developer = value("role").as_deref() == Some("\"developer\"");
    let thoughts = THOUGHTS.into_iter().find_map(value);
    let has_calls = value("tool_calls").is_some_and(|calls| !matches!(calls.as_str(), "null" | "[]"));
    let mut edits = outline.into_edits();
    if is_developer && !quirks.developer_role {
        edits.set("role", "\"system\"".to_owned());
    }
    if let Some(thoughts) = thoughts {
        for member in THOUGHTS {
            edits.remove(member);
        }
        match quirks.thinking_back {
            ThinkingBack::In(member) => edits.set(member, thoughts),
            ThinkingBack::WithCalls(member) if has_calls => edits.set(member, thoughts),
            ThinkingBack::WithCalls(_) | ThinkingBack::Never => {}
        }
    }
    edits.apply(text)
}
