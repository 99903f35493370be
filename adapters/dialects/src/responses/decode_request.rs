//! A Responses request into the vocabulary.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, Message, MessageRole, OutputFormat, Part, ReasoningEffort, Sampling, Tool,
    ToolChoice,
};
use serde_json::value::RawValue;

use super::items::{self, no_state};
use super::request_body::{Body, Format, Reasoning, WireChoice, WireTool};
use super::request_shape::REQUEST;
use crate::wire::{fault, number, request_text};

const MAX_TOOLS: usize = 512;
/// More than any model has.
const MAX_TOKENS: u64 = 2_147_483_647;

/// Decodes a request. What needs stored state is refused; what nobody here knows is accepted.
pub fn decode_request(body: &Bytes) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::weighed::<Body<'_>>(text, &REQUEST)?;
    let extension_bytes = u64::try_from(outline.unknown()).unwrap_or(u64::MAX);
    let extensions = REQUEST.strangers(&outline);
    let text = request_text::unique::<Body<'_>>(text, outline)?;
    let body: Body<'_> = request_text::read(&text)?;
    require_no_state(&body)?;
    let mut messages = Vec::new();
    if let Some(instructions) = body.instructions.filter(|text| !text.is_empty()) {
        messages.push(Message { role: MessageRole::System, parts: vec![Part::Text(instructions)] });
    }
    items::messages(body.input.ok_or_else(|| fault::missing("input"))?, &mut messages)?;
    let limit = body.max_output_tokens;
    let decimal =
        |raw: Option<&RawValue>, param, max| raw.map(|raw| number::decimal(raw, param, 0, max)).transpose();
    let logprobs = body.top_logprobs.map(|top| number::whole(top, "top_logprobs", 0, 20)).transpose()?;
    Ok(Canonical::Chat(ChatRequest {
        model: body.model.filter(|model| !model.is_empty()).ok_or_else(|| fault::missing("model"))?,
        messages,
        tools: tools(body.tools.unwrap_or_default())?,
        tool_choice: body.tool_choice.map(tool_choice).transpose()?,
        parallel_tool_calls: body.parallel_tool_calls,
        sampling: Sampling {
            temperature: decimal(body.temperature, "temperature", 2)?,
            top_p: decimal(body.top_p, "top_p", 1)?,
            logprobs: logprobs.is_some_and(|top| top > 0),
            ..Sampling::default()
        },
        max_output_tokens: limit
            .map(|raw| number::whole(raw, "max_output_tokens", 1, MAX_TOKENS))
            .transpose()?,
        output: body.text.and_then(|text| text.format).map(output_format).transpose()?.unwrap_or_default(),
        reasoning_effort: body.reasoning.and_then(effort).transpose()?,
        stream: body.stream.unwrap_or_default(),
        include_usage: true,
        user: body.user,
        extension_bytes,
        extensions,
        ..ChatRequest::default()
    }))
}

fn require_no_state(body: &Body<'_>) -> Result<(), CallError> {
    let asked = [
        ("previous_response_id", body.previous_response_id.is_some()),
        ("conversation", body.conversation.is_some()),
        ("prompt", body.prompt.is_some()),
        ("background", body.background == Some(true)),
    ];
    match asked.into_iter().find(|(_, is_asked)| *is_asked) {
        Some((name, _)) => Err(no_state(name, name)),
        None => Ok(()),
    }
}

fn effort(reasoning: Reasoning) -> Option<Result<ReasoningEffort, CallError>> {
    let effort = reasoning.effort?;
    if effort.is_empty() || effort.len() > 32 {
        let expected = "one of 'none', 'minimal', 'low', 'medium', 'high' and 'xhigh'";
        return Some(Err(fault::invalid_value("reasoning.effort", &effort, expected)));
    }
    Some(Ok(ReasoningEffort(effort)))
}

fn tools(tools: Vec<&RawValue>) -> Result<Vec<Tool>, CallError> {
    if tools.len() > MAX_TOOLS {
        return Err(fault::too_long("tools", "tools", MAX_TOOLS, tools.len()));
    }
    tools.into_iter().enumerate().map(|(index, raw)| tool(raw, &format!("tools[{index}]"))).collect()
}

fn tool(raw: &RawValue, path: &str) -> Result<Tool, CallError> {
    let tool: WireTool<'_> = fault::inside(raw.get(), path)?;
    let missing = |name: &str| fault::missing(format!("{path}.{name}"));
    let kind = tool.kind.ok_or_else(|| missing("type"))?;
    let parameters = match kind.as_str() {
        "function" => tool.parameters,
        "custom" => tool.format,
        _ => {
            let (name, whole) = (tool.name.unwrap_or_else(|| kind.clone()), raw.get().to_owned());
            return Ok(Tool { name, parameters: Some(whole), hosted: Some(kind), ..Tool::default() });
        }
    };
    if let Some(parameters) = parameters {
        number::require_object(parameters, &format!("{path}.parameters"))?;
    }
    Ok(Tool {
        name: tool.name.filter(|name| !name.is_empty()).ok_or_else(|| missing("name"))?,
        description: tool.description,
        parameters: parameters.map(|parameters| parameters.get().to_owned()),
        strict: tool.strict,
        ..Tool::default()
    })
}

fn tool_choice(raw: &RawValue) -> Result<ToolChoice, CallError> {
    const PATH: &str = "tool_choice";
    if raw.get().starts_with('"') {
        let word: String = fault::inside(raw.get(), PATH)?;
        return match word.as_str() {
            "none" => Ok(ToolChoice::None),
            "auto" => Ok(ToolChoice::Auto),
            "required" => Ok(ToolChoice::Required),
            _ => Err(fault::invalid_value(PATH, &word, "'none', 'auto', 'required' or an object")),
        };
    }
    let choice: WireChoice = fault::inside(raw.get(), PATH)?;
    match choice.kind.as_deref() {
        Some("allowed_tools") if choice.mode.as_deref() == Some("required") => Ok(ToolChoice::Required),
        Some("allowed_tools") => Ok(ToolChoice::Auto),
        Some("function" | "custom") => {
            choice.name.map(ToolChoice::Named).ok_or_else(|| fault::missing("tool_choice.name"))
        }
        // A tool that the provider runs, which has the name of its type.
        Some(hosted) => Ok(ToolChoice::Named(hosted.to_owned())),
        None => Err(fault::missing("tool_choice.type")),
    }
}

fn output_format(format: Format<'_>) -> Result<OutputFormat, CallError> {
    match format.kind.as_deref() {
        None | Some("text") => Ok(OutputFormat::Text),
        Some("json_object") => Ok(OutputFormat::JsonObject),
        Some("json_schema") => {
            let schema = format.schema.ok_or_else(|| fault::missing("text.format.schema"))?;
            number::require_object(schema, "text.format.schema")?;
            Ok(OutputFormat::JsonSchema {
                name: format.name.ok_or_else(|| fault::missing("text.format.name"))?,
                schema: schema.get().to_owned(),
                strict: format.strict,
            })
        }
        Some(kind) => {
            let expected = "'text', 'json_object' or 'json_schema'";
            Err(fault::invalid_value("text.format.type", kind, expected))
        }
    }
}
