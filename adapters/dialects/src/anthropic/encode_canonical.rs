//! A body that is made from the vocabulary, for requests that came in another dialect.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{CacheTtl, ChatRequest, OutputFormat, Part, ThinkingMode, Tool, ToolChoice};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::UpstreamTarget;
use super::encode_request::{budget, limit};
use super::encode_turns::{self, Turns};
use crate::encoded::{Encoded, refuse_hosted, schema, unreadable, unsupported};
use crate::wire::json_object::JsonObject;

/// Tokens of thought for each word on how hard to think.
const EFFORTS: [(&str, u64); 6] = [
    ("minimal", 1_024),
    ("low", 2_048),
    ("medium", 8_192),
    ("high", 16_384),
    ("xhigh", 24_576),
    ("max", 32_000),
];

const JSON_ONLY: &str = "Answer with one JSON object and nothing else.";

pub(super) fn encode(chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Result<Encoded, ProviderError> {
    require_words(chat)?;
    let mut dropped = chat.extensions.clone();
    let turns = encode_turns::encode(chat)?;
    let body = Writer { chat, target, dropped: &mut dropped }.body(turns).ok_or_else(unreadable)?;
    Ok(Encoded { body, dropped })
}

/// Refuses what this dialect can't say and the answer depends on.
fn require_words(chat: &ChatRequest) -> Result<(), ProviderError> {
    if chat.choices > 1 {
        return Err(unsupported("n", "This provider gives one answer to a request."));
    }
    if chat.sampling.logprobs {
        return Err(unsupported("logprobs", "This provider tells no log probabilities."));
    }
    if chat.audio_output {
        return Err(unsupported("modalities", "This provider answers in text."));
    }
    refuse_hosted(&chat.tools)
}

struct Writer<'a> {
    chat: &'a ChatRequest,
    target: &'a UpstreamTarget<'a>,
    dropped: &'a mut Vec<String>,
}

impl Writer<'_> {
    /// `None` when a number or a schema of the request is no JSON.
    fn body(&mut self, turns: Turns) -> Option<Bytes> {
        let Self { chat, target, .. } = *self;
        let limit = limit(chat, target);
        let mut body = JsonObject::default();
        body.value("model", target.model)?;
        body.value("max_tokens", limit)?;
        let mut system = turns.system;
        if chat.output == OutputFormat::JsonObject {
            system.push(json!({ "type": "text", "text": JSON_ONLY }).to_string());
        }
        if !system.is_empty() {
            self.mark_last(&mut system);
            body.raw("system", &format!("[{}]", system.join(",")));
        }
        body.raw("messages", &turns.messages);
        if !chat.tools.is_empty() {
            let mut tools = chat.tools.iter().map(tool).collect::<Option<Vec<_>>>()?;
            self.mark_last(&mut tools);
            body.raw("tools", &format!("[{}]", tools.join(",")));
        }
        if let Some(choice) = self.tool_choice() {
            body.value("tool_choice", choice)?;
        }
        if !chat.stop.is_empty() {
            body.value("stop_sequences", &chat.stop)?;
        }
        let thinks = self.thinking(limit, &mut body)?;
        self.sampling(thinks, &mut body)?;
        if let OutputFormat::JsonSchema { schema, .. } = &chat.output {
            let schema: &RawValue = serde_json::from_str(schema).ok()?;
            let mut config = JsonObject::default();
            config.raw("format", &format!("{{\"type\":\"json_schema\",\"schema\":{}}}", schema.get()));
            if let Some(effort) = self.effort().filter(|_| !target.generation.budget) {
                config.value("effort", effort)?;
            }
            body.raw("output_config", &config.written());
        } else if let Some(effort) = self.effort().filter(|_| !target.generation.budget) {
            body.raw("output_config", &json!({ "effort": effort }).to_string());
        }
        if chat.stream {
            body.value("stream", true)?;
        }
        self.drop_rest();
        Some(Bytes::from(body.written()))
    }

    /// Where the head of the prompt is worth caching: up to the last of these objects. Marks are few, so
    /// that a client who sets its own has none added.
    fn mark_last(&self, objects: &mut [String]) {
        if let (Some(ttl), Some(last)) = (self.chat.cache_head, objects.last_mut())
            && !self.has_marks()
            && last.pop() == Some('}')
        {
            last.push_str(&format!(",\"cache_control\":{}}}", cache_control(ttl)));
        }
    }

    fn has_marks(&self) -> bool {
        let mut parts = self.chat.messages.iter().flat_map(|message| &message.parts);
        parts.any(|part| matches!(part, Part::CacheBreakpoint(_)))
            || self.chat.tools.iter().any(|tool| tool.cache.is_some())
    }

    fn tool_choice(&self) -> Option<Value> {
        let chat = self.chat;
        if chat.tools.is_empty() {
            return None;
        }
        let mut choice = match &chat.tool_choice {
            Some(ToolChoice::None) => json!({ "type": "none" }),
            Some(ToolChoice::Auto) => json!({ "type": "auto" }),
            Some(ToolChoice::Required) => json!({ "type": "any" }),
            Some(ToolChoice::Named(name)) => json!({ "type": "tool", "name": name }),
            None if chat.parallel_tool_calls == Some(false) => json!({ "type": "auto" }),
            None => return None,
        };
        if chat.parallel_tool_calls == Some(false) && chat.tool_choice != Some(ToolChoice::None) {
            choice["disable_parallel_tool_use"] = json!(true);
        }
        Some(choice)
    }

    fn effort(&self) -> Option<&str> {
        let effort = self.chat.reasoning_effort.as_ref().map(|effort| effort.0.as_str());
        match effort? {
            "none" => None,
            "minimal" => Some("low"),
            effort => Some(effort),
        }
    }

    /// Whether the model is told to think.
    fn thinking(&mut self, limit: u64, body: &mut JsonObject) -> Option<bool> {
        let chat = self.chat;
        let effort = chat.reasoning_effort.as_ref().map(|effort| effort.0.as_str());
        let is_forced = matches!(chat.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
        let wanted = match (chat.thinking, effort) {
            (Some(ThinkingMode::Disabled), _) | (None, Some("none")) => return Some(false),
            (None, None) => return Some(false),
            // A forced tool and thoughts exclude each other.
            _ if is_forced => None,
            (Some(ThinkingMode::Budget(asked)), _) => Some(asked),
            (_, Some(effort)) => {
                EFFORTS.iter().find(|(name, _)| *name == effort).map(|(_, tokens)| *tokens).or(Some(8_192))
            }
            (Some(ThinkingMode::Adaptive), None) => Some(8_192),
        };
        let Some(asked) = wanted else {
            self.dropped.push("reasoning_effort".to_owned());
            return Some(false);
        };
        if !self.target.generation.budget {
            body.raw("thinking", "{\"type\":\"adaptive\"}");
            return Some(true);
        }
        match budget(asked, limit) {
            Some(budget) => {
                body.raw("thinking", &format!("{{\"type\":\"enabled\",\"budget_tokens\":{budget}}}"));
                Some(true)
            }
            None => {
                self.dropped.push("reasoning_effort".to_owned());
                Some(false)
            }
        }
    }

    fn sampling(&mut self, thinks: bool, body: &mut JsonObject) -> Option<()> {
        let sampling = &self.chat.sampling;
        let is_taken = self.target.generation.sampling && !thinks;
        if let Some(temperature) = &sampling.temperature {
            if is_taken {
                // Others go up to 2.
                let is_above = temperature.parse::<f64>().is_ok_and(|number| number > 1.0);
                body.number("temperature", if is_above { "1" } else { temperature })?;
            } else {
                self.dropped.push("temperature".to_owned());
            }
        }
        if let Some(top_p) = &sampling.top_p {
            // Newer models take one of the two.
            if is_taken && sampling.temperature.is_none() {
                body.number("top_p", top_p)?;
            } else {
                self.dropped.push("top_p".to_owned());
            }
        }
        if let Some(top_k) = sampling.top_k {
            if is_taken {
                body.value("top_k", top_k)?;
            } else {
                self.dropped.push("top_k".to_owned());
            }
        }
        Some(())
    }

    fn drop_rest(&mut self) {
        let chat = self.chat;
        let details = chat.messages.iter().flat_map(|message| &message.parts);
        let has_detail = details.into_iter().any(|part| matches!(part, Part::Image { detail: Some(_), .. }));
        for (field, is_there) in [
            ("seed", chat.sampling.seed.is_some()),
            ("frequency_penalty", chat.sampling.frequency_penalty.is_some()),
            ("presence_penalty", chat.sampling.presence_penalty.is_some()),
            ("user", chat.user.is_some()),
            ("detail", has_detail),
        ] {
            if is_there {
                self.dropped.push(field.to_owned());
            }
        }
    }
}

fn tool(tool: &Tool) -> Option<String> {
    let mut object = JsonObject::default();
    object.value("name", &tool.name)?;
    if let Some(description) = &tool.description {
        object.value("description", description)?;
    }
    object.raw("input_schema", schema(tool)?);
    if let Some(ttl) = tool.cache {
        object.raw("cache_control", cache_control(ttl));
    }
    Some(object.written())
}

pub(super) const fn cache_control(ttl: CacheTtl) -> &'static str {
    match ttl {
        CacheTtl::FiveMinutes => "{\"type\":\"ephemeral\"}",
        CacheTtl::OneHour => "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}",
    }
}
