//! Forms with audio for OpenAI's API.

use hub_dialects::openai::{TranscriptPrices, asked_format, sent_field};
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::meter::Meter;
use hub_domain::routing::Candidate;
use hub_domain::vocabulary::{TranscriptFormat, TranscriptionRequest};
use reqwest::header::HeaderMap;
use url::Url;

use crate::answer::Codec;
use crate::form_body::{FormBody, Rewrite};
use crate::upstream::AskedForm;

/// The form, with the upload taken. It can't be made twice.
pub fn asked(
    transcription: &TranscriptionRequest,
    candidate: &Candidate,
    url: Url,
    headers: HeaderMap,
    traceparent: Option<String>,
) -> Result<AskedForm, ProviderError> {
    let form = &transcription.form;
    let taken = form.upload.take().ok_or_else(sent_before)?;
    let prices = prices(candidate);
    let model = candidate.model.to_string();
    let mut own = vec![("model", model.as_str())];
    // A format that the client names, now or after its file, goes in its own place.
    let format = asked_format(TranscriptFormat::Json, &model, prices);
    let is_ours =
        format != TranscriptFormat::Json && !form.fields.iter().any(|(name, _)| name == "response_format");
    if is_ours {
        own.push(("response_format", format.name()));
    }
    let rewrite: Rewrite = {
        let model = model.clone();
        Box::new(move |name, value| match name {
            // One behind the file comes to the same.
            "response_format" if is_ours => None,
            _ => sent_field(name, value, &model, prices).map(String::from),
        })
    };
    let body = FormBody::new(&own, &form.fields, taken, rewrite);
    let codec = Codec::Transcript(prices);
    Ok(AskedForm { url, headers, body, upload: form.upload.clone(), codec, traceparent })
}

pub fn sent_before() -> ProviderError {
    ProviderError::new(UpstreamClass::InvalidRequest, "an upload can be sent once only", false)
}

fn prices(candidate: &Candidate) -> TranscriptPrices {
    let prices = candidate.rate.as_ref().map(|rate| rate.prices).unwrap_or_default();
    TranscriptPrices {
        by_seconds: prices.own(Meter::Second).is_some(),
        by_tokens: prices.iter().any(|(meter, _)| meter.is_input_token() || meter.is_output_token()),
    }
}
