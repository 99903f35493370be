//! `instructions` and `input` from the vocabulary's messages. What one turn of the assistant is there stands in
//! several items here: thoughts, texts and calls.

use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{ImageSource, Message, MessageRole, Part};
use serde_json::{Value, json};

use crate::encoded::unsupported;
use crate::wire::seal;

pub(super) struct Input {
    pub instructions: Option<String>,
    /// JSON texts.
    pub items: Vec<String>,
}

pub(super) fn encode(messages: &[Message]) -> Result<Input, ProviderError> {
    let is_instruction = |message: &&Message| {
        matches!(message.role, MessageRole::System | MessageRole::Developer)
            && message.parts.iter().all(|part| matches!(part, Part::Text(_) | Part::CacheBreakpoint(_)))
    };
    let leading = messages.iter().take_while(is_instruction).count();
    // Items there must be.
    let leading = if leading == messages.len() { 0 } else { leading };
    let (head, conversation) = messages.split_at(leading);
    let texts = head.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::Text(text) if !text.is_empty() => Some(text.as_str()),
        _ => None,
    });
    let instructions = Some(texts.collect::<Vec<_>>().join("\n\n")).filter(|text| !text.is_empty());
    let mut items = Vec::with_capacity(conversation.len());
    for message in conversation {
        encode_message(message, &mut items)?;
    }
    Ok(Input { instructions, items: items.iter().map(Value::to_string).collect() })
}

fn encode_message(message: &Message, items: &mut Vec<Value>) -> Result<(), ProviderError> {
    let is_assistant = message.role == MessageRole::Assistant;
    // Results come before what a turn says beside them, and split no message.
    let mut content: Vec<Value> = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) if is_assistant => {
                content.push(json!({ "type": "output_text", "text": text }));
            }
            Part::Text(text) => content.push(json!({ "type": "input_text", "text": text })),
            Part::Refusal(text) => content.push(json!({ "type": "refusal", "refusal": text })),
            Part::Image { source, detail } => content.push(image(source, detail.as_deref())),
            Part::Audio { base64, format } => {
                let audio = json!({ "data": base64, "format": format });
                content.push(json!({ "type": "input_audio", "input_audio": audio }));
            }
            Part::File { data, filename } => content.push(file(data, filename.as_deref())),
            Part::ToolCall { id, name, arguments } => {
                say(message.role, &mut content, items);
                let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
                let call =
                    json!({ "type": "function_call", "call_id": id, "name": name, "arguments": arguments });
                items.push(call);
            }
            Part::ToolResult { call_id, text, images, is_error } => {
                let output = result(text, images, *is_error);
                items.push(json!({ "type": "function_call_output", "call_id": call_id, "output": output }));
            }
            Part::Thinking { text, signature } => {
                // What another provider sealed, or nobody, this one would refuse.
                if let Some(sealed) = signature.as_deref().and_then(seal::as_responses) {
                    say(message.role, &mut content, items);
                    let summary = match text.as_str() {
                        "" => json!([]),
                        text => json!([{ "type": "summary_text", "text": text }]),
                    };
                    items.push(
                        json!({ "type": "reasoning", "summary": summary, "encrypted_content": sealed }),
                    );
                }
            }
            Part::RedactedThinking(_) | Part::CacheBreakpoint(_) => {}
            Part::Other { kind, .. } => {
                let why = format!("This provider has no content of type '{kind}'.");
                return Err(unsupported("messages", &why));
            }
        }
    }
    say(message.role, &mut content, items);
    Ok(())
}

/// What was said so far as one message.
fn say(role: MessageRole, content: &mut Vec<Value>, items: &mut Vec<Value>) {
    if content.is_empty() {
        return;
    }
    let role = match role {
        MessageRole::Assistant => "assistant",
        MessageRole::System => "system",
        MessageRole::Developer => "developer",
        // What a result of a tool shows besides, only a user may say.
        MessageRole::User | MessageRole::Tool => "user",
    };
    items.push(json!({ "role": role, "content": std::mem::take(content) }));
}

fn image(source: &ImageSource, detail: Option<&str>) -> Value {
    let (ImageSource::Url(url) | ImageSource::Data(url)) = source;
    let mut image = json!({ "type": "input_image", "image_url": url });
    if let Some(detail) = detail {
        image["detail"] = json!(detail);
    }
    image
}

fn file(data: &str, filename: Option<&str>) -> Value {
    let is_web = data.starts_with("http://") || data.starts_with("https://");
    let field = match data {
        _ if is_web => "file_url",
        data if data.starts_with("data:") => "file_data",
        _ => "file_id",
    };
    let mut file = json!({ "type": "input_file", field: data });
    match filename {
        Some(filename) => file["filename"] = json!(filename),
        // Bytes without a name are refused.
        None if field == "file_data" => file["filename"] = json!("document"),
        None => {}
    }
    file
}

/// A text, or a list where there are images.
fn result(text: &str, images: &[ImageSource], is_error: bool) -> Value {
    let text = if is_error { format!("Error: {text}") } else { text.to_owned() };
    if images.is_empty() {
        return json!(text);
    }
    let words = (!text.is_empty()).then(|| json!({ "type": "input_text", "text": text }));
    words.into_iter().chain(images.iter().map(|source| image(source, None))).collect()
}
