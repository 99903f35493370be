//! The request's body for Gemini, made from the vocabulary.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, Dialect, OutputFormat, Part, Request, Source, ThinkingMode, Tool, ToolChoice,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::contents::{self, Contents};
use super::{ThinkingControl, UpstreamTarget, vectors};
use crate::encoded::{Encoded, refuse_hosted, unreadable, unsupported};
use crate::outline::Outline;
use crate::wire::json_object::JsonObject;

/// Tokens of thought for each word on how hard to think.
const EFFORTS: [(&str, u64); 6] = [
    ("minimal", 512),
    ("low", 2_048),
    ("medium", 10_000),
    ("high", 24_576),
    ("xhigh", 32_768),
    ("max", 32_768),
];

/// Writes the body. Fields that Gemini has no word for are refused where the answer would mean something
/// else without them, and named where it would not.
pub fn encode_request(request: &Request, target: &UpstreamTarget<'_>) -> Result<Encoded, ProviderError> {
    let chat = match &request.canonical {
        Canonical::Chat(chat) => chat,
        Canonical::Embeddings(embeddings) => {
            let dropped = embeddings.user.iter().map(|_| "user".to_owned()).collect();
            return Ok(Encoded { body: vectors::encode(embeddings, target.model)?, dropped });
        }
        Canonical::Images(images) => return super::images::encode(images),
        Canonical::Speech(_) | Canonical::Transcription(_) => {
            return Err(unsupported("model", "This provider has audio in conversations only."));
        }
    };
    if let Some(Source { dialect: Dialect::Gemini, body, .. }) = &request.source
        && let Some(body) = patched(body, chat, target)
    {
        return Ok(body.into());
    }
    require_words(chat)?;
    let mut dropped = chat.extensions.clone();
    let contents = contents::encode(chat)?;
    let body = body(chat, target, contents, &mut dropped).ok_or_else(unreadable)?;
    Ok(Encoded { body, dropped })
}

const CONFIG: &str = "generationConfig";
const LIMIT: &str = "maxOutputTokens";
/// What decides how much a request can cost. Another spelling of these must not reach the upstream beside them.
const PRICED: &[&str] = &["contents", "systemInstruction", "tools", CONFIG];

/// The client's own text with its output limit lowered; `None` where it is not spelt as we would.
fn patched(body: &Bytes, chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Option<Bytes> {
    let text = std::str::from_utf8(body).ok()?;
    let outline = Outline::of(text).ok()?;
    let plain = |key: &str| key.replace('_', "").to_ascii_lowercase();
    let is_odd = |key: &str| PRICED.iter().any(|priced| key != *priced && plain(key) == plain(priced));
    if outline.members().iter().any(|member| is_odd(&member.key)) {
        return None;
    }
    let config = outline.get(CONFIG).map_or("{}", |member| &text[member.value.clone()]);
    let limit = [target.output_limit, chat.max_output_tokens].into_iter().flatten().min();
    let mut edits = outline.into_edits();
    if limit != chat.max_output_tokens {
        let mut inner = Outline::of(config).ok()?.into_edits();
        inner.retain(|key| key == LIMIT || plain(key) != plain(LIMIT));
        inner.set(LIMIT, limit?.to_string());
        edits.set(CONFIG, inner.apply(config)?);
    }
    edits.remove("model");
    edits.apply(text).map(Bytes::from)
}

fn require_words(chat: &ChatRequest) -> Result<(), ProviderError> {
    if chat.sampling.logprobs {
        return Err(unsupported("logprobs", "This provider's log probabilities can't be had here."));
    }
    if chat.audio_output {
        return Err(unsupported("modalities", "This provider's audio can't be had here."));
    }
    refuse_hosted(&chat.tools)
}

/// `None` when a number or a schema of the request is no JSON.
fn body(
    chat: &ChatRequest,
    target: &UpstreamTarget<'_>,
    Contents { system, contents }: Contents,
    dropped: &mut Vec<String>,
) -> Option<Bytes> {
    let mut body = JsonObject::default();
    body.raw("contents", &format!("[{}]", contents.join(",")));
    if !system.is_empty() {
        body.raw("systemInstruction", &format!("{{\"parts\":[{}]}}", system.join(",")));
    }
    if !chat.tools.is_empty() {
        let tools = chat.tools.iter().map(tool).collect::<Option<Vec<_>>>()?;
        body.raw("tools", &format!("[{{\"functionDeclarations\":[{}]}}]", tools.join(",")));
        if let Some(config) = calling(chat.tool_choice.as_ref()) {
            body.value("toolConfig", json!({ "functionCallingConfig": config }))?;
        }
    }
    let config = generation(chat, target, dropped)?;
    if config != "{}" {
        body.raw("generationConfig", &config);
    }
    drop_rest(chat, dropped);
    Some(Bytes::from(body.written()))
}

fn tool(tool: &Tool) -> Option<String> {
    let mut object = JsonObject::default();
    object.value("name", &tool.name)?;
    if let Some(description) = &tool.description {
        object.value("description", description)?;
    }
    if let Some(schema) = &tool.parameters {
        let schema: &RawValue = serde_json::from_str(schema).ok()?;
        object.raw("parametersJsonSchema", schema.get());
    }
    Some(object.written())
}

fn calling(choice: Option<&ToolChoice>) -> Option<Value> {
    Some(match choice? {
        ToolChoice::None => json!({ "mode": "NONE" }),
        ToolChoice::Auto => json!({ "mode": "AUTO" }),
        ToolChoice::Required => json!({ "mode": "ANY" }),
        ToolChoice::Named(name) => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
    })
}

fn generation(chat: &ChatRequest, target: &UpstreamTarget<'_>, dropped: &mut Vec<String>) -> Option<String> {
    let mut config = JsonObject::default();
    let sampling = &chat.sampling;
    for (key, number) in [
        ("temperature", &sampling.temperature),
        ("topP", &sampling.top_p),
        ("presencePenalty", &sampling.presence_penalty),
        ("frequencyPenalty", &sampling.frequency_penalty),
    ] {
        if let Some(number) = number {
            config.number(key, number)?;
        }
    }
    if let Some(top_k) = sampling.top_k {
        config.value("topK", top_k)?;
    }
    match sampling.seed.map(i32::try_from) {
        Some(Ok(seed)) => config.value("seed", seed)?,
        Some(Err(_)) => dropped.push("seed".to_owned()),
        None => {}
    }
    if chat.choices > 1 {
        config.value("candidateCount", chat.choices)?;
    }
    if let Some(limit) = [target.output_limit, chat.max_output_tokens].into_iter().flatten().min() {
        config.value("maxOutputTokens", limit)?;
    }
    if !chat.stop.is_empty() {
        config.value("stopSequences", &chat.stop)?;
    }
    match &chat.output {
        OutputFormat::Text => {}
        OutputFormat::JsonObject => config.value("responseMimeType", "application/json")?,
        OutputFormat::JsonSchema { schema, .. } => {
            let schema: &RawValue = serde_json::from_str(schema).ok()?;
            config.value("responseMimeType", "application/json")?;
            config.raw("responseJsonSchema", schema.get());
        }
    }
    thinking(chat, target.thinking, &mut config, dropped)?;
    Some(config.written())
}

fn thinking(
    chat: &ChatRequest,
    control: ThinkingControl,
    config: &mut JsonObject,
    dropped: &mut Vec<String>,
) -> Option<()> {
    let effort = chat.reasoning_effort.as_ref().map(|effort| effort.0.as_str());
    let asked = match (chat.thinking, effort) {
        (None, None) => return Some(()),
        (Some(ThinkingMode::Disabled), _) | (None, Some("none")) => 0,
        (Some(ThinkingMode::Budget(tokens)), _) => tokens,
        (_, Some(effort)) => {
            EFFORTS.iter().find(|(name, _)| *name == effort).map_or(10_000, |(_, tokens)| *tokens)
        }
        (Some(ThinkingMode::Adaptive), None) => 10_000,
    };
    // Who asks for thoughts in so many words is shown them.
    let shown = asked > 0 && chat.thinking.is_some();
    match control {
        ThinkingControl::None => {
            dropped.push(if chat.thinking.is_some() { "thinking" } else { "reasoning_effort" }.to_owned());
            Some(())
        }
        ThinkingControl::Budget { min, max } => {
            let budget = asked.clamp(min, max);
            config.value("thinkingConfig", json!({ "thinkingBudget": budget, "includeThoughts": shown }))
        }
        ThinkingControl::Level => {
            let level = if asked > 2_048 { "high" } else { "low" };
            config.value("thinkingConfig", json!({ "thinkingLevel": level, "includeThoughts": shown }))
        }
    }
}

fn drop_rest(chat: &ChatRequest, dropped: &mut Vec<String>) {
    let mut parts = chat.messages.iter().flat_map(|message| &message.parts);
    let has_detail = parts.clone().any(|part| matches!(part, Part::Image { detail: Some(_), .. }));
    let has_marks = parts.any(|part| matches!(part, Part::CacheBreakpoint(_)));
    for (field, is_there) in [
        ("user", chat.user.is_some()),
        ("parallel_tool_calls", chat.parallel_tool_calls == Some(false)),
        ("detail", has_detail),
        ("cache_control", has_marks || chat.tools.iter().any(|tool| tool.cache.is_some())),
    ] {
        if is_there {
            dropped.push(field.to_owned());
        }
    }
}
