//! OpenAI's API, <https://platform.openai.com/docs/api-reference>, and the many that are like it.

mod limit_field;
mod quirks;

use std::sync::Arc;

use hub_dialects::openai::{UpstreamTarget, encode_request};
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, UpstreamAnswer};
use hub_domain::routing::Candidate;
use hub_domain::vocabulary::CallType;
use reqwest::header::{AUTHORIZATION, HeaderMap};

use crate::answer::Codec;
use crate::http::Http;
use crate::upstream::{Asked, Upstream, with_key};

pub const BASE_URL: &str = "https://api.openai.com/v1";

pub struct OpenAi {
    upstream: Upstream,
}

impl OpenAi {
    pub fn new(http: Arc<Http>) -> Self {
        Self { upstream: Upstream::new(http, BASE_URL) }
    }

    pub async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        let Attempt { request, candidate, output_limit, traceparent, time_left } = attempt;
        let base = self.upstream.base(&candidate.provider)?;
        let call_type = request.canonical.call_type();
        let limit_field = quirks::limit_field(&base, &candidate.provider.name)
            .unwrap_or_else(|| limit_field::of(&base, &candidate.model));
        let quirks = quirks::of(&base, &candidate.provider.name, &candidate.model);
        let target = UpstreamTarget { model: &candidate.model, output_limit, limit_field, quirks };
        let asked = Asked {
            encoded: encode_request(&request, &target)?,
            url: base.join(path(call_type)),
            headers: headers(&candidate)?,
            streams: request.canonical.is_stream(),
            codec: Codec::OpenAi(call_type),
            traceparent,
        };
        self.upstream.ask(asked, candidate.route.timeouts, time_left).await
    }

    /// Lists the models: it costs nothing and needs a valid key.
    pub async fn test(&self, candidate: &Candidate) -> Result<(), ProviderError> {
        let url = self.upstream.base(&candidate.provider)?.join(&["models"]);
        self.upstream.test(url, headers(candidate)?, &candidate.provider).await
    }
}

fn path(call_type: CallType) -> &'static [&'static str] {
    match call_type {
        CallType::Embedding => &["embeddings"],
        CallType::ImageGeneration => &["images", "generations"],
        _ => &["chat", "completions"],
    }
}

fn headers(candidate: &Candidate) -> Result<HeaderMap, ProviderError> {
    let bearer =
        candidate.credential.as_ref().map(|credential| format!("Bearer {}", credential.secret.expose()));
    with_key(AUTHORIZATION, bearer.as_deref())
}
