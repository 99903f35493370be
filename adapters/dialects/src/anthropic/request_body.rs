//! The body of a Messages request as it is on the wire, as far as the hub reads it.
//!
//! Nothing is required here and numbers stay text, so that every fault can be told with its path.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::objects::only_objects;

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct MessagesBody<'a> {
    pub model: Option<String>,
    #[serde(borrow)]
    pub max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    pub messages: Option<Vec<WireMessage<'a>>>,
    /// A text or text blocks.
    #[serde(borrow)]
    pub system: Option<&'a RawValue>,
    pub stop_sequences: Option<Vec<String>>,
    #[serde(borrow)]
    pub temperature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub top_p: Option<&'a RawValue>,
    #[serde(borrow)]
    pub top_k: Option<&'a RawValue>,
    pub stream: Option<bool>,
    #[serde(borrow)]
    pub tools: Option<Vec<&'a RawValue>>,
    pub tool_choice: Option<WireChoice>,
    #[serde(borrow)]
    pub thinking: Option<WireThinking<'a>>,
    #[serde(borrow)]
    pub output_config: Option<OutputConfig<'a>>,
    pub metadata: Option<Metadata>,
    pub cache_control: Option<CacheControl>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireMessage<'a> {
    pub role: Option<String>,
    /// A text or blocks.
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
}

/// A block of content, whatever its type.
#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireBlock<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub text: Option<String>,
    pub source: Option<WireSource>,
    pub title: Option<String>,
    pub thinking: Option<String>,
    pub signature: Option<String>,
    pub data: Option<String>,
    pub id: Option<String>,
    pub name: Option<String>,
    #[serde(borrow)]
    pub input: Option<&'a RawValue>,
    pub tool_use_id: Option<String>,
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
    pub is_error: Option<bool>,
    pub cache_control: Option<CacheControl>,
}

/// Where an image or a document is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireSource {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub media_type: Option<String>,
    pub data: Option<String>,
    pub url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct CacheControl {
    pub ttl: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireTool<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(borrow)]
    pub input_schema: Option<&'a RawValue>,
    pub strict: Option<bool>,
    pub cache_control: Option<CacheControl>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireChoice {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub name: Option<String>,
    pub disable_parallel_tool_use: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireThinking<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(borrow)]
    pub budget_tokens: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct OutputConfig<'a> {
    pub effort: Option<String>,
    #[serde(borrow)]
    pub format: Option<OutputSchema<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct OutputSchema<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(borrow)]
    pub schema: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct Metadata {
    pub user_id: Option<String>,
}

only_objects!(
    MessagesBody<'a>,
    WireMessage<'a>,
    WireBlock<'a>,
    WireSource,
    CacheControl,
    WireTool<'a>,
    WireChoice,
    WireThinking<'a>,
    OutputConfig<'a>,
    OutputSchema<'a>,
    Metadata,
);
