//! Google's Gemini API, <https://ai.google.dev/api>.

mod thinking;

use std::sync::Arc;

use hub_dialects::Encoded;
use hub_dialects::gemini::{UpstreamTarget, encode_request};
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, UpstreamAnswer};
use hub_domain::routing::{Candidate, Provider};
use hub_domain::vocabulary::CallType;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request};

use crate::answer::{self, Codec};
use crate::base_url::{BaseUrl, BaseUrls};
use crate::http::{Http, Limits};
use crate::providers::{TEST_LIMIT, TRACEPARENT, secret};

pub const BASE_URL: &str = "https://generativelanguage.googleapis.com";

const VERSION: &str = "v1beta";
/// Never `?key=`, which ends up in logs.
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

pub struct Google {
    http: Arc<Http>,
    bases: BaseUrls,
}

impl Google {
    pub fn new(http: Arc<Http>) -> Self {
        Self { http, bases: BaseUrls::default() }
    }

    pub async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        let Attempt { request, candidate, output_limit, traceparent, time_left } = attempt;
        let provider = &candidate.provider;
        let base = self.base(provider)?;
        let target = UpstreamTarget {
            model: &candidate.model,
            output_limit,
            thinking: thinking::of(&candidate.model),
        };
        let Encoded { body, dropped } = encode_request(&request, &target)?;
        let streams = request.canonical.is_stream();

        let call_type = request.canonical.call_type();
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
        let mut post = Request::new(Method::POST, url);
        let headers = post.headers_mut();
        authorise(headers, &candidate)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let accept = if streams { "text/event-stream" } else { "application/json" };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if let Some(value) = traceparent.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(TRACEPARENT, value);
        }
        *post.body_mut() = Some(body.into());

        let limits = Limits::new(provider.timeouts, time_left);
        let response = self.http.send(post, limits).await?;
        answer::read(response, Codec::Gemini(call_type), streams, limits, dropped).await
    }

    /// Lists the models: it costs nothing and needs a valid key.
    pub async fn test(&self, candidate: &Candidate) -> Result<(), ProviderError> {
        let provider = &candidate.provider;
        let mut get = Request::new(Method::GET, self.base(provider)?.versioned(VERSION, &["models"]));
        authorise(get.headers_mut(), candidate)?;
        get.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let limits = Limits::new(provider.timeouts, TEST_LIMIT);
        let response = self.http.send(get, limits).await?;
        answer::check(response, limits).await
    }

    fn base(&self, provider: &Provider) -> Result<Arc<BaseUrl>, ProviderError> {
        self.bases.require(provider.base_url.as_deref().unwrap_or(BASE_URL))
    }
}

/// The key goes into this one header of a request to its own provider's address, nowhere else.
fn authorise(headers: &mut HeaderMap, candidate: &Candidate) -> Result<(), ProviderError> {
    if let Some(credential) = &candidate.credential {
        headers.insert(X_GOOG_API_KEY, secret(credential.secret.expose())?);
    }
    Ok(())
}
