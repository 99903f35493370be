//! Forms with images for OpenAI's API.

use hub_domain::error::ProviderError;
use hub_domain::routing::Candidate;
use hub_domain::vocabulary::{CallType, UploadForm};
use reqwest::header::HeaderMap;
use url::Url;

use super::transcriptions::sent_before;
use crate::answer::Codec;
use crate::form_body::{FormBody, Rewrite};
use crate::upstream::AskedForm;

/// What decides the price. Another spelling of these must not reach an upstream that compares names without case.
const PRICED: [&str; 6] = ["model", "n", "size", "quality", "stream", "partial_images"];

/// The form, with the upload taken. It can't be made twice.
pub fn asked(
    form: &UploadForm,
    candidate: &Candidate,
    url: Url,
    headers: HeaderMap,
    traceparent: Option<String>,
) -> Result<AskedForm, ProviderError> {
    let taken = form.upload.take().ok_or_else(sent_before)?;
    let rewrite: Rewrite = Box::new(|name, value| {
        let is_misspelt = PRICED.iter().any(|own| name != *own && name.trim().eq_ignore_ascii_case(own));
        (name != "model" && !is_misspelt).then(|| value.to_owned())
    });
    let body = FormBody::new(&[("model", &*candidate.model)], &form.fields, taken, rewrite);
    let codec = Codec::OpenAi(CallType::ImageGeneration);
    Ok(AskedForm { url, headers, body, upload: form.upload.clone(), codec, traceparent })
}
