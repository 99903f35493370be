//! OpenAI's API, <https://platform.openai.com/docs/api-reference>, and the many that are like it.

mod limit_field;
mod quirks;
mod responses;

use std::sync::Arc;

use hub_dialects::openai::{UpstreamTarget, encode_request};
use hub_dialects::responses::UpstreamTarget as ResponsesTarget;
use hub_dialects::responses::encode_request as encode_response_request;
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
        let model = &*candidate.model;
        let call_type = request.canonical.call_type();
        let (encoded, path, codec) =
            if responses::answers(&request, model, &base, candidate.provider.responses) {
                let is_reasoning = responses::is_reasoning(model);
                let target = ResponsesTarget { model, output_limit, is_reasoning };
                (encode_response_request(&request, &target)?, RESPONSES, Codec::Responses)
            } else {
                let limit_field = quirks::limit_field(&base, &candidate.provider.name)
                    .unwrap_or_else(|| limit_field::of(&base, model));
                let quirks = quirks::of(&base, &candidate.provider.name, model);
                let target = UpstreamTarget { model, output_limit, limit_field, quirks };
                (encode_request(&request, &target)?, path(call_type), Codec::OpenAi(call_type))
            };
        let asked = Asked {
            encoded,
            url: base.join(path),
            headers: headers(&candidate)?,
            streams: request.canonical.is_stream(),
            codec,
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

const RESPONSES: &[&str] = &["responses"];

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
