//! What an upstream wants changed in a request.

/// Where a request goes, and with which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamTarget<'a> {
    /// The model as the upstream knows it.
    pub model: &'a str,
    /// Output tokens at most. The client's own limit stays where it is lower.
    pub output_limit: Option<u64>,
    /// It thinks before it answers: it takes a word on how hard and none on sampling, and seals its thoughts.
    pub is_reasoning: bool,
}
