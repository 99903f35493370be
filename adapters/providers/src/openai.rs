//! OpenAI's API, <https://platform.openai.com/docs/api-reference>, and the many that are like it.

mod limit_field;
mod quirks;

use std::sync::Arc;

use hub_dialects::Encoded;
use hub_dialects::openai::{UpstreamTarget, encode_request};
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, UpstreamAnswer};
use hub_domain::routing::{Candidate, Provider};
use hub_domain::vocabulary::CallType;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Request};

use crate::answer::{self, Codec};
use crate::base_url::{BaseUrl, BaseUrls};
use crate::http::{Http, Limits};
use crate::providers::{TEST_LIMIT, TRACEPARENT, secret};

pub const BASE_URL: &str = "https://api.openai.com/v1";

pub struct OpenAi {
    http: Arc<Http>,
    bases: BaseUrls,
}

impl OpenAi {
    pub fn new(http: Arc<Http>) -> Self {
        Self { http, bases: BaseUrls::default() }
    }

    pub async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        let Attempt { request, candidate, output_limit, traceparent, time_left } = attempt;
        let provider = &candidate.provider;
        let base = self.base(provider)?;
        let call_type = request.canonical.call_type();
        let limit_field = limit_field::of(&base, &candidate.model);
        let quirks = quirks::of(&base);
        let target = UpstreamTarget { model: &candidate.model, output_limit, limit_field, quirks };
        let Encoded { body, dropped } = encode_request(&request, &target)?;
        let streams = request.canonical.is_stream();

        let mut post = Request::new(Method::POST, base.join(path(call_type)));
        let headers = post.headers_mut();
        headers.reserve(8);
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
        answer::read(response, Codec::OpenAi(call_type), streams, limits, dropped).await
    }

    fn base(&self, provider: &Provider) -> Result<Arc<BaseUrl>, ProviderError> {
        self.bases.require(provider.base_url.as_deref().unwrap_or(BASE_URL))
    }

    /// Lists the models: it costs nothing and needs a valid key.
    pub async fn test(&self, candidate: &Candidate) -> Result<(), ProviderError> {
        let provider = &candidate.provider;
        let mut get = Request::new(Method::GET, self.base(provider)?.join(&["models"]));
        authorise(get.headers_mut(), candidate)?;
        get.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let limits = Limits::new(provider.timeouts, TEST_LIMIT);
        let response = self.http.send(get, limits).await?;
        answer::check(response, limits).await
    }
}

fn path(call_type: CallType) -> &'static [&'static str] {
    match call_type {
        CallType::Embedding => &["embeddings"],
        _ => &["chat", "completions"],
    }
}

/// The key goes into this one header of a request to its own provider's address, nowhere else.
fn authorise(headers: &mut HeaderMap, candidate: &Candidate) -> Result<(), ProviderError> {
    let Some(credential) = &candidate.credential else {
        return Ok(());
    };
    headers.insert(AUTHORIZATION, secret(&format!("Bearer {}", credential.secret.expose()))?);
    Ok(())
}
