//! What an upstream wants changed in a request.

/// Where a request goes, and with which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamTarget<'a> {
    /// The model as the upstream knows it.
    pub model: &'a str,
    /// Output tokens at most, for each choice. The client's own limit stays where it is lower.
    pub output_limit: Option<u64>,
    pub limit_field: LimitField,
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
