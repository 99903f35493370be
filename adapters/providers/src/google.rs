//! Google's Gemini API, <https://ai.google.dev/api>.

mod by_url;
mod thinking;

use std::sync::Arc;
use std::time::Instant;

use hub_dialects::gemini::{UpstreamTarget, encode_request};
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, Egress, UpstreamAnswer};
use hub_domain::routing::Candidate;
use hub_domain::vocabulary::CallType;
use reqwest::header::{HeaderMap, HeaderName};

use crate::answer::Codec;
use crate::http::Http;
use crate::upstream::{Asked, Upstream, with_key};

pub const BASE_URL: &str = "https://generativelanguage.googleapis.com";

const VERSION: &str = "v1beta";
/// Never `?key=`, which ends up in logs.
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

pub struct Google {
    upstream: Upstream,
    egress: Arc<dyn Egress>,
}

impl Google {
    pub fn new(http: Arc<Http>, egress: Arc<dyn Egress>) -> Self {
        Self { upstream: Upstream::new(http, BASE_URL), egress }
    }

    pub async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        let Attempt { request, candidate, output_limit, traceparent, time_left } = attempt;
        let base = self.upstream.base(&candidate.provider)?;
        let target = UpstreamTarget {
            model: &candidate.model,
            output_limit,
            thinking: thinking::of(&candidate.model),
        };
        let began = Instant::now();
        let inline = by_url::inline(&request, &*self.egress, time_left).await?;
        let time_left = time_left.saturating_sub(began.elapsed());
        let encoded = encode_request(&inline, &target)?;
        let call_type = request.canonical.call_type();
        // Images come whole here, however the client gets them.
        let streams = request.canonical.is_stream() && call_type != CallType::ImageGeneration;
        let method = match call_type {
            CallType::Embedding => "batchEmbedContents",
            _ if streams => "streamGenerateContent",
            _ => "generateContent",
        };
        let mut url = base.versioned(VERSION, &["models", &format!("{}:{method}", candidate.model)]);
        if streams {
            // Without it the stream is one JSON array.
            url.query_pairs_mut().append_pair("alt", "sse");
        }
        let (headers, codec) = (headers(&candidate)?, Codec::Gemini(call_type));
        let asked = Asked { url, headers, encoded, streams, codec, traceparent };
        self.upstream.ask(asked, candidate.route.timeouts, time_left).await
    }

    /// Lists the models: it costs nothing and needs a valid key.
    pub async fn test(&self, candidate: &Candidate) -> Result<(), ProviderError> {
        let url = self.upstream.base(&candidate.provider)?.versioned(VERSION, &["models"]);
        self.upstream.test(url, headers(candidate)?, &candidate.provider).await
    }
}

fn headers(candidate: &Candidate) -> Result<HeaderMap, ProviderError> {
    with_key(X_GOOG_API_KEY, candidate.credential.as_ref().map(|credential| credential.secret.expose()))
}
