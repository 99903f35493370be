//! The body of a request in the older dialect, as far as the hub reads it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::chat_body::{WireChoice, WireTool, WireToolCall};
use crate::wire::objects::only_objects;

/// Null and an empty text are as good as nothing, and numbers may be texts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct LegacyBody<'a> {
    pub model: Option<String>,
    pub prompt: Option<String>,
    #[serde(borrow)]
    pub messages: Option<Vec<LegacyMessage<'a>>>,
    #[serde(borrow)]
    pub stream: Option<&'a RawValue>,
    #[serde(borrow)]
    pub temperature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub top_p: Option<&'a RawValue>,
    #[serde(borrow)]
    pub presence_penalty: Option<&'a RawValue>,
    #[serde(borrow)]
    pub frequency_penalty: Option<&'a RawValue>,
    #[serde(borrow)]
    pub max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tools: Option<Vec<WireTool<'a>>>,
    pub tool_choice: Option<WireChoice>,
    #[serde(borrow)]
    pub response_format: Option<LegacyFormat<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct LegacyMessage<'a> {
    pub role: Option<String>,
    /// A text or parts.
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
    pub name: Option<String>,
    pub tool_calls: Option<Vec<WireToolCall>>,
    pub tool_call_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct LegacyPart {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub text: Option<String>,
    pub image_url: Option<LegacyImage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct LegacyImage {
    pub url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self", rename_all = "camelCase")]
pub(super) struct LegacyFormat<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    #[serde(borrow)]
    pub json_schema: Option<crate::openai::chat_body::WireSchema<'a>>,
}

only_objects! {
    LegacyBody<'a>,
    LegacyMessage<'a>,
    LegacyPart,
    LegacyImage,
    LegacyFormat<'a>,
}
