//! A Chat Completions request into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, OutputFormat, ReasoningEffort, Sampling, Tool, ToolChoice,
};
use serde_json::value::RawValue;

use super::chat_body::{ChatBody, ChoiceObject, OneOrMany, WireChoice, WireFormat, WireFunction, WireTool};
use super::{chat_shape, messages};
use crate::wire::{fault, number, request_text};

const MAX_TOOLS: usize = 512;
const MAX_STOPS: usize = 16;
const MAX_CHOICES: u64 = 10;
/// More than any model has.
const MAX_OUTPUT_TOKENS: u64 = 2_147_483_647;
const MAX_NAME: usize = 256;

/// Decodes a Chat Completions request. What it does not know it accepts.
pub fn decode_chat(body: &Bytes) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::weighed::<ChatBody<'_>>(text, &chat_shape::CHAT)?;
    let extension_bytes = u64::try_from(outline.unknown()).unwrap_or(u64::MAX);
    let extensions = chat_shape::CHAT.strangers(&outline);
    let text = request_text::unique::<ChatBody<'_>>(text, outline)?;
    let chat: ChatBody<'_> = request_text::read(&text)?;
    chat_request(chat).map(|chat| Canonical::Chat(ChatRequest { extension_bytes, extensions, ..chat }))
}

/// The vocabulary's request, from a body that another dialect may have made.
pub(crate) fn chat_request(body: ChatBody<'_>) -> Result<ChatRequest, CallError> {
    let model = model(body.model)?;
    let messages = messages::decode(body.messages.ok_or_else(|| fault::missing("messages"))?)?;
    let max_output_tokens = max_output_tokens(body.max_tokens, body.max_completion_tokens)?;
    let choices = body.n.map(|n| number::whole(n, "n", 1, MAX_CHOICES)).transpose()?.unwrap_or(1);
    if let Some(bias) = body.logit_bias {
        number::require_object(bias, "logit_bias")?;
    }
    if let Some(audio) = body.audio {
        number::require_object(audio, "audio")?;
    }
    if let Some(top) = body.top_logprobs {
        number::whole(top, "top_logprobs", 0, 20)?;
    }
    let decimal = |raw: Option<&RawValue>, param, min, max| {
        raw.map(|raw| number::decimal(raw, param, min, max)).transpose()
    };
    let sampling = Sampling {
        temperature: decimal(body.temperature, "temperature", 0, 2)?,
        top_p: decimal(body.top_p, "top_p", 0, 1)?,
        top_k: None,
        frequency_penalty: decimal(body.frequency_penalty, "frequency_penalty", -2, 2)?,
        presence_penalty: decimal(body.presence_penalty, "presence_penalty", -2, 2)?,
        seed: body.seed.map(|seed| number::signed(seed, "seed")).transpose()?,
        logprobs: body.logprobs.unwrap_or_default(),
    };
    let stream = body.stream.unwrap_or_default();
    if body.stream_options.is_some() && !stream {
        let message = "'stream_options' is only allowed when 'stream' is true.";
        return Err(fault::broken_rule("stream_options", message, "invalid_parameter_combination"));
    }
    let mut tools = tools(body.tools.unwrap_or_default())?;
    for (index, function) in body.functions.unwrap_or_default().into_iter().enumerate() {
        tools.push(function_tool(function, &format!("functions[{index}]"))?);
    }
    if tools.len() > MAX_TOOLS {
        return Err(fault::too_long("tools", "tools", MAX_TOOLS, tools.len()));
    }
    let tool_choice = match (body.tool_choice, body.function_call) {
        (Some(choice), _) => Some(tool_choice(choice, "tool_choice")?),
        (None, Some(choice)) => Some(tool_choice(choice, "function_call")?),
        (None, None) => None,
    };
    Ok(ChatRequest {
        model,
        messages,
        tools,
        tool_choice,
        parallel_tool_calls: body.parallel_tool_calls,
        sampling,
        max_output_tokens,
        stop: stop(body.stop)?,
        choices: u32::try_from(choices).unwrap_or(1),
        output: body.response_format.map(output_format).transpose()?.unwrap_or_default(),
        reasoning_effort: body.reasoning_effort.map(reasoning_effort).transpose()?,
        audio_output: body.modalities.iter().flatten().any(|modality| modality == "audio"),
        stream,
        include_usage: body.stream_options.and_then(|options| options.include_usage).unwrap_or_default(),
        user: body.user,
        thinking: None,
        cache_head: None,
        extension_bytes: 0,
        extensions: Vec::new(),
    })
}

pub(super) fn model(model: Option<String>) -> Result<String, CallError> {
    match model {
        Some(model) if model.is_empty() => Err(fault::empty("model", "string")),
        Some(model) => Ok(model),
        None => Err(fault::missing("model")),
    }
}

fn max_output_tokens(
    max_tokens: Option<&RawValue>,
    max_completion_tokens: Option<&RawValue>,
) -> Result<Option<u64>, CallError> {
    let limit = |raw: Option<&RawValue>, param| {
        raw.map(|raw| number::whole(raw, param, 1, MAX_OUTPUT_TOKENS)).transpose()
    };
    match (limit(max_tokens, "max_tokens")?, limit(max_completion_tokens, "max_completion_tokens")?) {
        (Some(_), Some(_)) => {
            let message = "'max_tokens' and 'max_completion_tokens' can't be set at the same time; \
                           use 'max_completion_tokens'.";
            Err(fault::broken_rule("max_tokens", message, "invalid_parameter_combination"))
        }
        (one, other) => Ok(one.or(other)),
    }
}

fn stop(stop: Option<OneOrMany>) -> Result<Vec<String>, CallError> {
    match stop {
        None => Ok(Vec::new()),
        Some(OneOrMany::One(one)) => Ok(vec![one]),
        Some(OneOrMany::Many(many)) if many.len() > MAX_STOPS => {
            Err(fault::too_long("stop", "sequences", MAX_STOPS, many.len()))
        }
        Some(OneOrMany::Many(many)) => Ok(many),
    }
}

fn reasoning_effort(effort: String) -> Result<ReasoningEffort, CallError> {
    // Levels differ from model to model, and new ones come.
    if effort.is_empty() || effort.len() > 32 {
        let expected = "one of 'none', 'minimal', 'low', 'medium', 'high', 'xhigh' and 'max'";
        return Err(fault::invalid_value("reasoning_effort", &effort, expected));
    }
    Ok(ReasoningEffort(effort))
}

fn tools(tools: Vec<WireTool<'_>>) -> Result<Vec<Tool>, CallError> {
    if tools.len() > MAX_TOOLS {
        return Err(fault::too_long("tools", "tools", MAX_TOOLS, tools.len()));
    }
    tools.into_iter().enumerate().map(|(index, tool)| self::tool(tool, index)).collect()
}

fn tool(tool: WireTool<'_>, index: usize) -> Result<Tool, CallError> {
    let path = |field: &str| format!("tools[{index}].{field}");
    match tool.kind.as_deref() {
        Some("function") => {
            let function = tool.function.ok_or_else(|| fault::missing(path("function")))?;
            function_tool(function, &path("function"))
        }
        Some("custom") => {
            let custom = tool.custom.ok_or_else(|| fault::missing(path("custom")))?;
            Ok(Tool {
                name: name(custom.name, &path("custom"))?,
                description: custom.description,
                parameters: custom.format.map(|format| format.get().to_owned()),
                ..Tool::default()
            })
        }
        Some(kind) => Err(fault::invalid_value(path("type"), kind, "'function' or 'custom'")),
        None => Err(fault::missing(path("type"))),
    }
}

fn function_tool(function: WireFunction<'_>, path: &str) -> Result<Tool, CallError> {
    if let Some(parameters) = function.parameters {
        number::require_object(parameters, &format!("{path}.parameters"))?;
    }
    Ok(Tool {
        name: name(function.name, path)?,
        description: function.description,
        parameters: function.parameters.map(|parameters| parameters.get().to_owned()),
        strict: function.strict,
        ..Tool::default()
    })
}

/// The name of a tool or a schema.
pub(super) fn name(name: Option<String>, path: &str) -> Result<String, CallError> {
    let param = || format!("{path}.name");
    let name = name.ok_or_else(|| fault::missing(param()))?;
    if name.is_empty() {
        return Err(fault::empty(param(), "string"));
    }
    if name.len() > MAX_NAME {
        return Err(fault::too_long(param(), "string", MAX_NAME, name.len()));
    }
    if name.chars().any(char::is_control) {
        return Err(fault::invalid_value(param(), &name, "a name without control characters"));
    }
    Ok(name)
}

fn tool_choice(choice: WireChoice, param: &str) -> Result<ToolChoice, CallError> {
    match choice {
        WireChoice::Word(word) => match word.as_str() {
            "none" => Ok(ToolChoice::None),
            "auto" => Ok(ToolChoice::Auto),
            "required" => Ok(ToolChoice::Required),
            _ => Err(fault::invalid_value(param, &word, "'none', 'auto', 'required' or an object")),
        },
        WireChoice::Object(object) if param == "function_call" => {
            name(object.name, param).map(ToolChoice::Named)
        }
        WireChoice::Object(object) => chosen(object, param),
    }
}

fn chosen(choice: ChoiceObject, param: &str) -> Result<ToolChoice, CallError> {
    let path = |field: &str| format!("{param}.{field}");
    match choice.kind.as_deref() {
        Some("function") => {
            let function = choice.function.ok_or_else(|| fault::missing(path("function")))?;
            name(function.name, &path("function")).map(ToolChoice::Named)
        }
        Some("custom") => {
            let custom = choice.custom.ok_or_else(|| fault::missing(path("custom")))?;
            name(custom.name, &path("custom")).map(ToolChoice::Named)
        }
        Some("allowed_tools") => {
            let allowed = choice.allowed_tools.ok_or_else(|| fault::missing(path("allowed_tools")))?;
            match allowed.mode.as_deref() {
                None | Some("auto") => Ok(ToolChoice::Auto),
                Some("required") => Ok(ToolChoice::Required),
                Some(mode) => {
                    Err(fault::invalid_value(path("allowed_tools.mode"), mode, "'auto' or 'required'"))
                }
            }
        }
        Some(kind) => {
            Err(fault::invalid_value(path("type"), kind, "'function', 'custom' or 'allowed_tools'"))
        }
        None => Err(fault::missing(path("type"))),
    }
}

fn output_format(format: WireFormat<'_>) -> Result<OutputFormat, CallError> {
    match format.kind.as_deref() {
        Some("text") => Ok(OutputFormat::Text),
        Some("json_object") => Ok(OutputFormat::JsonObject),
        Some("json_schema") => {
            const PATH: &str = "response_format.json_schema";
            let schema = format.json_schema.ok_or_else(|| fault::missing(PATH))?;
            if let Some(schema) = schema.schema {
                number::require_object(schema, "response_format.json_schema.schema")?;
            }
            Ok(OutputFormat::JsonSchema {
                name: name(schema.name, PATH)?,
                schema: schema.schema.map_or("{}", RawValue::get).to_owned(),
                strict: schema.strict,
            })
        }
        Some(kind) => {
            let expected = "'text', 'json_object' or 'json_schema'";
            Err(fault::invalid_value("response_format.type", kind, expected))
        }
        None => Err(fault::missing("response_format.type")),
    }
}
