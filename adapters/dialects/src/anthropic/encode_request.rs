//! The request's body for an upstream of this dialect: the client's own text with a few members changed,
//! else a body that is made from the vocabulary.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Canonical, ChatRequest, Dialect, Request, Source, ThinkingMode};

use super::{UpstreamTarget, encode_canonical};
use crate::encoded::{Encoded, unreadable, unsupported};
use crate::outline::Outline;

/// What decides how much a request can cost. Another spelling of these must not reach an upstream that
/// compares keys without case.
const PRICED: &[&str] =
    &["model", "messages", "system", "tools", "max_tokens", "thinking", "output_config", "stream"];

/// The least budget that Anthropic takes.
const LEAST_BUDGET: u64 = 1_024;

/// Writes the body. What was priced is what is sent: the client's text is changed in the model and the
/// output limit only, and a key that it has twice is sent once.
pub fn encode_request(request: &Request, target: &UpstreamTarget<'_>) -> Result<Encoded, ProviderError> {
    let Canonical::Chat(chat) = &request.canonical else {
        return Err(unsupported("model", "This provider has conversations only."));
    };
    match &request.source {
        Some(Source { dialect: Dialect::Anthropic, body, .. }) => {
            patched(body, chat, target).map(Encoded::from).ok_or_else(unreadable)
        }
        _ => encode_canonical::encode(chat, target),
    }
}

/// The least of what the client asked and what it can pay for.
pub(super) fn limit(chat: &ChatRequest, target: &UpstreamTarget<'_>) -> u64 {
    let known = [target.output_limit, chat.max_output_tokens].into_iter().flatten().min();
    known.unwrap_or(target.generation.max_output_tokens)
}

/// A budget that leaves room for an answer; `None` where the limit has none for thoughts.
pub(super) fn budget(asked: u64, limit: u64) -> Option<u64> {
    (limit > LEAST_BUDGET).then(|| asked.min(limit - 1).max(LEAST_BUDGET))
}

fn patched(body: &Bytes, chat: &ChatRequest, target: &UpstreamTarget<'_>) -> Option<Bytes> {
    let text = std::str::from_utf8(body).ok()?;
    let mut edits = Outline::of(text).ok()?.into_edits();
    edits.retain(|key| !PRICED.iter().any(|priced| key != *priced && key.eq_ignore_ascii_case(priced)));
    edits.set("model", serde_json::to_string(target.model).ok()?);
    let limit = limit(chat, target);
    if chat.max_output_tokens != Some(limit) {
        edits.set("max_tokens", limit.to_string());
        if let Some(ThinkingMode::Budget(asked)) = chat.thinking
            && asked >= limit
        {
            match budget(asked, limit) {
                Some(budget) => {
                    edits.set("thinking", format!("{{\"type\":\"enabled\",\"budget_tokens\":{budget}}}"));
                }
                None => edits.remove("thinking"),
            }
        }
    }
    edits.apply(text).map(Bytes::from)
}
