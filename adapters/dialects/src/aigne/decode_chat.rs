//! A request to `/api/v2/chat` into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    CacheTtl, Canonical, ChatRequest, OutputFormat, ReasoningEffort, Sampling, ThinkingMode, Tool, ToolChoice,
};
use serde_json::value::RawValue;

use super::parts;
use super::request_body::{Body, CacheConfig, MODEL_OPTIONS, ModelOptions, WireChoice, WireFormat, WireTool};
use crate::outline::Outline;
use crate::wire::{fault, number, request_text};

/// The model of a request that names none, as the original has it.
pub const DEFAULT_MODEL: &str = "openai/gpt-5-mini";

const MAX_TOOLS: usize = 512;
/// More than any model has.
const MAX_TOKENS: u64 = 2_147_483_647;
const OPTIONS: &str = "input.modelOptions";
const EFFORTS: &str = "a number of tokens or a word such as 'minimal', 'low', 'medium' or 'high'";
/// An hour; what is kept for longer than five minutes is kept that long.
const SECONDS_OF_FIVE_MINUTES: u64 = 300;

/// Decodes a request. Options that nobody here knows are accepted and told as dropped.
pub fn decode_chat(body: &Bytes) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::outline::<Body<'_>>(text)?;
    let text = request_text::unique::<Body<'_>>(text, outline)?;
    let body: Body<'_> = request_text::read(&text)?;
    let input = body.input.ok_or_else(|| fault::missing("input"))?;
    let (options, extensions) = match input.model_options {
        None => (ModelOptions::default(), Vec::new()),
        Some(raw) => model_options(raw)?,
    };
    let streaming = body.options.and_then(|options| options.streaming).unwrap_or_default();
    let named = [body.model, input.model, options.model.clone()];
    let model = named.into_iter().flatten().find(|model| !model.is_empty());
    let (reasoning_effort, thinking) = effort(options.reasoning_effort)?;
    let whole = |raw: Option<&RawValue>, name: &str| {
        raw.map(|raw| number::whole(raw, &format!("{OPTIONS}.{name}"), 1, MAX_TOKENS)).transpose()
    };
    let chat = ChatRequest {
        model: model.unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
        messages: parts::messages(input.messages)?,
        tools: tools(input.tools.unwrap_or_default())?,
        tool_choice: input.tool_choice.map(tool_choice).transpose()?,
        parallel_tool_calls: options.parallel_tool_calls,
        max_output_tokens: whole(options.max_tokens, "maxTokens")?,
        output: input.response_format.map(output_format).transpose()?.unwrap_or_default(),
        reasoning_effort,
        thinking,
        audio_output: options.modalities.iter().flatten().any(|modality| modality == "audio"),
        stream: streaming,
        include_usage: true,
        cache_head: cache_head(options.cache_config.as_ref()),
        sampling: sampling(&options)?,
        extensions,
        ..ChatRequest::default()
    };
    Ok(Canonical::Chat(chat))
}

fn model_options(raw: &RawValue) -> Result<(ModelOptions<'_>, Vec<String>), CallError> {
    let options = fault::inside(raw.get(), OPTIONS)?;
    let strangers = Outline::of(raw.get()).map(|outline| MODEL_OPTIONS.strangers(&outline));
    let named = strangers.unwrap_or_default().into_iter().map(|key| format!("{OPTIONS}.{key}"));
    Ok((options, named.collect()))
}

fn sampling(options: &ModelOptions<'_>) -> Result<Sampling, CallError> {
    let decimal = |raw: Option<&RawValue>, name: &str, min, max| {
        raw.map(|raw| number::decimal(raw, &format!("{OPTIONS}.{name}"), min, max)).transpose()
    };
    let seed = options.seed.map(|seed| number::signed(seed, "input.modelOptions.seed")).transpose()?;
    Ok(Sampling {
        temperature: decimal(options.temperature, "temperature", 0, 2)?,
        top_p: decimal(options.top_p, "topP", 0, 1)?,
        frequency_penalty: decimal(options.frequency_penalty, "frequencyPenalty", -2, 2)?,
        presence_penalty: decimal(options.presence_penalty, "presencePenalty", -2, 2)?,
        seed,
        ..Sampling::default()
    })
}

/// A number is a budget of tokens; none of them means not to think.
fn effort(raw: Option<&RawValue>) -> Result<(Option<ReasoningEffort>, Option<ThinkingMode>), CallError> {
    const PATH: &str = "input.modelOptions.reasoningEffort";
    let Some(raw) = raw else { return Ok((None, None)) };
    if !raw.get().starts_with('"') {
        return Ok((
            None,
            Some(match number::whole(raw, PATH, 0, MAX_TOKENS)? {
                0 => ThinkingMode::Disabled,
                tokens => ThinkingMode::Budget(tokens),
            }),
        ));
    }
    let word: String = fault::inside(raw.get(), PATH)?;
    if word.is_empty() || word.len() > 32 {
        return Err(fault::invalid_value(PATH, &word, EFFORTS));
    }
    Ok((Some(ReasoningEffort(word)), None))
}

/// The original has the stable head of every prompt cached, unless it is told not to.
fn cache_head(config: Option<&CacheConfig<'_>>) -> Option<CacheTtl> {
    let Some(config) = config else { return Some(CacheTtl::FiveMinutes) };
    if config.enabled == Some(false) || config.strategy.as_deref() == Some("manual") {
        return None;
    }
    Some(match config.ttl.map(RawValue::get) {
        Some("\"1h\"") => CacheTtl::OneHour,
        Some(seconds) if seconds.parse().is_ok_and(|seconds: u64| seconds > SECONDS_OF_FIVE_MINUTES) => {
            CacheTtl::OneHour
        }
        _ => CacheTtl::FiveMinutes,
    })
}

fn tools(tools: Vec<WireTool<'_>>) -> Result<Vec<Tool>, CallError> {
    if tools.len() > MAX_TOOLS {
        return Err(fault::too_long("input.tools", "tools", MAX_TOOLS, tools.len()));
    }
    tools.into_iter().enumerate().map(|(index, tool)| self::tool(tool, index)).collect()
}

fn tool(tool: WireTool<'_>, index: usize) -> Result<Tool, CallError> {
    let path = |field: &str| format!("input.tools[{index}].{field}");
    if let Some(kind) = tool.kind.as_deref().filter(|kind| *kind != "function") {
        return Err(fault::invalid_value(path("type"), kind, "'function'"));
    }
    let function = tool.function.ok_or_else(|| fault::missing(path("function")))?;
    if let Some(parameters) = function.parameters {
        number::require_object(parameters, &path("function.parameters"))?;
    }
    Ok(Tool {
        name: function.name.ok_or_else(|| fault::missing(path("function.name")))?,
        description: function.description,
        parameters: function.parameters.map(|parameters| parameters.get().to_owned()),
        cache: tool.cache_control.as_ref().map(parts::ttl),
        ..Tool::default()
    })
}

fn tool_choice(raw: &RawValue) -> Result<ToolChoice, CallError> {
    const PATH: &str = "input.toolChoice";
    if !raw.get().starts_with('"') {
        let choice: WireChoice = fault::inside(raw.get(), PATH)?;
        if let Some(kind) = choice.kind.as_deref().filter(|kind| *kind != "function") {
            return Err(fault::invalid_value("input.toolChoice.type", kind, "'function'"));
        }
        let name = choice.function.and_then(|function| function.name);
        return name.map(ToolChoice::Named).ok_or_else(|| fault::missing("input.toolChoice.function.name"));
    }
    let word: String = fault::inside(raw.get(), PATH)?;
    match word.as_str() {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        _ => Err(fault::invalid_value(PATH, &word, "'auto', 'none', 'required' or a function")),
    }
}

fn output_format(format: WireFormat<'_>) -> Result<OutputFormat, CallError> {
    const PATH: &str = "input.responseFormat";
    match format.kind.as_deref() {
        None | Some("text") => Ok(OutputFormat::Text),
        Some("json_schema") => {
            let missing = |name: &str| fault::missing(format!("{PATH}.jsonSchema{name}"));
            let schema = format.json_schema.ok_or_else(|| missing(""))?;
            let text = schema.schema.ok_or_else(|| missing(".schema"))?;
            number::require_object(text, "input.responseFormat.jsonSchema.schema")?;
            Ok(OutputFormat::JsonSchema {
                name: schema.name.unwrap_or_else(|| "output".to_owned()),
                schema: text.get().to_owned(),
                strict: schema.strict,
            })
        }
        Some(kind) => Err(fault::invalid_value(format!("{PATH}.type"), kind, "'text' or 'json_schema'")),
    }
}
