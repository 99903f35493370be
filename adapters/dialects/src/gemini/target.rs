//! What an upstream wants changed in a request.

/// Where a request goes, and with which limit. The model stands in the address; only vectors name it in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamTarget<'a> {
    pub model: &'a str,
    /// Output tokens at most, for each choice. The client's own limit stays where it is lower.
    pub output_limit: Option<u64>,
    pub thinking: ThinkingControl,
}

/// How a model is told how hard to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThinkingControl {
    /// It does not think, or is not to be told.
    None,
    /// By a budget of tokens, within these bounds.
    Budget { min: u64, max: u64 },
    /// By a word.
    Level,
}
