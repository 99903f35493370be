//! The request's body for an upstream of this dialect: the client's own text with a few members changed,
//! else a body that is made from the vocabulary.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Canonical, ChatRequest, Dialect, Request, Source};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{REDACTED, SEALED, UpstreamTarget, encode_canonical, tools};
use crate::encoded::{Encoded, unreadable, unsupported};
use crate::outline::Outline;
use crate::wire::loose::{Short, Text};

/// What decides how much a request can cost. Another spelling of these must not reach an upstream that
/// compares keys without case.
const PRICED: &[&str] = &[
    "model",
    "input",
    "instructions",
    "tools",
    LIMIT,
    "text",
    "reasoning",
    "stream",
    "store",
    "previous_response_id",
    "conversation",
    "prompt",
    "background",
];

const LIMIT: &str = "max_output_tokens";
/// What an answer is to have beside its words.
const INCLUDE: &str = "include";
/// Without it, thoughts that nobody stores are lost to the next turn.
pub(super) const SEALS: &str = "reasoning.encrypted_content";

/// Writes the body. What was priced is what is sent: the client's text is changed in the model, the output limit
/// and in what an upstream is to keep, which is nothing unless the client says so.
pub fn encode_request(request: &Request, target: &UpstreamTarget<'_>) -> Result<Encoded, ProviderError> {
    let Canonical::Chat(chat) = &request.canonical else {
        return Err(unsupported("model", "This way of asking has conversations only."));
    };
    match &request.source {
        Some(Source { dialect: Dialect::Responses, body, .. }) => {
            tools::require_run_by_client(&chat.tools)?;
            patched(body, chat, target).map(Encoded::from).ok_or_else(unreadable)
        }
        _ => encode_canonical::encode(chat, target),
    }
}

/// The least of what the client asked and what it can pay for.
pub(super) fn limit(chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Option<u64> {
    [target.output_limit, chat.max_output_tokens].into_iter().flatten().min()
}

fn patched(body: &Bytes, chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Option<Bytes> {
    let text = std::str::from_utf8(body).ok()?;
    let outline = Outline::of(text).ok()?;
    let value = |key| {
        let value = outline.get(key).map(|member| &text[member.value.clone()]);
        value.filter(|value| *value != "null")
    };
    let (include, is_stored) = (value(INCLUDE), value("store") == Some("true"));
    let mut edits = outline.into_edits();
    edits.retain(|key| !PRICED.iter().any(|priced| key != *priced && key.eq_ignore_ascii_case(priced)));
    edits.set("model", serde_json::to_string(target.model).ok()?);
    let limit = limit(chat, target);
    if let Some(limit) = limit.filter(|limit| chat.max_output_tokens != Some(*limit)) {
        edits.set(LIMIT, limit.to_string());
    }
    if !is_stored {
        edits.set("store", "false".to_owned());
        if target.is_reasoning {
            edits.set(INCLUDE, with_seals(include)?);
        }
    }
    let text = edits.apply(text)?;
    without_lost_thoughts(text, is_stored).map(Bytes::from)
}

/// The client's list with one member more.
fn with_seals(include: Option<&str>) -> Option<String> {
    let mut all: Vec<&RawValue> = match include {
        Some(include) => serde_json::from_str(include).ok()?,
        None => Vec::new(),
    };
    let seals = serde_json::value::to_raw_value(SEALS).ok()?;
    if !all
        .iter()
        .any(|one| serde_json::from_str::<Text>(one.get()).is_ok_and(|one| one.0.as_deref() == Some(SEALS)))
    {
        all.push(&seals);
    }
    serde_json::to_string(&all).ok()
}

/// Leaves out thoughts that this upstream can't take back: another provider sealed them, or they have no words and
/// no seal and stand for what nobody stored. It would refuse the request for them.
fn without_lost_thoughts(text: String, is_stored: bool) -> Option<String> {
    if memchr::memmem::find(text.as_bytes(), b"\"reasoning\"").is_none() {
        return Some(text);
    }
    let outline = Outline::of(&text).ok()?;
    let Some(input) = outline.get("input").map(|member| &text[member.value.clone()]) else {
        return Some(text);
    };
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(input) else {
        return Some(text); // one text
    };
    let kept: Vec<&RawValue> = items.iter().copied().filter(|item| !is_lost(item.get(), is_stored)).collect();
    if kept.len() == items.len() {
        return Some(text);
    }
    let kept = serde_json::to_string(&kept).ok()?;
    let mut edits = outline.into_edits();
    edits.set("input", kept);
    edits.apply(&text)
}

fn is_lost(item: &str, is_stored: bool) -> bool {
    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Thought<'a> {
        #[serde(rename = "type", borrow)]
        kind: Short<'a>,
        #[serde(borrow)]
        content: Option<&'a RawValue>,
        encrypted_content: Text,
    }
    let thought: Thought<'_> = serde_json::from_str(item).unwrap_or_default();
    if thought.kind.0.as_deref() != Some("reasoning") {
        return false;
    }
    match thought.encrypted_content.filled() {
        Some(seal) => seal.starts_with(SEALED) || seal.starts_with(REDACTED),
        None => {
            let has_words = thought.content.is_some_and(|content| !matches!(content.get(), "null" | "[]"));
            !is_stored && !has_words
        }
    }
}
