//! The body of a Responses request as it is on the wire, as far as the hub reads it.
//!
//! Nothing is required here and numbers stay text, so that every fault can be told with its path.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::objects::only_objects;

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct Body<'a> {
    pub model: Option<String>,
    /// A text or items.
    #[serde(borrow)]
    pub input: Option<&'a RawValue>,
    pub instructions: Option<String>,
    #[serde(borrow)]
    pub max_output_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    pub temperature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub top_p: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tools: Option<Vec<&'a RawValue>>,
    /// A word or an object.
    #[serde(borrow)]
    pub tool_choice: Option<&'a RawValue>,
    pub parallel_tool_calls: Option<bool>,
    pub reasoning: Option<Reasoning>,
    #[serde(borrow)]
    pub text: Option<TextOptions<'a>>,
    pub stream: Option<bool>,
    #[serde(borrow)]
    pub top_logprobs: Option<&'a RawValue>,
    pub user: Option<String>,
    #[serde(borrow)]
    pub previous_response_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub conversation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub prompt: Option<&'a RawValue>,
    pub background: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct Reasoning {
    pub effort: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct TextOptions<'a> {
    #[serde(borrow)]
    pub format: Option<Format<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct Format<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub name: Option<String>,
    #[serde(borrow)]
    pub schema: Option<&'a RawValue>,
    pub strict: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireTool<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(borrow)]
    pub parameters: Option<&'a RawValue>,
    pub strict: Option<bool>,
    /// Of a custom tool.
    #[serde(borrow)]
    pub format: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireChoice {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub name: Option<String>,
    pub mode: Option<String>,
}

/// One item of `input`, whatever its type.
#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireItem<'a> {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub role: Option<String>,
    /// Of a message: a text or parts. Of reasoning: parts.
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
    pub call_id: Option<String>,
    pub name: Option<String>,
    pub arguments: Option<String>,
    /// Of a custom tool's call.
    pub input: Option<String>,
    /// A text or parts.
    #[serde(borrow)]
    pub output: Option<&'a RawValue>,
    #[serde(borrow)]
    pub summary: Option<Vec<Thought<'a>>>,
    pub encrypted_content: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct Thought<'a> {
    #[serde(borrow)]
    pub text: Option<std::borrow::Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WirePart {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub text: Option<String>,
    pub refusal: Option<String>,
    pub image_url: Option<String>,
    pub detail: Option<String>,
    pub file_id: Option<String>,
    pub file_data: Option<String>,
    pub file_url: Option<String>,
    pub filename: Option<String>,
    pub input_audio: Option<WireAudio>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireAudio {
    pub data: Option<String>,
    pub format: Option<String>,
}

only_objects! {
    Body<'a>,
    Reasoning,
    TextOptions<'a>,
    Format<'a>,
    WireTool<'a>,
    WireChoice,
    WireItem<'a>,
    Thought<'a>,
    WirePart,
    WireAudio,
}
