//! Anthropic's API, <https://docs.anthropic.com/en/api>.

mod generation;

use std::sync::Arc;

use hub_dialects::Encoded;
use hub_dialects::anthropic::{UpstreamTarget, encode_request};
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, UpstreamAnswer};
use hub_domain::routing::{Candidate, Provider};
use hub_domain::vocabulary::{Dialect, Request as Asked};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request};

use crate::answer::{self, Codec};
use crate::base_url::{BaseUrl, BaseUrls};
use crate::http::{Http, Limits};
use crate::providers::{TEST_LIMIT, TRACEPARENT, secret};

pub const BASE_URL: &str = "https://api.anthropic.com";

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// What is assumed of a client that names none.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

pub struct Anthropic {
    http: Arc<Http>,
    bases: BaseUrls,
}

impl Anthropic {
    pub fn new(http: Arc<Http>) -> Self {
        Self { http, bases: BaseUrls::default() }
    }

    pub async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        let Attempt { request, candidate, output_limit, traceparent, time_left } = attempt;
        let provider = &candidate.provider;
        let base = self.base(provider)?;
        let generation = generation::of(&candidate.model, candidate.max_output_tokens);
        let target = UpstreamTarget { model: &candidate.model, output_limit, generation };
        let Encoded { body, dropped } = encode_request(&request, &target)?;
        let streams = request.canonical.is_stream();

        let mut post = Request::new(Method::POST, base.versioned("v1", &["messages"]));
        let headers = post.headers_mut();
        authorise(headers, &candidate)?;
        name_version(headers, &request);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let accept = if streams { "text/event-stream" } else { "application/json" };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if let Some(value) = traceparent.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(TRACEPARENT, value);
        }
        *post.body_mut() = Some(body.into());

        let limits = Limits::new(provider.timeouts, time_left);
        let response = self.http.send(post, limits).await?;
        answer::read(response, Codec::Anthropic, streams, limits, dropped).await
    }

    /// Lists the models: it costs nothing and needs a valid key.
    pub async fn test(&self, candidate: &Candidate) -> Result<(), ProviderError> {
        let provider = &candidate.provider;
        let mut get = Request::new(Method::GET, self.base(provider)?.versioned("v1", &["models"]));
        authorise(get.headers_mut(), candidate)?;
        get.headers_mut().insert(ANTHROPIC_VERSION, VERSION);
        get.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let limits = Limits::new(provider.timeouts, TEST_LIMIT);
        let response = self.http.send(get, limits).await?;
        answer::check(response, limits).await
    }

    fn base(&self, provider: &Provider) -> Result<Arc<BaseUrl>, ProviderError> {
        self.bases.require(provider.base_url.as_deref().unwrap_or(BASE_URL))
    }
}

/// The client's own version and betas where it speaks this dialect, else the version that we write.
fn name_version(headers: &mut HeaderMap, request: &Asked) {
    let own = request.source.as_ref().filter(|source| source.dialect == Dialect::Anthropic);
    for (name, value) in own.into_iter().flat_map(|source| &source.headers) {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    headers.entry(ANTHROPIC_VERSION).or_insert(VERSION);
}

/// The key goes into this one header of a request to its own provider's address, nowhere else.
fn authorise(headers: &mut HeaderMap, candidate: &Candidate) -> Result<(), ProviderError> {
    if let Some(credential) = &candidate.credential {
        headers.insert(X_API_KEY, secret(credential.secret.expose())?);
    }
    Ok(())
}
