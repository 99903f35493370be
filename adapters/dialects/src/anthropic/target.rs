//! What an upstream wants changed in a request.

/// Where a request goes, and with which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamTarget<'a> {
    /// The model as the upstream knows it.
    pub model: &'a str,
    /// Output tokens at most. The client's own limit stays where it is lower.
    pub output_limit: Option<u64>,
    pub generation: Generation,
}

/// What a generation of models takes, for requests that came in another dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// Thinks within a budget of tokens; else it is told how hard to think.
    pub budget: bool,
    /// Takes `temperature`, `top_p` and `top_k`.
    pub sampling: bool,
    /// Output limit where neither the client nor the catalogue names one: Anthropic requires one.
    pub max_output_tokens: u64,
}
