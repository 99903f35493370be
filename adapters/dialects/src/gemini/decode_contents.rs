//! `contents` and `systemInstruction` into messages.

use std::collections::{HashMap, VecDeque};

use hub_domain::error::CallError;
use hub_domain::vocabulary::{ImageSource, Message, MessageRole, Part};
use serde_json::Value;
use serde_json::value::RawValue;

use super::request_body::{FunctionCall, FunctionResponse, WireContent, WirePart};
use crate::wire::fault;
use crate::wire::seal::{self, Carried};

const MAX_CONTENTS: usize = 4_096;

/// Pairs calls with what answered them: Gemini's need no ids.
#[derive(Default)]
pub(super) struct Decoder {
    calls: usize,
    /// Ids of calls that were not answered yet, by function.
    open: HashMap<String, VecDeque<String>>,
}

impl Decoder {
    pub(super) fn system(&mut self, content: WireContent<'_>) -> Result<Message, CallError> {
        let parts = self.parts(content.parts, "systemInstruction.parts")?;
        Ok(Message { role: MessageRole::System, parts })
    }

    pub(super) fn contents(&mut self, contents: Vec<WireContent<'_>>) -> Result<Vec<Message>, CallError> {
        if contents.is_empty() {
            return Err(fault::empty("contents", "array"));
        }
        if contents.len() > MAX_CONTENTS {
            return Err(fault::too_long("contents", "contents", MAX_CONTENTS, contents.len()));
        }
        let mut messages = Vec::with_capacity(contents.len());
        for (index, content) in contents.into_iter().enumerate() {
            let role = match content.role.as_deref() {
                None | Some("user" | "function") => MessageRole::User,
                Some("model") => MessageRole::Assistant,
                Some(other) => {
                    let path = format!("contents[{index}].role");
                    return Err(fault::invalid_value(path, other, "'user' or 'model'"));
                }
            };
            let parts = self.parts(content.parts, &format!("contents[{index}].parts"))?;
            let (results, rest): (Vec<_>, Vec<_>) =
                parts.into_iter().partition(|part| matches!(part, Part::ToolResult { .. }));
            if !results.is_empty() {
                messages.push(Message { role: MessageRole::Tool, parts: results });
            }
            if !rest.is_empty() {
                messages.push(Message { role, parts: rest });
            }
        }
        Ok(messages)
    }

    fn parts(&mut self, parts: Option<Vec<&RawValue>>, path: &str) -> Result<Vec<Part>, CallError> {
        let parts = parts.ok_or_else(|| fault::missing(path))?;
        let mut read: Vec<Part> = Vec::with_capacity(parts.len());
        for (index, raw) in parts.into_iter().enumerate() {
            let part = self.part(raw, &format!("{path}[{index}]"))?;
            match (read.last_mut(), part) {
                // Thoughts come in pieces, and their seal behind them.
                (
                    Some(Part::Thinking { text, signature: sealed @ None }),
                    Part::Thinking { text: more, signature },
                ) => {
                    text.push_str(&more);
                    *sealed = signature;
                }
                (_, part) => read.push(part),
            }
        }
        Ok(read)
    }

    fn part(&mut self, raw: &RawValue, path: &str) -> Result<Part, CallError> {
        let part: WirePart<'_> = fault::inside(raw.get(), path)?;
        let field = |name: &str| format!("{path}.{name}");
        let data = [
            part.text.is_some(),
            part.inline_data.is_some(),
            part.file_data.is_some(),
            part.function_call.is_some(),
            part.function_response.is_some(),
        ];
        if data.into_iter().filter(|is_there| *is_there).count() > 1 {
            let message = "A part has one kind of data only.";
            return Err(fault::broken_rule(path, message, "invalid_value"));
        }
        if let Some(text) = part.text {
            if !part.thought.unwrap_or_default() {
                return Ok(Part::Text(text));
            }
            return Ok(match part.thought_signature.as_deref().and_then(seal::uncarried) {
                Some(Carried::Thoughts(data)) => Part::RedactedThinking(data),
                Some(Carried::Seal(seal)) => Part::Thinking { text, signature: Some(seal) },
                None => Part::Thinking { text, signature: None },
            });
        }
        if let Some(inline) = part.inline_data {
            let missing = |name: &str| fault::missing(field(&format!("inlineData.{name}")));
            let media = inline.mime_type.ok_or_else(|| missing("mimeType"))?;
            return Ok(media_part(&media, inline.data.ok_or_else(|| missing("data"))?));
        }
        if let Some(file) = part.file_data {
            let uri = file.file_uri.ok_or_else(|| fault::missing(field("fileData.fileUri")))?;
            return Ok(Part::File { data: uri, filename: None });
        }
        if let Some(call) = part.function_call {
            return self.call(call, &field("functionCall"));
        }
        if let Some(response) = part.function_response {
            return self.response(response, &field("functionResponse"));
        }
        // New kinds come; a provider of this dialect knows them.
        Ok(Part::Other { kind: "part".to_owned(), json: raw.get().to_owned() })
    }

    fn call(&mut self, call: FunctionCall<'_>, path: &str) -> Result<Part, CallError> {
        let name = call.name.ok_or_else(|| fault::missing(format!("{path}.name")))?;
        let arguments = match call.args {
            None => "{}".to_owned(),
            Some(args) if args.get().starts_with('{') => args.get().to_owned(),
            Some(_) => {
                return Err(fault::invalid_type(format!("{path}.args"), "an object", "something else"));
            }
        };
        self.calls += 1;
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}", self.calls));
        self.open.entry(name.clone()).or_default().push_back(id.clone());
        Ok(Part::ToolCall { id, name, arguments })
    }

    fn response(&mut self, response: FunctionResponse<'_>, path: &str) -> Result<Part, CallError> {
        let name = response.name.ok_or_else(|| fault::missing(format!("{path}.name")))?;
        let open = self.open.entry(name.clone()).or_default();
        let call_id = match response.id.filter(|id| !id.is_empty()) {
            Some(id) => {
                open.retain(|waiting| *waiting != id);
                id
            }
            // Answers come in the order of the calls.
            None => open.pop_front().unwrap_or(name),
        };
        let raw = response.response.ok_or_else(|| fault::missing(format!("{path}.response")))?;
        let (text, is_error) = said(raw);
        Ok(Part::ToolResult { call_id, text, images: Vec::new(), is_error })
    }
}

/// What a function said: the text where it is wrapped, else the object.
fn said(raw: &RawValue) -> (String, bool) {
    if let Ok(Value::Object(object)) = serde_json::from_str(raw.get())
        && object.len() == 1
    {
        for (key, is_error) in [("output", false), ("result", false), ("error", true)] {
            if let Some(Value::String(text)) = object.get(key) {
                return (text.clone(), is_error);
            }
        }
    }
    (raw.get().to_owned(), false)
}

fn media_part(media: &str, data: String) -> Part {
    let url = |data: &str| format!("data:{media};base64,{data}");
    if media.starts_with("image/") {
        return Part::Image { source: ImageSource::Data(url(&data)), detail: None };
    }
    match media.strip_prefix("audio/") {
        Some(format) => Part::Audio { base64: data, format: format.to_owned() },
        None => Part::File { data: url(&data), filename: None },
    }
}
