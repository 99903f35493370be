//! A request in the older dialect into the vocabulary: by way of OpenAI's body, whose rules it shares.

use bytes::Bytes;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Canonical, ChatRequest};
use serde_json::value::RawValue;

use super::request_body::{LegacyBody, LegacyFormat, LegacyMessage, LegacyPart};
use crate::aigne::DEFAULT_MODEL;
use crate::openai::chat_body::{ChatBody, Content, WireFormat, WireImage, WireMessage, WirePart};
use crate::openai::chat_request;
use crate::wire::content::{self, content};
use crate::wire::{fault, request_text};

/// OpenAI's names and the older ones, for what is told about a fault.
const NAMES: [(&str, &str); 9] = [
    ("max_tokens", "maxTokens"),
    ("top_p", "topP"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("tool_choice", "toolChoice"),
    ("response_format.json_schema", "responseFormat.jsonSchema"),
    ("tool_call_id", "toolCallId"),
    ("tool_calls", "toolCalls"),
    ("image_url", "imageUrl"),
];

/// Decodes a request. Keys that nobody here knows mean nothing. `accepts_events` is a stream, whatever the body says.
pub fn decode_chat(body: &Bytes, accepts_events: bool) -> Result<Canonical, CallError> {
    let text = fault::utf8(body)?;
    let outline = request_text::outline::<LegacyBody<'_>>(text)?;
    let text = request_text::unique::<LegacyBody<'_>>(text, outline)?;
    let body: LegacyBody<'_> = request_text::read(&text)?;
    let stream = accepts_events || body.stream.is_some_and(|stream| stream.get().trim_matches('"') == "true");
    let chat = openai(body)?;
    let chat = chat_request(chat).map_err(in_older_words)?;
    Ok(Canonical::Chat(ChatRequest { stream, include_usage: true, ..chat }))
}

fn openai(body: LegacyBody<'_>) -> Result<ChatBody<'_>, CallError> {
    let prompt = body.prompt.filter(|prompt| !prompt.is_empty());
    let messages = match (prompt, body.messages) {
        (Some(_), Some(_)) => {
            let message = "'prompt' and 'messages' can't be set at the same time.";
            return Err(fault::broken_rule("prompt", message, "invalid_parameter_combination"));
        }
        (Some(prompt), None) => vec![WireMessage {
            role: Some("user".to_owned()),
            content: Some(Content::Text(prompt)),
            ..WireMessage::default()
        }],
        (None, Some(messages)) => {
            let numbered = messages.into_iter().enumerate();
            numbered.map(|(index, message)| self::message(message, index)).collect::<Result<_, _>>()?
        }
        (None, None) => return Err(fault::missing("messages")),
    };
    Ok(ChatBody {
        model: body.model.filter(|model| !model.is_empty()).or_else(|| Some(DEFAULT_MODEL.to_owned())),
        messages: Some(messages),
        tools: body.tools.filter(|tools| !tools.is_empty()),
        tool_choice: body.tool_choice,
        max_tokens: number(body.max_tokens),
        temperature: number(body.temperature),
        top_p: number(body.top_p),
        presence_penalty: number(body.presence_penalty),
        frequency_penalty: number(body.frequency_penalty),
        response_format: body.response_format.and_then(format),
        ..ChatBody::default()
    })
}

/// Only a schema has ever had an effect.
fn format(format: LegacyFormat<'_>) -> Option<WireFormat<'_>> {
    let is_schema = format.kind.as_deref() == Some("json_schema");
    is_schema.then_some(WireFormat { kind: format.kind, json_schema: format.json_schema })
}

/// A number, which may be written as a text.
fn number(raw: Option<&RawValue>) -> Option<&RawValue> {
    let raw = raw?;
    match raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(str::trim) {
        None => Some(raw),
        Some("") => None,
        // What is no number stays as it is, and is refused as such.
        Some(text) => Some(serde_json::from_str(text).unwrap_or(raw)),
    }
}

fn message(message: LegacyMessage<'_>, index: usize) -> Result<WireMessage<'_>, CallError> {
    let path = format!("messages[{index}].content");
    let content = match message.content {
        Some(raw) => Some(parts(raw, &path)?),
        None if message.role.as_deref() == Some("system") => Some(Content::Text(String::new())),
        None => None,
    };
    if message.role.as_deref() == Some("developer") {
        let roles = "'system', 'user', 'assistant' or 'tool'";
        return Err(fault::invalid_value(format!("messages[{index}].role"), "developer", roles));
    }
    Ok(WireMessage {
        role: message.role,
        content,
        name: message.name.filter(|name| !name.is_empty()),
        tool_calls: message.tool_calls,
        tool_call_id: message.tool_call_id,
        ..WireMessage::default()
    })
}

fn parts(raw: &RawValue, path: &str) -> Result<Content, CallError> {
    let list = match content(raw, path, "parts")? {
        content::Content::Text(text) => return Ok(Content::Text(text)),
        content::Content::List(list) => list,
    };
    let part = |(index, raw): (usize, &RawValue)| {
        let part: LegacyPart = fault::inside(raw.get(), &format!("{path}[{index}]"))?;
        let image_url = part.image_url.map(|image| WireImage { url: image.url, detail: None });
        Ok(WirePart { kind: part.kind, text: part.text, image_url, ..WirePart::default() })
    };
    list.into_iter().enumerate().map(part).collect::<Result<_, CallError>>().map(Content::Parts)
}

fn in_older_words(error: CallError) -> CallError {
    match error {
        CallError::InvalidRequest { message, param, code } => {
            let older =
                |text: String| NAMES.iter().fold(text, |text, (openai, older)| text.replace(openai, older));
            CallError::InvalidRequest { message: older(message), param: param.map(older), code }
        }
        error => error,
    }
}
