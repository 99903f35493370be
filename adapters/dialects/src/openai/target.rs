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
}

impl Default for Quirks {
    fn default() -> Self {
        Self { stream_options: true, seed_field: "seed", short_call_ids: false }
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
}
