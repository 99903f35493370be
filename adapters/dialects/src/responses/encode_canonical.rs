//! A body that is made from the vocabulary, for requests that came in another dialect.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{ChatRequest, OutputFormat, Part, ThinkingMode, Tool, ToolChoice};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::UpstreamTarget;
use super::encode_input::{self, Input};
use super::encode_request::{SEALS, limit};
use crate::encoded::{Encoded, refuse_hosted, schema, unreadable, unsupported};
use crate::openai::asked_effort;
use crate::wire::json_object::JsonObject;

pub(super) fn encode(chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Result<Encoded, ProviderError> {
    require_words(chat)?;
    let input = encode_input::encode(&chat.messages)?;
    let body = body(chat, target, input).ok_or_else(unreadable)?;
    Ok(Encoded { body, dropped: without_words(chat, target) })
}

/// Refuses what this dialect can't say and the answer depends on.
fn require_words(chat: &ChatRequest) -> Result<(), ProviderError> {
    if chat.choices > 1 {
        return Err(unsupported("n", "This model gives one answer to a request."));
    }
    if chat.sampling.logprobs {
        let why = "Log probabilities of this model can't be had in this dialect.";
        return Err(unsupported("logprobs", why));
    }
    if chat.audio_output {
        return Err(unsupported("modalities", "This model answers in text."));
    }
    if !chat.stop.is_empty() {
        return Err(unsupported("stop", "This model takes no stop sequences."));
    }
    refuse_hosted(&chat.tools)
}

/// Fields that this dialect has no word for, and that the answer does not depend on.
fn without_words(chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Vec<String> {
    let mut dropped = chat.extensions.clone();
    let sampling = &chat.sampling;
    let mut parts = chat.messages.iter().flat_map(|message| &message.parts);
    let is_marked = parts.any(|part| matches!(part, Part::CacheBreakpoint(_)));
    let has_thoughts = chat.thinking.is_some() || chat.reasoning_effort.is_some();
    let thinks = effort(chat, target).is_some() || is_shown(chat, target);
    for (field, is_there) in [
        ("temperature", sampling.temperature.is_some() && target.is_reasoning),
        ("top_p", sampling.top_p.is_some() && target.is_reasoning),
        ("top_k", sampling.top_k.is_some()),
        ("seed", sampling.seed.is_some()),
        ("frequency_penalty", sampling.frequency_penalty.is_some()),
        ("presence_penalty", sampling.presence_penalty.is_some()),
        ("cache_control", is_marked || chat.tools.iter().any(|tool| tool.cache.is_some())),
        ("thinking", has_thoughts && !thinks && chat.thinking.is_some()),
        ("reasoning_effort", has_thoughts && !thinks && chat.thinking.is_none()),
    ] {
        if is_there {
            dropped.push(field.to_owned());
        }
    }
    dropped
}

/// `None` when a number or a schema of the request is no JSON.
fn body(chat: &ChatRequest, target: &UpstreamTarget<'_>, input: Input) -> Option<Bytes> {
    let mut body = JsonObject::default();
    body.value("model", target.model)?;
    if let Some(instructions) = &input.instructions {
        body.value("instructions", instructions)?;
    }
    body.raw("input", &format!("[{}]", input.items.join(",")));
    if let Some(limit) = limit(chat, target) {
        body.value("max_output_tokens", limit)?;
    }
    if !target.is_reasoning {
        for (key, number) in [("temperature", &chat.sampling.temperature), ("top_p", &chat.sampling.top_p)] {
            if let Some(number) = number {
                body.number(key, number)?;
            }
        }
    }
    if !chat.tools.is_empty() {
        let tools = chat.tools.iter().map(tool).collect::<Option<Vec<_>>>()?;
        body.raw("tools", &format!("[{}]", tools.join(",")));
    }
    if let Some(choice) = &chat.tool_choice {
        body.value("tool_choice", self::choice(choice))?;
    }
    if let Some(parallel) = chat.parallel_tool_calls {
        body.value("parallel_tool_calls", parallel)?;
    }
    if let Some(format) = format(&chat.output)? {
        body.raw("text", &format!("{{\"format\":{format}}}"));
    }
    reasoning(chat, target, &mut body)?;
    if let Some(user) = &chat.user {
        body.value("user", user)?;
    }
    // The client has no words to refer to what is kept.
    body.value("store", false)?;
    if chat.stream {
        body.value("stream", true)?;
    }
    Some(Bytes::from(body.written()))
}

fn reasoning(chat: &ChatRequest, target: &UpstreamTarget<'_>, body: &mut JsonObject) -> Option<()> {
    let mut reasoning = JsonObject::default();
    if let Some(effort) = effort(chat, target) {
        reasoning.value("effort", effort)?;
    }
    if is_shown(chat, target) {
        reasoning.value("summary", "auto")?;
    }
    let reasoning = reasoning.written();
    if reasoning != "{}" {
        body.raw("reasoning", &reasoning);
    }
    if target.is_reasoning {
        body.value("include", [SEALS])?;
    }
    Some(())
}

fn effort<'a>(chat: &'a ChatRequest, target: &UpstreamTarget<'_>) -> Option<&'a str> {
    asked_effort(chat).filter(|_| target.is_reasoning)
}

/// Who asks for thoughts in so many words is shown what there is of them.
fn is_shown(chat: &ChatRequest, target: &UpstreamTarget<'_>) -> bool {
    target.is_reasoning && matches!(chat.thinking, Some(ThinkingMode::Adaptive | ThinkingMode::Budget(1..)))
}

fn tool(tool: &Tool) -> Option<String> {
    let mut object = JsonObject::default();
    object.value("type", "function")?;
    object.value("name", &tool.name)?;
    if let Some(description) = &tool.description {
        object.value("description", description)?;
    }
    object.raw("parameters", schema(tool)?);
    // Here it would be true where nothing is said.
    object.value("strict", tool.strict.unwrap_or(false))?;
    Some(object.written())
}

fn choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::None => json!("none"),
        ToolChoice::Auto => json!("auto"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({ "type": "function", "name": name }),
    }
}

/// The outer `None` is for a schema that is no JSON.
fn format(output: &OutputFormat) -> Option<Option<String>> {
    Some(match output {
        OutputFormat::Text => None,
        OutputFormat::JsonObject => Some("{\"type\":\"json_object\"}".to_owned()),
        OutputFormat::JsonSchema { name, schema, strict } => {
            let mut object = JsonObject::default();
            object.value("type", "json_schema")?;
            object.value("name", name)?;
            object.raw("schema", serde_json::from_str::<&RawValue>(schema).ok()?.get());
            if let Some(strict) = strict {
                object.value("strict", strict)?;
            }
            Some(object.written())
        }
    })
}
