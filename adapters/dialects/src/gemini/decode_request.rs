//! A `generateContent` request into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, OutputFormat, Part, ReasoningEffort, Sampling, ThinkingMode, Tool, ToolChoice,
};
use serde_json::value::RawValue;

use super::decode_contents::Decoder;
use super::request_body::{
    CountBody, FunctionCalling, GenerateBody, GenerationConfig, ThinkingConfig, WireTool,
};
use super::request_shape;
use crate::outline::Outline;
use crate::wire::{fault, number, request_text};

const MAX_TOOLS: usize = 512;
const MAX_STOPS: usize = 16;
const MAX_CANDIDATES: u64 = 8;
/// More than any model has.
const MAX_OUTPUT_TOKENS: u64 = 2_147_483_647;
const MAX_TOP_K: u64 = 1_000_000;

/// Decodes a `generateContent` request; the model and whether it streams stand in its address. What it does not
/// know it accepts.
pub fn decode_generate(body: &Bytes, model: &str, stream: bool) -> Result<Canonical, CallError> {
    decode(fault::utf8(body)?, model, stream)
}

/// Decodes a `countTokens` request: contents, or a whole request.
pub fn decode_count(body: &Bytes, model: &str) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let count: CountBody<'_> = request_text::read(text)?;
    decode(count.generate_content_request.map_or(text, RawValue::get), model, false)
}

fn decode(text: &str, model: &str, stream: bool) -> Result<Canonical, CallError> {
    let outline = request_text::weighed::<GenerateBody<'_>>(text, &request_shape::GENERATE)?;
    let extension_bytes = u64::try_from(outline.unknown()).unwrap_or(u64::MAX);
    let extensions = request_shape::GENERATE.strangers(&outline);
    let text = request_text::unique::<GenerateBody<'_>>(text, outline)?;
    let body: GenerateBody<'_> = request_text::read(&text)?;
    let chat = chat_request(body)?;
    let model = model.to_owned();
    Ok(Canonical::Chat(ChatRequest { model, stream, extension_bytes, extensions, ..chat }))
}

fn chat_request(body: GenerateBody<'_>) -> Result<ChatRequest, CallError> {
    let mut decoder = Decoder::default();
    let mut messages = Vec::new();
    if let Some(system) = body.system_instruction {
        messages.push(decoder.system(system)?);
    }
    messages.append(&mut decoder.contents(body.contents.ok_or_else(|| fault::missing("contents"))?)?);
    if let (Some(name), Some(last)) = (body.cached_content, messages.last_mut()) {
        // What stands there only its provider knows.
        last.parts.push(Part::Other { kind: "cachedContent".to_owned(), json: name });
    }
    let mut tools = tools(body.tools.unwrap_or_default())?;
    let calling = body.tool_config.and_then(|config| config.function_calling_config);
    let tool_choice = calling.map(|calling| tool_choice(calling, &mut tools)).transpose()?.flatten();
    let config = body.generation_config.unwrap_or_default();
    let path = |field: &str| format!("generationConfig.{field}");
    let decimal = |raw: Option<&RawValue>, field: &str, min, max| {
        raw.map(|raw| number::decimal(raw, &path(field), min, max)).transpose()
    };
    let whole = |raw: Option<&RawValue>, field: &str, min, max| {
        raw.map(|raw| number::whole(raw, &path(field), min, max)).transpose()
    };
    let sampling = Sampling {
        temperature: decimal(config.temperature, "temperature", 0, 2)?,
        top_p: decimal(config.top_p, "topP", 0, 1)?,
        top_k: config.top_k.map(|top| number::whole(top, &path("topK"), 0, MAX_TOP_K)).transpose()?,
        frequency_penalty: decimal(config.frequency_penalty, "frequencyPenalty", -2, 2)?,
        presence_penalty: decimal(config.presence_penalty, "presencePenalty", -2, 2)?,
        seed: config.seed.map(|seed| number::signed(seed, &path("seed"))).transpose()?,
        logprobs: config.response_logprobs.unwrap_or_default(),
    };
    let choices = whole(config.candidate_count, "candidateCount", 1, MAX_CANDIDATES)?.unwrap_or(1);
    let max_output_tokens = whole(config.max_output_tokens, "maxOutputTokens", 1, MAX_OUTPUT_TOKENS)?;
    let output = output(&config)?;
    let (thinking, reasoning_effort) = config.thinking_config.map(thinking).transpose()?.unwrap_or_default();
    let stop = config.stop_sequences.unwrap_or_default();
    if stop.len() > MAX_STOPS {
        return Err(fault::too_long(path("stopSequences"), "sequences", MAX_STOPS, stop.len()));
    }
    let modalities = config.response_modalities.unwrap_or_default();
    Ok(ChatRequest {
        messages,
        tools,
        tool_choice,
        sampling,
        max_output_tokens,
        stop,
        choices: u32::try_from(choices).unwrap_or(1),
        output,
        reasoning_effort,
        thinking,
        audio_output: modalities.iter().any(|modality| modality.eq_ignore_ascii_case("audio")),
        include_usage: true,
        ..ChatRequest::default()
    })
}

type Thinking = (Option<ThinkingMode>, Option<ReasoningEffort>);

fn thinking(config: ThinkingConfig<'_>) -> Result<Thinking, CallError> {
    let effort = config.thinking_level.map(|level| ReasoningEffort(level.to_ascii_lowercase()));
    let mode = match config.thinking_budget {
        None => config.include_thoughts.unwrap_or_default().then_some(ThinkingMode::Adaptive),
        Some(raw) => match number::signed(raw, "generationConfig.thinkingConfig.thinkingBudget")? {
            0 => Some(ThinkingMode::Disabled),
            budget => Some(u64::try_from(budget).map_or(ThinkingMode::Adaptive, ThinkingMode::Budget)),
        },
    };
    Ok((mode, effort))
}

fn output(config: &GenerationConfig<'_>) -> Result<OutputFormat, CallError> {
    let schema = config.response_json_schema.or(config.response_schema);
    match (config.response_mime_type.as_deref(), schema) {
        (Some("application/json"), Some(schema)) => {
            number::require_object(schema, "generationConfig.responseSchema")?;
            let (name, schema) = ("output".to_owned(), json_schema(schema));
            Ok(OutputFormat::JsonSchema { name, schema, strict: None })
        }
        (Some("application/json"), None) => Ok(OutputFormat::JsonObject),
        _ => Ok(OutputFormat::Text),
    }
}

fn tools(wire: Vec<&RawValue>) -> Result<Vec<Tool>, CallError> {
    let mut tools = Vec::new();
    for (index, raw) in wire.into_iter().enumerate() {
        let path = format!("tools[{index}]");
        let tool: WireTool<'_> = fault::inside(raw.get(), &path)?;
        let Some(declarations) = tool.function_declarations else {
            // `googleSearch` and the like, which Google runs itself.
            let outline = Outline::of(raw.get()).ok();
            let kind = outline.and_then(|outline| Some(outline.members().first()?.key.to_string()));
            let (hosted, parameters) = (Some(kind.unwrap_or_default()), Some(raw.get().to_owned()));
            tools.push(Tool { hosted, parameters, ..Tool::default() });
            continue;
        };
        for (at, function) in declarations.into_iter().enumerate() {
            let path = format!("{path}.functionDeclarations[{at}]");
            let name = function.name.filter(|name| !name.is_empty());
            let schema = function.parameters_json_schema.or(function.parameters);
            if let Some(schema) = schema {
                number::require_object(schema, &format!("{path}.parameters"))?;
            }
            tools.push(Tool {
                name: name.ok_or_else(|| fault::missing(format!("{path}.name")))?,
                description: function.description,
                parameters: schema.map(json_schema),
                ..Tool::default()
            });
        }
    }
    if tools.len() > MAX_TOOLS {
        return Err(fault::too_long("tools", "tools", MAX_TOOLS, tools.len()));
    }
    Ok(tools)
}

/// Of several functions that are allowed, the others are left out.
fn tool_choice(calling: FunctionCalling<'_>, tools: &mut Vec<Tool>) -> Result<Option<ToolChoice>, CallError> {
    const PATH: &str = "toolConfig.functionCallingConfig.mode";
    let allowed = calling.allowed_function_names.unwrap_or_default();
    match calling.mode.as_deref().map(str::to_ascii_uppercase).as_deref() {
        None | Some("MODE_UNSPECIFIED") => Ok(None),
        Some("AUTO" | "VALIDATED") => Ok(Some(ToolChoice::Auto)),
        Some("NONE") => Ok(Some(ToolChoice::None)),
        Some("ANY") => match allowed.as_slice() {
            [] => Ok(Some(ToolChoice::Required)),
            [one] => Ok(Some(ToolChoice::Named(one.clone()))),
            several => {
                tools.retain(|tool| several.contains(&tool.name));
                Ok(Some(ToolChoice::Required))
            }
        },
        Some(mode) => Err(fault::invalid_value(PATH, mode, "'AUTO', 'ANY', 'NONE' or 'VALIDATED'")),
    }
}

/// Google's subset of OpenAPI says `OBJECT` where JSON Schema says `object`. Everything else stays as it came.
fn json_schema(raw: &RawValue) -> String {
    const KEY: &str = "\"type\"";
    let text = raw.get();
    let mut schema = String::with_capacity(text.len());
    let mut rest = text;
    // Inside a text its quotes would be escaped, so this is a key.
    while let Some(at) = rest.find(KEY) {
        let (before, after) = rest.split_at(at + KEY.len());
        schema.push_str(before);
        rest = after;
        let value = after.trim_start().strip_prefix(':').map(str::trim_start);
        let Some(name) = value.and_then(|value| value.strip_prefix('"')?.split('"').next()) else { continue };
        let start = after.len() - value.map_or(0, str::len) + 1;
        if name.bytes().all(|byte| byte.is_ascii_uppercase()) {
            schema.push_str(&after[..start]);
            schema.push_str(&name.to_ascii_lowercase());
            rest = &after[start + name.len()..];
        }
    }
    schema.push_str(rest);
    schema
}
