//! A body that is made from the vocabulary, for requests that came in another dialect.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, EmbeddingInput, EmbeddingsRequest, ImageSource, ImagesRequest, Message,
    MessageRole, OutputFormat, Part, SpeechRequest, ThinkingMode, Tool, ToolChoice,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{LimitField, Quirks, UpstreamTarget, quirky};
use crate::encoded::{Encoded, refuse_hosted, unreadable, unsupported};
use crate::wire::json_object::JsonObject;

pub(super) fn encode(canonical: &Canonical, target: &UpstreamTarget<'_>) -> Result<Encoded, ProviderError> {
    let mut body = Body::default();
    let mut dropped = Vec::new();
    match canonical {
        Canonical::Chat(chat) => {
            require_words(chat)?;
            dropped = without_words(chat, target);
            let fitting = quirky::fitting(chat, target);
            dropped.extend(fitting.dropped);
            body.chat(&fitting.chat, target).ok_or_else(unreadable)?;
        }
        Canonical::Embeddings(embeddings) => {
            body.embeddings(embeddings, target).ok_or_else(unreadable)?;
        }
        // They are forms, or are told in this dialect's own words.
        Canonical::Transcription(_) | Canonical::Images(ImagesRequest { edit: Some(_), .. }) => {
            return Err(unreadable());
        }
        Canonical::Images(images) => body.images(images, target).ok_or_else(unreadable)?,
        Canonical::Speech(speech) => body.speech(speech, target).ok_or_else(unreadable)?,
    }
    Ok(Encoded { body: Bytes::from(body.0.written()), dropped })
}

/// Refuses what this dialect can't say and the answer depends on.
fn require_words(chat: &ChatRequest) -> Result<(), ProviderError> {
    // They could be asked for, but no other dialect's answer could carry them back from here.
    if chat.sampling.logprobs {
        return Err(unsupported(
            "logprobs",
            "Log probabilities of this provider can't be had in this dialect.",
        ));
    }
    if chat.audio_output {
        return Err(unsupported("modalities", "Audio of this provider can't be had in this dialect."));
    }
    refuse_hosted(&chat.tools)?;
    for part in chat.messages.iter().flat_map(|message| &message.parts) {
        let why = match part {
            Part::File { data, .. } if data.starts_with("http://") || data.starts_with("https://") => {
                "This provider takes documents inline or by its own id, not by URL.".to_owned()
            }
            Part::Other { kind, .. } => format!("This provider has no content of type '{kind}'."),
            _ => continue,
        };
        return Err(unsupported("messages", &why));
    }
    Ok(())
}

/// Fields that this dialect has no word for, and that the answer does not depend on.
fn without_words(chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Vec<String> {
    let mut dropped = chat.extensions.clone();
    if chat.sampling.top_k.is_some() {
        dropped.push("top_k".to_owned());
    }
    if effort(chat, target).is_none() && (chat.thinking.is_some() || chat.reasoning_effort.is_some()) {
        dropped.push(if chat.thinking.is_some() { "thinking" } else { "reasoning_effort" }.to_owned());
    }
    let mut parts = chat.messages.iter().flat_map(|message| &message.parts);
    let is_marked = parts.any(|part| matches!(part, Part::CacheBreakpoint(_)));
    if is_marked || chat.tools.iter().any(|tool| tool.cache.is_some()) {
        dropped.push("cache_control".to_owned());
    }
    dropped
}

/// How hard the model is to think, for models that take a word on it.
fn effort<'a>(chat: &'a ChatRequest, target: &UpstreamTarget<'_>) -> Option<&'a str> {
    match (&chat.reasoning_effort, target.limit_field) {
        // OpenAI's other models refuse the word; what servers like it take, nobody knows here.
        (_, LimitField::MaxCompletionTokens) | (None, LimitField::MaxTokens) => None,
        _ => asked_effort(chat),
    }
}

/// How hard the client wants a model to think, in OpenAI's words.
pub(crate) fn asked_effort(chat: &ChatRequest) -> Option<&str> {
    match (&chat.reasoning_effort, chat.thinking) {
        (Some(effort), _) => Some(&effort.0),
        // Where each step of the scale lies, in tokens, is a matter of taste.
        (None, Some(ThinkingMode::Budget(0..=2_048))) => Some("low"),
        (None, Some(ThinkingMode::Budget(2_049..=8_192))) => Some("medium"),
        (None, Some(ThinkingMode::Budget(_))) => Some("high"),
        (None, Some(ThinkingMode::Disabled | ThinkingMode::Adaptive) | None) => None,
    }
}

/// The body, member by member.
#[derive(Default)]
struct Body(JsonObject);

impl Body {
    fn raw(&mut self, key: &str, value: &str) {
        self.0.raw(key, value);
    }

    fn value(&mut self, key: &str, value: impl serde::Serialize) -> Option<()> {
        self.0.value(key, value)
    }

    fn number(&mut self, key: &str, number: Option<&String>) -> Option<()> {
        number.map_or(Some(()), |number| self.0.number(key, number))
    }

    fn chat(&mut self, chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Option<()> {
        self.value("model", target.model)?;
        let mut messages = Vec::with_capacity(chat.messages.len());
        for message in &chat.messages {
            messages.extend(wire_messages(message, &target.quirks));
        }
        self.value("messages", messages)?;
        let limit = match (target.output_limit, chat.max_output_tokens) {
            (Some(limit), Some(asked)) => Some(limit.min(asked)),
            (limit, asked) => limit.or(asked),
        };
        if let Some(limit) = limit {
            let field = match target.limit_field {
                LimitField::MaxTokens | LimitField::OnlyMaxTokens => "max_tokens",
                LimitField::MaxCompletionTokens | LimitField::OnlyMaxCompletionTokens => {
                    "max_completion_tokens"
                }
            };
            self.value(field, limit)?;
        }
        self.number("temperature", chat.sampling.temperature.as_ref())?;
        self.number("top_p", chat.sampling.top_p.as_ref())?;
        self.number("frequency_penalty", chat.sampling.frequency_penalty.as_ref())?;
        self.number("presence_penalty", chat.sampling.presence_penalty.as_ref())?;
        if let Some(seed) = chat.sampling.seed {
            self.value(target.quirks.seed_field, seed)?;
        }
        if !chat.stop.is_empty() {
            self.value("stop", &chat.stop)?;
        }
        if chat.choices > 1 {
            self.value("n", chat.choices)?;
        }
        if !chat.tools.is_empty() {
            self.raw("tools", &wire_tools(&chat.tools, &target.quirks)?);
        }
        if let Some(choice) = &chat.tool_choice {
            self.value("tool_choice", wire_choice(choice))?;
        }
        if let Some(parallel) = chat.parallel_tool_calls {
            self.value("parallel_tool_calls", parallel)?;
        }
        self.output(&chat.output)?;
        if let Some(effort) = effort(chat, target) {
            self.value("reasoning_effort", effort)?;
        }
        if let Some(user) = &chat.user {
            self.value("user", user)?;
        }
        if chat.stream {
            self.value("stream", true)?;
            if target.quirks.stream_options {
                self.raw("stream_options", "{\"include_usage\":true}");
            }
        }
        Some(())
    }

    fn output(&mut self, output: &OutputFormat) -> Option<()> {
        match output {
            OutputFormat::Text => {}
            OutputFormat::JsonObject => self.raw("response_format", JSON_OBJECT),
            OutputFormat::JsonSchema { name, schema, strict } => {
                let mut inner = JsonObject::default();
                inner.value("name", name)?;
                inner.raw("schema", raw(schema)?.get());
                if let Some(strict) = strict {
                    inner.value("strict", strict)?;
                }
                let format = format!("{{\"type\":\"json_schema\",\"json_schema\":{}}}", inner.written());
                self.raw("response_format", &format);
            }
        }
        Some(())
    }

    fn embeddings(&mut self, embeddings: &EmbeddingsRequest, target: &UpstreamTarget<'_>) -> Option<()> {
        self.value("model", target.model)?;
        let inputs = embeddings.inputs.iter().map(|input| match input {
            EmbeddingInput::Text(text) => json!(text),
            EmbeddingInput::Tokens(tokens) => json!(tokens),
        });
        self.value("input", inputs.collect::<Vec<_>>())?;
        if let Some(dimensions) = embeddings.dimensions {
            self.value("dimensions", dimensions)?;
        }
        self.value("encoding_format", if embeddings.base64 { "base64" } else { "float" })?;
        if let Some(user) = &embeddings.user {
            self.value("user", user)?;
        }
        Some(())
    }

    fn images(&mut self, images: &ImagesRequest, target: &UpstreamTarget<'_>) -> Option<()> {
        self.value("model", target.model)?;
        self.value("prompt", &images.prompt)?;
        self.value("n", images.images.max(1))?;
        for (name, value) in [("size", &images.size), ("quality", &images.quality), ("user", &images.user)] {
            if let Some(value) = value {
                self.value(name, value)?;
            }
        }
        Some(())
    }

    fn speech(&mut self, speech: &SpeechRequest, target: &UpstreamTarget<'_>) -> Option<()> {
        self.value("model", target.model)?;
        self.value("input", &speech.input)?;
        if let Some(voice) = &speech.voice {
            self.raw("voice", raw(voice)?.get());
        }
        if let Some(instructions) = &speech.instructions {
            self.value("instructions", instructions)?;
        }
        self.value("response_format", speech.format.name())?;
        self.number("speed", speech.speed.as_ref())?;
        if speech.events || target.speech_events {
            self.value("stream_format", "sse")?;
        }
        Some(())
    }
}

fn raw(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

pub(super) const JSON_OBJECT: &str = "{\"type\":\"json_object\"}";

pub(super) fn wire_tools(tools: &[Tool], quirks: &Quirks) -> Option<String> {
    let tools = tools.iter().map(|tool| wire_tool(tool, quirks)).collect::<Option<Vec<_>>>()?;
    Some(format!("[{}]", tools.join(",")))
}

fn wire_tool(tool: &Tool, quirks: &Quirks) -> Option<String> {
    let mut function = JsonObject::default();
    function.value("name", &tool.name)?;
    if let Some(description) = &tool.description {
        function.value("description", description)?;
    }
    if quirky::lacks_parameters(tool) && !quirks.bare_tools {
        function.raw("parameters", "{\"type\":\"object\",\"properties\":{}}");
    } else if let Some(parameters) = &tool.parameters {
        function.raw("parameters", raw(parameters)?.get());
    }
    if let Some(strict) = tool.strict {
        function.value("strict", strict)?;
    }
    Some(format!("{{\"type\":\"function\",\"function\":{}}}", function.written()))
}

fn wire_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::None => json!("none"),
        ToolChoice::Auto => json!("auto"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
    }
}

/// One message, or several where it has several results of tools.
fn wire_messages(message: &Message, quirks: &Quirks) -> Vec<Value> {
    let role = match message.role {
        MessageRole::System => "system",
        MessageRole::Developer if quirks.developer_role => "developer",
        MessageRole::Developer => "system",
        MessageRole::User => "user",
        MessageRole::Assistant => "assistant",
        MessageRole::Tool => "tool",
    };
    let mut messages = Vec::new();
    let (mut content, mut calls) = (Vec::new(), Vec::new());
    let mut fields = Map::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => content.push(json!({ "type": "text", "text": text })),
            Part::Image { source: ImageSource::Url(url) | ImageSource::Data(url), detail } => {
                let mut image = json!({ "url": url });
                if let Some(detail) = detail {
                    image["detail"] = json!(detail);
                }
                content.push(json!({ "type": "image_url", "image_url": image }));
            }
            Part::Audio { base64, format } => {
                let audio = json!({ "data": base64, "format": format });
                content.push(json!({ "type": "input_audio", "input_audio": audio }));
            }
            Part::File { data, filename } => {
                let field = if data.starts_with("data:") { "file_data" } else { "file_id" };
                let mut file = json!({ field: data });
                if let Some(filename) = filename {
                    file["filename"] = json!(filename);
                }
                content.push(json!({ "type": "file", "file": file }));
            }
            Part::ToolCall { id, name, arguments } => {
                let function = json!({ "name": name, "arguments": arguments });
                calls.push(json!({ "id": id, "type": "function", "function": function }));
            }
            Part::ToolResult { call_id, text, images, is_error } => {
                let text = if *is_error { format!("Error: {text}") } else { text.clone() };
                messages.push(json!({ "role": "tool", "tool_call_id": call_id, "content": text }));
                content.extend(images.iter().map(|(ImageSource::Url(url) | ImageSource::Data(url))| {
                    json!({ "type": "image_url", "image_url": { "url": url } })
                }));
            }
            Part::Refusal(text) => {
                fields.insert("refusal".to_owned(), json!(text));
            }
            Part::Thinking { text, signature: None } => {
                if let Some(member) = quirky::thinking_member(message, quirks) {
                    fields.insert(member.to_owned(), json!(text));
                }
            }
            // Sealed by another provider: nothing that this one could take back.
            Part::Thinking { .. } | Part::RedactedThinking(_) | Part::CacheBreakpoint(_) => {}
            // Refused before.
            Part::Other { .. } => {}
        }
    }
    if content.is_empty() && calls.is_empty() && fields.is_empty() && !messages.is_empty() {
        return messages;
    }
    // What a result of a tool shows besides its text, only a user may say.
    let role = if role == "tool" { "user" } else { role };
    let content = match (content.as_slice(), role) {
        ([], "assistant") => Value::Null,
        ([], _) => json!(""),
        ([one], _) if one["type"] == "text" => one["text"].clone(),
        _ => Value::Array(content),
    };
    let mut whole = json!({ "role": role, "content": content });
    if let Some(whole) = whole.as_object_mut() {
        whole.append(&mut fields);
        if !calls.is_empty() {
            whole.insert("tool_calls".to_owned(), Value::Array(calls));
        }
    }
    messages.push(whole);
    messages
}
