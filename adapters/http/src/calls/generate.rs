//! Gemini's methods, which stand behind the model in the path: `…/models/{model}:generateContent`.

use actix_web::{HttpResponse, web};
use hub_dialects::gemini::{decode_count, decode_embed, decode_generate};
use hub_domain::vocabulary::{Dialect, Principal, Request};
use serde::Serialize;

use super::{call, incoming};
use crate::exchange::Exchange;
use crate::refusal::Refusal;

/// The method that asks for several vectors.
pub(super) const BATCH: &str = "batchEmbedContents";

/// Methods that are calls.
const METHODS: [&str; 4] = ["generateContent", "streamGenerateContent", "embedContent", BATCH];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    total_tokens: u64,
}

pub(crate) async fn generate(
    exchange: &Exchange,
    caller: Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let tail = exchange.request.match_info().get("model").unwrap_or_default();
    let tail = tail.replace("%2F", "/").replace("%2f", "/").replace("%3A", ":").replace("%3a", ":");
    let (model, method) = tail.rsplit_once(':').ok_or(Refusal::UnknownPath)?;
    if method == "countTokens" {
        return count(exchange, &caller, model, payload).await;
    }
    if !METHODS.contains(&method) {
        return Err(Refusal::UnknownPath);
    }
    call(exchange, caller, payload, |body| {
        let canonical = match method {
            "embedContent" => decode_embed(&body, model, false)?,
            BATCH => decode_embed(&body, model, true)?,
            method => decode_generate(&body, model, method == "streamGenerateContent")?,
        };
        Ok(incoming::request(Dialect::Gemini, canonical, body))
    })
    .await
}

/// The hub's own count; it records nothing, calls nobody and costs nothing.
async fn count(
    exchange: &Exchange,
    caller: &Principal,
    model: &str,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let _admitted = exchange.service.admission.admit(caller)?;
    let body = incoming::body(exchange, payload).await?;
    let request = Request { source: None, canonical: decode_count(&body, model)? };
    let total_tokens = exchange.service.state.runner.count_input(&request).await?;
    Ok(HttpResponse::Ok().json(Counted { total_tokens }))
}
