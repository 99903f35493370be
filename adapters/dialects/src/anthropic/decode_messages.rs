//! A Messages request into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, OutputFormat, ReasoningEffort, Sampling, ThinkingMode, Tool, ToolChoice,
};
use serde_json::value::RawValue;

use super::block;
use super::request_body::{MessagesBody, OutputSchema, WireChoice, WireThinking, WireTool};
use super::{messages, request_shape};
use crate::wire::{fault, number, request_text};

const MAX_TOOLS: usize = 512;
const MAX_STOPS: usize = 8_191;
/// More than any model has.
const MAX_OUTPUT_TOKENS: u64 = 2_147_483_647;
const MAX_TOP_K: u64 = 1_000_000;
const MAX_NAME: usize = 256;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Answer,
    /// `count_tokens`, which has no output limit.
    Count,
}

/// Decodes a Messages request. What it does not know it accepts.
pub fn decode_messages(body: &Bytes, purpose: Purpose) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::weighed::<MessagesBody<'_>>(text, &request_shape::MESSAGES)?;
    let extension_bytes = u64::try_from(outline.unknown()).unwrap_or(u64::MAX);
    let extensions = request_shape::MESSAGES.strangers(&outline);
    let text = request_text::unique::<MessagesBody<'_>>(text, outline)?;
    let body: MessagesBody<'_> = request_text::read(&text)?;
    let chat = chat_request(body, purpose)?;
    Ok(Canonical::Chat(ChatRequest { extension_bytes, extensions, ..chat }))
}

fn chat_request(body: MessagesBody<'_>, purpose: Purpose) -> Result<ChatRequest, CallError> {
    let model = match body.model {
        Some(model) if model.is_empty() => return Err(fault::empty("model", "string")),
        Some(model) => model,
        None => return Err(fault::missing("model")),
    };
    let max_output_tokens = match body.max_tokens {
        Some(limit) => Some(number::whole(limit, "max_tokens", 1, MAX_OUTPUT_TOKENS)?),
        None if purpose == Purpose::Count => None,
        None => return Err(fault::missing("max_tokens")),
    };
    let mut conversation = Vec::new();
    if let Some(system) = body.system {
        conversation.push(messages::system(system)?);
    }
    messages::decode(body.messages.ok_or_else(|| fault::missing("messages"))?, &mut conversation)?;
    if let Some(cache) = body.cache_control
        && let Some(last) = conversation.last_mut()
    {
        last.parts.extend(block::breakpoint(Some(cache)));
    }
    let stop = body.stop_sequences.unwrap_or_default();
    if stop.len() > MAX_STOPS {
        return Err(fault::too_long("stop_sequences", "sequences", MAX_STOPS, stop.len()));
    }
    let decimal =
        |raw: Option<&RawValue>, param| raw.map(|raw| number::decimal(raw, param, 0, 1)).transpose();
    let sampling = Sampling {
        temperature: decimal(body.temperature, "temperature")?,
        top_p: decimal(body.top_p, "top_p")?,
        top_k: body.top_k.map(|top| number::whole(top, "top_k", 0, MAX_TOP_K)).transpose()?,
        ..Sampling::default()
    };
    let (tool_choice, parallel_tool_calls) = match body.tool_choice {
        Some(choice) => {
            let parallel = choice.disable_parallel_tool_use.map(|disabled| !disabled);
            (Some(tool_choice(choice)?), parallel)
        }
        None => (None, None),
    };
    let output = body.output_config.unwrap_or_default();
    Ok(ChatRequest {
        model,
        messages: conversation,
        tools: tools(body.tools.unwrap_or_default())?,
        tool_choice,
        parallel_tool_calls,
        sampling,
        max_output_tokens,
        stop,
        choices: 1,
        output: output.format.map(output_format).transpose()?.unwrap_or_default(),
        reasoning_effort: output.effort.filter(|effort| !effort.is_empty()).map(ReasoningEffort),
        thinking: body
            .thinking
            .map(|thinking| self::thinking(thinking, max_output_tokens))
            .transpose()?
            .flatten(),
        audio_output: false,
        stream: body.stream.unwrap_or_default(),
        include_usage: true,
        user: body.metadata.and_then(|metadata| metadata.user_id),
        cache_head: None,
        extension_bytes: 0,
        extensions: Vec::new(),
    })
}

/// `None` for a mode that is not known here.
fn thinking(thinking: WireThinking<'_>, limit: Option<u64>) -> Result<Option<ThinkingMode>, CallError> {
    const PARAM: &str = "thinking.budget_tokens";
    match thinking.kind.as_deref() {
        Some("enabled") => {
            let budget = thinking.budget_tokens.ok_or_else(|| fault::missing(PARAM))?;
            let budget = number::whole(budget, PARAM, 1_024, MAX_OUTPUT_TOKENS)?;
            if limit.is_some_and(|limit| budget >= limit) {
                let message = "'thinking.budget_tokens' must be less than 'max_tokens'.";
                return Err(fault::broken_rule(PARAM, message, "invalid_value"));
            }
            Ok(Some(ThinkingMode::Budget(budget)))
        }
        Some("disabled") => Ok(Some(ThinkingMode::Disabled)),
        Some("adaptive") => Ok(Some(ThinkingMode::Adaptive)),
        Some(_) => Ok(None),
        None => Err(fault::missing("thinking.type")),
    }
}

fn output_format(format: OutputSchema<'_>) -> Result<OutputFormat, CallError> {
    match format.kind.as_deref() {
        Some("json_schema") => {
            let schema = format.schema.ok_or_else(|| fault::missing("output_config.format.schema"))?;
            number::require_object(schema, "output_config.format.schema")?;
            let name = "output".to_owned();
            Ok(OutputFormat::JsonSchema { name, schema: schema.get().to_owned(), strict: Some(true) })
        }
        Some(kind) => Err(fault::invalid_value("output_config.format.type", kind, "'json_schema'")),
        None => Err(fault::missing("output_config.format.type")),
    }
}

fn tools(tools: Vec<&RawValue>) -> Result<Vec<Tool>, CallError> {
    if tools.len() > MAX_TOOLS {
        return Err(fault::too_long("tools", "tools", MAX_TOOLS, tools.len()));
    }
    tools.into_iter().enumerate().map(|(index, raw)| tool(raw, &format!("tools[{index}]"))).collect()
}

fn tool(raw: &RawValue, path: &str) -> Result<Tool, CallError> {
    let tool: WireTool<'_> = fault::inside(raw.get(), path)?;
    let cache = tool.cache_control.as_ref().map(block::ttl);
    match tool.kind.as_deref() {
        None | Some("custom") => {
            let schema = tool.input_schema.ok_or_else(|| fault::missing(format!("{path}.input_schema")))?;
            number::require_object(schema, &format!("{path}.input_schema"))?;
            Ok(Tool {
                name: name(tool.name, &format!("{path}.name"))?,
                description: tool.description,
                parameters: Some(schema.get().to_owned()),
                strict: tool.strict,
                hosted: None,
                cache,
            })
        }
        Some(kind) => Ok(Tool {
            name: tool.name.unwrap_or_default(),
            parameters: Some(raw.get().to_owned()),
            hosted: Some(kind.to_owned()),
            cache,
            ..Tool::default()
        }),
    }
}

fn name(name: Option<String>, param: &str) -> Result<String, CallError> {
    let name = name.ok_or_else(|| fault::missing(param))?;
    if name.is_empty() {
        return Err(fault::empty(param, "string"));
    }
    if name.len() > MAX_NAME {
        return Err(fault::too_long(param, "string", MAX_NAME, name.len()));
    }
    Ok(name)
}

fn tool_choice(choice: WireChoice) -> Result<ToolChoice, CallError> {
    match choice.kind.as_deref() {
        Some("auto") => Ok(ToolChoice::Auto),
        Some("any") => Ok(ToolChoice::Required),
        Some("none") => Ok(ToolChoice::None),
        Some("tool") => name(choice.name, "tool_choice.name").map(ToolChoice::Named),
        Some(kind) => Err(fault::invalid_value("tool_choice.type", kind, "'auto', 'any', 'tool' or 'none'")),
        None => Err(fault::missing("tool_choice.type")),
    }
}
