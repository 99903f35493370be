//! OpenAI's API, <https://platform.openai.com/docs/api-reference>, and the many that are like it.

mod image_edits;
mod limit_field;
mod quirks;
mod transcriptions;

use std::sync::Arc;

use hub_dialects::openai::{SpokenUsage, UpstreamTarget, encode_request};
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
        if request.canonical.form().is_some() {
            let url = base.join(path(&request.canonical));
            let asked = form(&request.canonical, &candidate, url, traceparent)?;
            return self.upstream.upload(asked, candidate.route.timeouts, time_left).await;
        }
        let call_type = request.canonical.call_type();
        let limit_field = quirks::limit_field(&base, &candidate.provider.name)
            .unwrap_or_else(|| limit_field::of(&base, &candidate.model));
        let quirks = quirks::of(&base, &candidate.provider.name, &candidate.model);
        let spoken = spoken(&request.canonical, &candidate);
        let target = UpstreamTarget {
            model: &candidate.model,
            output_limit,
            limit_field,
            quirks,
            speech_events: spoken.is_some_and(|usage| usage.by_tokens),
        };
        let asked = Asked {
            encoded: encode_request(&request, &target)?,
            url: base.join(path(&request.canonical)),
            headers: headers(&candidate)?,
            streams: request.canonical.is_stream() || target.speech_events,
            codec: spoken.map_or(Codec::OpenAi(call_type), Codec::Speech),
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
