//! What all kinds of providers that speak over HTTP have in common: a POST that asks, a GET that tests.

use std::sync::Arc;
use std::time::Duration;

use hub_dialects::Encoded;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::ports::{ProviderTimeouts, UpstreamAnswer};
use hub_domain::routing::Provider;
use hub_domain::vocabulary::{Upload, UploadStage};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request};
use url::Url;

use crate::answer::{self, Codec};
use crate::base_url::{BaseUrl, BaseUrls};
use crate::form_body::FormBody;
use crate::http::{Http, Limits};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Audio has many types.
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
/// A test is asked by somebody who waits for it.
const TEST_LIMIT: Duration = Duration::from_secs(15);

pub struct Upstream {
    http: Arc<Http>,
    bases: BaseUrls,
    default_base: &'static str,
}

/// One request, in the words of its dialect.
pub struct Asked {
    pub url: Url,
    /// What the dialect wants beside the type of what is sent and accepted: the key, a version.
    pub headers: HeaderMap,
    pub encoded: Encoded,
    pub streams: bool,
    /// Of the answer.
    pub codec: Codec,
    pub traceparent: Option<String>,
}

/// A form with files, in the words of its dialect.
pub struct AskedForm {
    pub url: Url,
    pub headers: HeaderMap,
    pub body: FormBody,
    /// What the body is made of.
    pub upload: Upload,
    pub codec: Codec,
    pub traceparent: Option<String>,
}

impl Upstream {
    /// `default_base` is where providers without an address of their own are.
    pub fn new(http: Arc<Http>, default_base: &'static str) -> Self {
        Self { http, bases: BaseUrls::default(), default_base }
    }

    pub fn base(&self, provider: &Provider) -> Result<Arc<BaseUrl>, ProviderError> {
        self.bases.require(provider.base_url.as_deref().unwrap_or(self.default_base))
    }

    /// `time_left` is what remains of the call's own time.
    pub async fn ask(
        &self,
        asked: Asked,
        timeouts: ProviderTimeouts,
        time_left: Duration,
    ) -> Result<UpstreamAnswer, ProviderError> {
        let Asked { url, headers, encoded: Encoded { body, dropped }, streams, codec, traceparent } = asked;
        let mut post = Request::new(Method::POST, url);
        *post.headers_mut() = headers;
        let headers = post.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(
            ACCEPT,
            match codec {
                Codec::Speech(_) if !streams => ANYTHING,
                _ if streams => EVENTS,
                _ => JSON,
            },
        );
        if let Some(value) = traceparent.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(TRACEPARENT, value);
        }
        *post.body_mut() = Some(body.into());

        let limits = Limits::new(timeouts, time_left);
        let response = self.http.send(post, limits).await?;
        answer::read(response, codec, streams, limits, dropped).await
    }

    /// Sends a form whose files pass through. An upload that breaks off is the client's fault.
    pub async fn upload(
        &self,
        asked: AskedForm,
        timeouts: ProviderTimeouts,
        time_left: Duration,
    ) -> Result<UpstreamAnswer, ProviderError> {
        let AskedForm { url, headers, body, upload, codec, traceparent } = asked;
        let mut post = Request::new(Method::POST, url);
        *post.headers_mut() = headers;
        let headers = post.headers_mut();
        headers.insert(CONTENT_TYPE, body.content_type());
        headers.insert(ACCEPT, ANYTHING);
        if let Some(value) = traceparent.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(TRACEPARENT, value);
        }
        *post.body_mut() = Some(Body::wrap_stream(body));

        // The answer is waited for as long as the upload takes.
        let limits = Limits::new(timeouts, time_left).for_upload();
        let broken = |error| if upload.stage() == UploadStage::Broken { broke_off() } else { error };
        let response = self.http.send(post, limits).await.map_err(broken)?;
        answer::read(response, codec, false, limits, Vec::new()).await
    }

    /// Gets what costs nothing and needs a valid key.
    pub async fn test(&self, url: Url, headers: HeaderMap, provider: &Provider) -> Result<(), ProviderError> {
        let mut get = Request::new(Method::GET, url);
        *get.headers_mut() = headers;
        get.headers_mut().insert(ACCEPT, JSON);
        let limits = Limits::new(provider.timeouts, TEST_LIMIT);
        let response = self.http.send(get, limits).await?;
        answer::check(response, limits).await
    }
}

fn broke_off() -> ProviderError {
    ProviderError::new(UpstreamClass::InvalidRequest, "the upload broke off", false)
}

/// The headers of a request, of which this one carries the key: to its own provider's address, nowhere else.
pub fn with_key(name: HeaderName, key: Option<&str>) -> Result<HeaderMap, ProviderError> {
    let mut headers = HeaderMap::with_capacity(8);
    if let Some(key) = key {
        headers.insert(name, secret(key)?);
    }
    Ok(headers)
}

/// A credential as a header's value, which no log shows.
fn secret(text: &str) -> Result<HeaderValue, ProviderError> {
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        ProviderError::new(
            UpstreamClass::Authentication,
            "the provider's key has characters that no header can carry",
            false,
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}
