//! OpenAI's API, <https://platform.openai.com/docs/api-reference>, and the many that are like it.

mod image_edits;
mod limit_field;
mod quirks;
mod responses;
mod transcriptions;

use std::sync::Arc;

use hub_dialects::openai::{SpokenUsage, UpstreamTarget, encode_request};
use hub_dialects::responses::UpstreamTarget as ResponsesTarget;
use hub_dialects::responses::encode_request as encode_response_request;
use hub_domain::error::ProviderError;
use hub_domain::ports::{Attempt, UpstreamAnswer};
use hub_domain::routing::Candidate;
use hub_domain::vocabulary::{Canonical, ImagesRequest, TranscriptionRequest};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use url::Url;

use crate::answer::Codec;
use crate::http::Http;
use crate::upstream::{Asked, AskedForm, Upstream, with_key};

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
        if request.canonical.form().is_some() {
            let url = base.join(path(&request.canonical));
            let asked = form(&request.canonical, &candidate, url, traceparent)?;
            return self.upstream.upload(asked, candidate.route.timeouts, time_left).await;
        }
        let asks_responses = responses::answers(&request, model, &base, candidate.provider.responses);
        let spoken = spoken(&request.canonical, &candidate);
        let by_events = spoken.is_some_and(|usage| usage.by_tokens);
        let (encoded, path, codec) = if asks_responses {
            let target =
                ResponsesTarget { model, output_limit, is_reasoning: responses::is_reasoning(model) };
            (encode_response_request(&request, &target)?, RESPONSES, Codec::Responses)
        } else {
            let limit_field = quirks::limit_field(&base, &candidate.provider.name)
                .unwrap_or_else(|| limit_field::of(&base, model));
            let quirks = quirks::of(&base, &candidate.provider.name, model);
            let target =
                UpstreamTarget { model, output_limit, limit_field, quirks, speech_events: by_events };
            let codec = spoken.map_or(Codec::OpenAi(request.canonical.call_type()), Codec::Speech);
            (encode_request(&request, &target)?, path(&request.canonical), codec)
        };
        let asked = Asked {
            encoded,
            url: base.join(path),
            headers: headers(&candidate)?,
            streams: request.canonical.is_stream() || by_events,
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

fn path(canonical: &Canonical) -> &'static [&'static str] {
    match canonical {
        Canonical::Chat(_) => &["chat", "completions"],
        Canonical::Embeddings(_) => &["embeddings"],
        Canonical::Images(ImagesRequest { edit: Some(_), .. }) => &["images", "edits"],
        Canonical::Images(_) => &["images", "generations"],
        Canonical::Speech(_) => &["audio", "speech"],
        Canonical::Transcription(TranscriptionRequest { translate: true, .. }) => &["audio", "translations"],
        Canonical::Transcription(_) => &["audio", "transcriptions"],
    }
}

/// A request that is a form, with its files.
fn form(
    canonical: &Canonical,
    candidate: &Candidate,
    url: Url,
    traceparent: Option<String>,
) -> Result<AskedForm, ProviderError> {
    let headers = headers(candidate)?;
    match canonical {
        Canonical::Transcription(asked) => transcriptions::asked(asked, candidate, url, headers, traceparent),
        other => {
            let form = other.form().ok_or_else(transcriptions::sent_before)?;
            image_edits::asked(form, candidate, url, headers, traceparent)
        }
    }
}

/// How the use of speech is known. Where its tokens are priced, only events report them.
fn spoken(canonical: &Canonical, candidate: &Candidate) -> Option<SpokenUsage> {
    let Canonical::Speech(speech) = canonical else { return None };
    let prices = candidate.rate.as_ref().map(|rate| rate.prices).unwrap_or_default();
    let by_tokens = prices.iter().any(|(meter, _)| meter.is_input_token() || meter.is_output_token());
    Some(SpokenUsage { characters: speech.characters(), by_tokens })
}

fn headers(candidate: &Candidate) -> Result<HeaderMap, ProviderError> {
    let bearer =
        candidate.credential.as_ref().map(|credential| format!("Bearer {}", credential.secret.expose()));
    with_key(AUTHORIZATION, bearer.as_deref())
}
