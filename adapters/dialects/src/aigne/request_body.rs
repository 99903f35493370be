//! The body of a request to `/api/v2/chat` as it is on the wire, as far as the hub reads it.
//!
//! Nothing is required here and numbers stay text, so that every fault can be told with its path.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::outline::Shape;
use crate::wire::objects::only_objects;

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct Body<'a> {
    pub model: Option<String>,
    #[serde(borrow)]
    pub input: Option<Input<'a>>,
    pub options: Option<Options>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct Input<'a> {
    pub model: Option<String>,
    #[serde(borrow)]
    pub messages: Option<Vec<WireMessage<'a>>>,
    #[serde(borrow)]
    pub response_format: Option<WireFormat<'a>>,
    #[serde(borrow)]
    pub tools: Option<Vec<WireTool<'a>>>,
    /// A word or an object.
    #[serde(borrow)]
    pub tool_choice: Option<&'a RawValue>,
    #[serde(borrow)]
    pub model_options: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct Options {
    pub streaming: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct WireMessage<'a> {
    pub role: Option<String>,
    /// A text or parts.
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tool_calls: Option<Vec<WireCall<'a>>>,
    pub tool_call_id: Option<String>,
    pub cache_control: Option<CacheControl>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireCall<'a> {
    pub id: Option<String>,
    #[serde(borrow)]
    pub function: Option<CalledFunction<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct CalledFunction<'a> {
    pub name: Option<String>,
    /// An object.
    #[serde(borrow)]
    pub arguments: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct WirePart {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub text: Option<String>,
    pub url: Option<String>,
    /// Base64.
    pub data: Option<String>,
    pub filename: Option<String>,
    pub mime_type: Option<String>,
    pub cache_control: Option<CacheControl>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct CacheControl {
    pub ttl: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct WireTool<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(borrow)]
    pub function: Option<WireFunction<'a>>,
    pub cache_control: Option<CacheControl>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireFunction<'a> {
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(borrow)]
    pub parameters: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireChoice {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub function: Option<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct Named {
    pub name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct WireFormat<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(borrow)]
    pub json_schema: Option<WireSchema<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireSchema<'a> {
    pub name: Option<String>,
    #[serde(borrow)]
    pub schema: Option<&'a RawValue>,
    pub strict: Option<bool>,
}

/// What [`ModelOptions`] reads; the rest of that open object is told as dropped.
pub(super) const MODEL_OPTIONS: Shape = Shape::flat(&[
    "model",
    "temperature",
    "topP",
    "frequencyPenalty",
    "presencePenalty",
    "parallelToolCalls",
    "modalities",
    "preferInputFileType",
    "reasoningEffort",
    "cacheConfig",
    "maxTokens",
    "seed",
]);

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct ModelOptions<'a> {
    pub model: Option<String>,
    #[serde(borrow)]
    pub temperature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub top_p: Option<&'a RawValue>,
    #[serde(borrow)]
    pub frequency_penalty: Option<&'a RawValue>,
    #[serde(borrow)]
    pub presence_penalty: Option<&'a RawValue>,
    pub parallel_tool_calls: Option<bool>,
    pub modalities: Option<Vec<String>>,
    /// Tokens to think with, or a word.
    #[serde(borrow)]
    pub reasoning_effort: Option<&'a RawValue>,
    #[serde(borrow)]
    pub cache_config: Option<CacheConfig<'a>>,
    #[serde(borrow)]
    pub max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    pub seed: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct CacheConfig<'a> {
    pub enabled: Option<bool>,
    /// `5m`, `1h`, or seconds.
    #[serde(borrow)]
    pub ttl: Option<&'a RawValue>,
    pub strategy: Option<String>,
}

only_objects! {
    Body<'a>,
    Input<'a>,
    Options,
    WireMessage<'a>,
    WireCall<'a>,
    CalledFunction<'a>,
    WirePart,
    CacheControl,
    WireTool<'a>,
    WireFunction<'a>,
    WireChoice,
    Named,
    WireFormat<'a>,
    WireSchema<'a>,
    ModelOptions<'a>,
    CacheConfig<'a>,
}
