//! Transcriptions and translations: a form with an audio file, which passes through to the upstream while
//! its answer is waited for.

use actix_web::{HttpResponse, web};
use futures_util::future::join;
use hub_dialects::openai::{decode_transcription, late_field};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Canonical, Dialect, Principal, Request, Source};

use super::forms::{Passing, Received, receive};
use super::idempotency_key::IdempotencyKey;
use super::run;
use crate::exchange::Exchange;
use crate::refusal::Refusal;

/// `POST /v1/audio/transcriptions` and `/v1/audio/translations`.
pub(crate) async fn transcription(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
    translate: bool,
) -> Result<HttpResponse, Refusal> {
    let admitted = exchange.service.admission.admit(&caller)?;
    let key = IdempotencyKey::of(exchange.headers())?;
    // What tells a repetition from a mistake is known of a whole file only.
    let passing = if key.is_some() { Passing::Kept } else { Passing::AfterModel };
    let Received { form, fingerprint, files, rest } = receive(exchange, payload, passing).await?;
    let canonical = decode_transcription(form, translate)?;
    let Canonical::Transcription(asked) = &canonical else {
        return Err(CallError::Internal { detail: "a transcription is decoded as one".to_owned() }.into());
    };
    if files != 1 {
        let message = "The form needs one audio file, in the field 'file'.".to_owned();
        let code = if files == 0 { "missing_required_parameter" } else { "too_many_files" };
        return Err(CallError::invalid(message, "file".to_owned(), code).into());
    }
    let (format, fields) = (asked.format.clone(), asked.form.fields.clone());
    let source = fingerprint.filter(|_| key.is_some()).map(|body| Source::of(Dialect::OpenAi, body));
    let answer = run(exchange, caller, admitted, key, Request { source, canonical });
    let Some(rest) = rest else { return answer.await };
    let (answer, passed) =
        join(answer, rest.pass_on(|name, value| late_field(&format, &fields, name, value))).await;
    // A fault of the form is told rather than what it led to.
    passed.and(answer)
}
