//! Anthropic's API, <https://docs.anthropic.com/en/api>.

mod generation;

use std::sync::Arc;

use hub_dialects::anthropic::{UpstreamTarget, encode_request};
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, UpstreamAnswer};
use hub_domain::routing::Candidate;
use hub_domain::vocabulary::{Dialect, Request};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::answer::Codec;
use crate::http::Http;
use crate::upstream::{Asked, Upstream, with_key};

pub const BASE_URL: &str = "https://api.anthropic.com";

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// What is assumed of a client that names none.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

pub struct Anthropic {
    upstream: Upstream,
}

impl Anthropic {
    pub fn new(http: Arc<Http>) -> Self {
        Self { upstream: Upstream::new(http, BASE_URL) }
    }

    pub async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        let Attempt { request, candidate, output_limit, traceparent, time_left } = attempt;
        let base = self.upstream.base(&candidate.provider)?;
        let generation = generation::of(&candidate.model, candidate.max_output_tokens);
        let target = UpstreamTarget { model: &candidate.model, output_limit, generation };
        let asked = Asked {
            encoded: encode_request(&request, &target)?,
            url: base.versioned("v1", &["messages"]),
            headers: headers(&candidate, Some(&request))?,
            streams: request.canonical.is_stream(),
            codec: Codec::Anthropic,
            traceparent,
        };
        self.upstream.ask(asked, candidate.route.timeouts, time_left).await
    }

    /// Lists the models: it costs nothing and needs a valid key.
    pub async fn test(&self, candidate: &Candidate) -> Result<(), ProviderError> {
        let url = self.upstream.base(&candidate.provider)?.versioned("v1", &["models"]);
        self.upstream.test(url, headers(candidate, None)?, &candidate.provider).await
    }
}

/// With the client's own version and betas where it speaks this dialect, else the version that we write.
fn headers(candidate: &Candidate, request: Option<&Request>) -> Result<HeaderMap, ProviderError> {
    let mut headers =
        with_key(X_API_KEY, candidate.credential.as_ref().map(|credential| credential.secret.expose()))?;
    let source = request.and_then(|request| request.source.as_ref());
    let own = source.filter(|source| source.dialect == Dialect::Anthropic);
    for (name, value) in own.into_iter().flat_map(|source| &source.headers) {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    headers.entry(ANTHROPIC_VERSION).or_insert(VERSION);
    Ok(headers)
}
