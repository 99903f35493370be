//! A body that is made from the vocabulary, for requests that came in another dialect.

use bytes::Bytes;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, EmbeddingInput, EmbeddingsRequest, ImageSource, Message, MessageRole,
    OutputFormat, Part, Tool, ToolChoice,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{LimitField, UpstreamTarget};

/// `None` when a number or a schema of the request is no JSON.
pub(super) fn encode(canonical: &Canonical, target: &UpstreamTarget<'_>) -> Option<Bytes> {
    let mut body = Body::default();
    match canonical {
        Canonical::Chat(chat) => body.chat(chat, target)?,
        Canonical::Embeddings(embeddings) => body.embeddings(embeddings, target)?,
    }
    Some(body.written())
}

/// Members in order, each as JSON text: what came as text never passes through a float.
#[derive(Default)]
struct Body {
    text: String,
}

impl Body {
    fn raw(&mut self, key: &str, value: &str) {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
        self.text.push_str(value);
    }

    fn value(&mut self, key: &str, value: impl serde::Serialize) -> Option<()> {
        self.raw(key, &serde_json::to_string(&value).ok()?);
        Some(())
    }

    fn number(&mut self, key: &str, number: Option<&String>) -> Option<()> {
        if let Some(number) = number {
            self.raw(key, raw(number)?.get());
        }
        Some(())
    }

    fn written(mut self) -> Bytes {
        self.text.push('}');
        Bytes::from(self.text)
    }

    fn chat(&mut self, chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Option<()> {
        self.value("model", target.model)?;
        let mut messages = Vec::with_capacity(chat.messages.len());
        for message in &chat.messages {
            messages.extend(wire_messages(message));
        }
        self.value("messages", messages)?;
        let limit = match (target.output_limit, chat.max_output_tokens) {
            (Some(limit), Some(asked)) => Some(limit.min(asked)),
            (limit, asked) => limit.or(asked),
        };
        if let Some(limit) = limit {
            let field = match target.limit_field {
                LimitField::MaxTokens => "max_tokens",
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
            self.value("seed", seed)?;
        }
        if chat.sampling.logprobs {
            self.value("logprobs", true)?;
        }
        if !chat.stop.is_empty() {
            self.value("stop", &chat.stop)?;
        }
        if chat.choices > 1 {
            self.value("n", chat.choices)?;
        }
        if !chat.tools.is_empty() {
            let tools = chat.tools.iter().map(wire_tool).collect::<Option<Vec<_>>>()?;
            self.raw("tools", &format!("[{}]", tools.join(",")));
        }
        if let Some(choice) = &chat.tool_choice {
            self.value("tool_choice", wire_choice(choice))?;
        }
        if let Some(parallel) = chat.parallel_tool_calls {
            self.value("parallel_tool_calls", parallel)?;
        }
        self.output(&chat.output)?;
        if let Some(effort) = &chat.reasoning_effort {
            self.value("reasoning_effort", &effort.0)?;
        }
        if let Some(user) = &chat.user {
            self.value("user", user)?;
        }
        if chat.stream {
            self.value("stream", true)?;
            self.raw("stream_options", "{\"include_usage\":true}");
        }
        Some(())
    }

    fn output(&mut self, output: &OutputFormat) -> Option<()> {
        match output {
            OutputFormat::Text => {}
            OutputFormat::JsonObject => self.raw("response_format", "{\"type\":\"json_object\"}"),
            OutputFormat::JsonSchema { name, schema, strict } => {
                let mut inner = Self::default();
                inner.value("name", name)?;
                inner.raw("schema", raw(schema)?.get());
                if let Some(strict) = strict {
                    inner.value("strict", strict)?;
                }
                let format = format!("{{\"type\":\"json_schema\",\"json_schema\":{}}}}}", inner.text);
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
}

fn raw(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

fn wire_tool(tool: &Tool) -> Option<String> {
    let mut function = Body::default();
    function.value("name", &tool.name)?;
    if let Some(description) = &tool.description {
        function.value("description", description)?;
    }
    if let Some(parameters) = &tool.parameters {
        function.raw("parameters", raw(parameters)?.get());
    }
    if let Some(strict) = tool.strict {
        function.value("strict", strict)?;
    }
    Some(format!("{{\"type\":\"function\",\"function\":{}}}}}", function.text))
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
fn wire_messages(message: &Message) -> Vec<Value> {
    let role = match message.role {
        MessageRole::System => "system",
        MessageRole::Developer => "developer",
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
            Part::ToolResult { call_id, text } => {
                messages.push(json!({ "role": "tool", "tool_call_id": call_id, "content": text }));
            }
            Part::Refusal(text) => {
                fields.insert("refusal".to_owned(), json!(text));
            }
            Part::Thinking(text) => {
                fields.insert("reasoning_content".to_owned(), json!(text));
            }
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
