//! The request's body for an upstream of this dialect: the client's own text with a few members
//! changed, else a body that is made from the vocabulary.

use bytes::Bytes;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{Canonical, ChatRequest, Dialect, Request, Source};

use super::quirky::{self, refused};
use super::{LimitField, UpstreamTarget, encode_canonical, short_ids};
use crate::encoded::{Encoded, unreadable};
use crate::outline::{Edits, Outline};

const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

/// What decides how much a request can cost. Another spelling of these must not reach an upstream that
/// compares keys without case.
const PRICED: &[&str] = &[
    "model",
    "messages",
    "tools",
    "functions",
    "n",
    MAX_TOKENS,
    MAX_COMPLETION_TOKENS,
    "response_format",
    "stream",
    "stream_options",
    "input",
    "prompt",
    "size",
    "quality",
    "partial_images",
    "stream_format",
];

/// Writes the body. What was priced is what is sent: the client's text is changed in the model, the
/// output limit and the wish for usage only, and a key that it has twice is sent once.
pub fn encode_request(request: &Request, target: &UpstreamTarget<'_>) -> Result<Encoded, ProviderError> {
    if let Canonical::Chat(chat) = &request.canonical
        && target.quirks.short_call_ids
        && let Some(chat) = short_ids::shortened(chat)
    {
        return encode_canonical::encode(&Canonical::Chat(chat), target);
    }
    match &request.source {
        // It stands for the form, and is none.
        _ if request.canonical.form().is_some() => Err(unreadable()),
        Some(Source { dialect: Dialect::OpenAi, body, .. }) => {
            patched(body, &request.canonical, target).ok_or_else(unreadable)
        }
        _ => encode_canonical::encode(&request.canonical, target),
    }
}

fn patched(body: &Bytes, canonical: &Canonical, target: &UpstreamTarget<'_>) -> Option<Encoded> {
    let text = std::str::from_utf8(body).ok()?;
    let outline = Outline::of(text).ok()?;
    let value = |key| outline.get(key).map(|member| &text[member.value.clone()]);
    // The last word on each, before the outline is given up for its edits.
    let limits = [MAX_TOKENS, MAX_COMPLETION_TOKENS].map(value);
    let (stream_options, seed) = (value("stream_options"), value("seed"));
    let messages = value("messages");
    let dropped = match canonical {
        Canonical::Chat(chat) => {
            refused(chat, target, |key| Some(text[outline.get(key)?.value.clone()].to_owned()))
        }
        _ => Vec::new(),
    };

    let mut edits = outline.into_edits();
    edits.retain(|key| !is_misspelt(key));
    edits.set("model", serde_json::to_string(target.model).ok()?);
    if let Canonical::Chat(chat) = canonical {
        limit_output(&mut edits, limits, chat, target);
        if !target.quirks.stream_options {
            edits.remove("stream_options");
        } else if chat.stream {
            edits.set("stream_options", with_usage(stream_options)?);
        }
        if let Some(seed) = seed.filter(|_| target.quirks.seed_field != "seed") {
            edits.remove("seed");
            edits.set(target.quirks.seed_field, seed.to_owned());
        }
        for key in &dropped {
            edits.remove(key);
        }
        if let Some(messages) = quirky::messages(messages?, chat, &target.quirks) {
            edits.set("messages", messages);
        }
        if quirky::tells_schema(chat, &target.quirks) {
            edits.set("response_format", encode_canonical::JSON_OBJECT.to_owned());
        }
        if quirky::fills_tools(chat, &target.quirks) {
            edits.set("tools", encode_canonical::wire_tools(&chat.tools, &target.quirks)?);
        }
    }
    if matches!(canonical, Canonical::Speech(_)) && target.speech_events {
        edits.set("stream_format", "\"sse\"".to_owned());
    }
    let body = edits.apply(text).map(Bytes::from)?;
    Some(Encoded { body, dropped: dropped.into_iter().map(str::to_owned).collect() })
}

fn is_misspelt(key: &str) -> bool {
    PRICED.iter().any(|priced| key != *priced && key.eq_ignore_ascii_case(priced))
}

/// Sets or lowers the output limit, in the field that the client used where the upstream takes it.
fn limit_output(
    edits: &mut Edits<'_>,
    [max_tokens, max_completion_tokens]: [Option<&str>; 2],
    chat: &ChatRequest,
    target: &UpstreamTarget<'_>,
) {
    let limit = match (target.output_limit, chat.max_output_tokens) {
        (Some(limit), Some(asked)) => Some(limit.min(asked)),
        (limit, asked) => limit.or(asked),
    };
    let Some(limit) = limit.map(|limit| limit.to_string()) else { return };
    let is_used = |value: Option<&str>| value.is_some_and(|value| value != "null");
    let field = match target.limit_field {
        LimitField::OnlyMaxCompletionTokens => MAX_COMPLETION_TOKENS,
        LimitField::OnlyMaxTokens => MAX_TOKENS,
        _ if is_used(max_tokens) => MAX_TOKENS,
        _ if is_used(max_completion_tokens) => MAX_COMPLETION_TOKENS,
        LimitField::MaxTokens => MAX_TOKENS,
        LimitField::MaxCompletionTokens => MAX_COMPLETION_TOKENS,
    };
    // The other one can only be null, or refused by this upstream.
    edits.remove(if field == MAX_TOKENS { MAX_COMPLETION_TOKENS } else { MAX_TOKENS });
    let present = if field == MAX_TOKENS { max_tokens } else { max_completion_tokens };
    if present != Some(limit.as_str()) {
        edits.set(field, limit);
    }
}

/// The client's options for its stream, with usage, without which nothing can be charged exactly.
fn with_usage(options: Option<&str>) -> Option<String> {
    match options {
        None | Some("null") => Some("{\"include_usage\":true}".to_owned()),
        Some(options) => {
            let mut edits = Outline::of(options).ok()?.into_edits();
            edits.retain(|key| key == "include_usage" || !key.eq_ignore_ascii_case("include_usage"));
            edits.set("include_usage", "true".to_owned());
            edits.apply(options)
        }
    }
}
