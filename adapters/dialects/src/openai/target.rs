//! What an upstream wants changed in a request.

/// Where a request goes, and with which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamTarget<'a> {
    /// The model as the upstream knows it.
    pub model: &'a str,
    /// Output tokens at most, for each choice. The client's own limit stays where it is lower.
    pub output_limit: Option<u64>,
    pub limit_field: LimitField,
    pub quirks: Quirks,
    /// Speech is to come as events, which report what it used, whatever the client wants.
    pub speech_events: bool,
}

/// Where an API that is like OpenAI's is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// Knows `stream_options`. Without it usage comes in the last chunk anyway.
    pub stream_options: bool,
    pub seed_field: &'static str,
    /// Ids of tool calls are nine letters and digits.
    pub short_call_ids: bool,
    /// Knows the role `developer`. Where it doesn't, that is `system`.
    pub developer_role: bool,
    pub thinking_back: ThinkingBack,
    /// Knows `response_format` with a schema. Where it doesn't, the schema is told in the prompt.
    pub json_schema: bool,
    /// A tool without parameters has none. Where that is refused, it has an empty object of them.
    pub bare_tools: bool,
    /// Members that it refuses, and that the answer means the same without. They are left out and told.
    pub refused: &'static [&'static str],
    /// Members that refuse to stand beside reasoning, where they are not what they are by default anyway.
    pub refused_by_reasoning: &'static [&'static str],
}

/// What happens to the thoughts of earlier answers, which a client may send back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThinkingBack {
    /// They go back in this member.
    In(&'static str),
    /// So, but only in turns that called tools.
    WithCalls(&'static str),
    /// The provider refuses them.
    Never,
}

impl Quirks {
    /// As OpenAI's API is documented.
    pub const NONE: Self = Self {
        stream_options: true,
        seed_field: "seed",
        short_call_ids: false,
        developer_role: true,
        thinking_back: ThinkingBack::In("reasoning_content"),
        json_schema: true,
        bare_tools: true,
        refused: &[],
        refused_by_reasoning: &[],
    };
}

impl Default for Quirks {
    fn default() -> Self {
        Self::NONE
    }
}

/// The field that an output limit goes into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LimitField {
    /// `max_tokens`, unless the client used the other one.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, unless the client used the other one.
    MaxCompletionTokens,
    /// `max_completion_tokens` whatever the client used: the model refuses `max_tokens`.
    OnlyMaxCompletionTokens,
    /// `max_tokens` whatever the client used.
    OnlyMaxTokens,
}
