//! The body of a `generateContent` request as it is on the wire, as far as the hub reads it.
//!
//! The service takes names in either spelling, `inlineData` and `inline_data`; both at once are refused.
//! Nothing is required here and numbers stay text, so that every fault can be told with its path.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::objects::only_objects;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct GenerateBody<'a> {
    #[serde(borrow)]
    pub contents: Option<Vec<WireContent<'a>>>,
    #[serde(alias = "system_instruction", borrow)]
    pub system_instruction: Option<WireContent<'a>>,
    #[serde(borrow)]
    pub tools: Option<Vec<&'a RawValue>>,
    #[serde(alias = "tool_config", borrow)]
    pub tool_config: Option<ToolConfig<'a>>,
    #[serde(alias = "generation_config", borrow)]
    pub generation_config: Option<GenerationConfig<'a>>,
    #[serde(alias = "cached_content")]
    pub cached_content: Option<String>,
}

/// What `countTokens` may have in place of contents.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct CountBody<'a> {
    #[serde(alias = "generate_content_request", borrow)]
    pub generate_content_request: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct WireContent<'a> {
    pub role: Option<String>,
    #[serde(borrow)]
    pub parts: Option<Vec<&'a RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct WirePart<'a> {
    pub text: Option<String>,
    pub thought: Option<bool>,
    #[serde(alias = "thought_signature")]
    pub thought_signature: Option<String>,
    #[serde(alias = "inline_data")]
    pub inline_data: Option<InlineData>,
    #[serde(alias = "file_data")]
    pub file_data: Option<FileData>,
    #[serde(alias = "function_call", borrow)]
    pub function_call: Option<FunctionCall<'a>>,
    #[serde(alias = "function_response", borrow)]
    pub function_response: Option<FunctionResponse<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct InlineData {
    #[serde(alias = "mime_type")]
    pub mime_type: Option<String>,
    pub data: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct FileData {
    #[serde(alias = "file_uri")]
    pub file_uri: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct FunctionCall<'a> {
    pub id: Option<String>,
    pub name: Option<String>,
    #[serde(borrow)]
    pub args: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, remote = "Self")]
pub(super) struct FunctionResponse<'a> {
    pub id: Option<String>,
    pub name: Option<String>,
    #[serde(borrow)]
    pub response: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct WireTool<'a> {
    #[serde(alias = "function_declarations", borrow)]
    pub function_declarations: Option<Vec<FunctionDeclaration<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct FunctionDeclaration<'a> {
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(borrow)]
    pub parameters: Option<&'a RawValue>,
    #[serde(alias = "parameters_json_schema", borrow)]
    pub parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct ToolConfig<'a> {
    #[serde(alias = "function_calling_config", borrow)]
    pub function_calling_config: Option<FunctionCalling<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct FunctionCalling<'a> {
    #[serde(borrow)]
    pub mode: Option<std::borrow::Cow<'a, str>>,
    #[serde(alias = "allowed_function_names")]
    pub allowed_function_names: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct GenerationConfig<'a> {
    #[serde(borrow)]
    pub temperature: Option<&'a RawValue>,
    #[serde(alias = "top_p", borrow)]
    pub top_p: Option<&'a RawValue>,
    #[serde(alias = "top_k", borrow)]
    pub top_k: Option<&'a RawValue>,
    #[serde(alias = "candidate_count", borrow)]
    pub candidate_count: Option<&'a RawValue>,
    #[serde(alias = "max_output_tokens", borrow)]
    pub max_output_tokens: Option<&'a RawValue>,
    #[serde(alias = "stop_sequences")]
    pub stop_sequences: Option<Vec<String>>,
    #[serde(alias = "presence_penalty", borrow)]
    pub presence_penalty: Option<&'a RawValue>,
    #[serde(alias = "frequency_penalty", borrow)]
    pub frequency_penalty: Option<&'a RawValue>,
    #[serde(borrow)]
    pub seed: Option<&'a RawValue>,
    #[serde(alias = "response_mime_type")]
    pub response_mime_type: Option<String>,
    #[serde(alias = "response_schema", borrow)]
    pub response_schema: Option<&'a RawValue>,
    #[serde(alias = "response_json_schema", borrow)]
    pub response_json_schema: Option<&'a RawValue>,
    #[serde(alias = "response_logprobs")]
    pub response_logprobs: Option<bool>,
    #[serde(alias = "response_modalities")]
    pub response_modalities: Option<Vec<String>>,
    #[serde(alias = "thinking_config", borrow)]
    pub thinking_config: Option<ThinkingConfig<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", remote = "Self")]
pub(super) struct ThinkingConfig<'a> {
    #[serde(alias = "thinking_budget", borrow)]
    pub thinking_budget: Option<&'a RawValue>,
    #[serde(alias = "thinking_level")]
    pub thinking_level: Option<String>,
    #[serde(alias = "include_thoughts")]
    pub include_thoughts: Option<bool>,
}

only_objects!(
    GenerateBody<'a>,
    CountBody<'a>,
    WireContent<'a>,
    WirePart<'a>,
    InlineData,
    FileData,
    FunctionCall<'a>,
    FunctionResponse<'a>,
    WireTool<'a>,
    FunctionDeclaration<'a>,
    ToolConfig<'a>,
    FunctionCalling<'a>,
    GenerationConfig<'a>,
    ThinkingConfig<'a>,
);
