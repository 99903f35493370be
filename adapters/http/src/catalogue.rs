//! `GET /api/ai-providers/models`, which AIGNE's clients know as `/api/ai/models`: what can be called, and for how
//! much. Anybody may ask.

use actix_web::HttpResponse;
use hub_domain::error::CallError;
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::BillingMode;
use hub_domain::rates::Prices;
use hub_domain::routing::Snapshot;
use hub_domain::vocabulary::CallType;
use serde::Serialize;

use crate::exchange::Exchange;
use crate::models::{self, Usable};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::user::record::provider_id;

#[derive(Serialize)]
struct Entry<'a> {
    /// `provider/model`.
    key: String,
    model: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    provider: &'a str,
    #[serde(rename = "providerId")]
    provider_id: String,
    /// Credits for one token, as a decimal.
    input_credits_per_token: Credits,
    /// Credits for one token, image or second, as a decimal.
    output_credits_per_token: Credits,
    #[serde(rename = "modelMetadata")]
    metadata: Option<Metadata>,
    status: Status,
    #[serde(rename = "providerDisplayName")]
    provider_display_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    /// Tokens of output, at most.
    max_tokens: u64,
}

#[derive(Serialize)]
struct Status {
    available: bool,
}

pub(crate) fn models(exchange: &Exchange) -> Result<HttpResponse, Refusal> {
    let query = Query::parse(exchange.request.uri().query().unwrap_or_default());
    let wanted = query.text("type").filter(|kind| !kind.is_empty()).map(call_type).transpose()?;
    let is_priced = exchange.service.settings.billing != BillingMode::Off;
    let snapshot = exchange.service.state.snapshots.current();
    Ok(HttpResponse::Ok().json(entries(&snapshot, wanted, is_priced)))
}

/// The contract's spellings.
fn call_type(kind: &str) -> Result<CallType, CallError> {
    match kind {
        "chat" | "chatCompletion" => Ok(CallType::ChatCompletion),
        "image" | "image_generation" | "imageGeneration" => Ok(CallType::ImageGeneration),
        "embedding" => Ok(CallType::Embedding),
        "video" => Ok(CallType::Video),
        _ => Err(CallError::invalid(
            "`type` must be `chat`, `image`, `embedding` or `video`",
            "type".to_owned(),
            "invalid_value",
        )),
    }
}

const fn shown(call_type: CallType) -> &'static str {
    match call_type {
        CallType::ChatCompletion => "chat",
        CallType::ImageGeneration => "image_generation",
        CallType::Embedding => "embedding",
        CallType::Video => "video",
        CallType::AudioGeneration => "audio",
    }
}

fn entries(snapshot: &Snapshot, wanted: Option<CallType>, is_priced: bool) -> Vec<Entry<'_>> {
    let usable = models::usable(snapshot, is_priced).into_iter();
    let wanted = |used: &Usable<'_>| wanted.is_none_or(|wanted| wanted == used.call_type);
    usable.filter(wanted).map(|used| entry(snapshot, used)).collect()
}

fn entry<'a>(snapshot: &'a Snapshot, used: Usable<'a>) -> Entry<'a> {
    let Usable { id, provider, model, call_type } = used;
    let rate = snapshot.rate(&provider.name, model, call_type);
    let prices = rate.map(|rate| rate.prices).unwrap_or_default();
    let listed = provider.models.iter().find(|listed| &*listed.name == model);
    Entry {
        key: id,
        model,
        kind: shown(call_type),
        provider: &provider.name,
        provider_id: provider_id(provider),
        input_credits_per_token: prices.applied(Meter::Input).unwrap_or_default(),
        output_credits_per_token: output(&prices, call_type),
        metadata: listed
            .and_then(|listed| listed.max_output_tokens)
            .map(|max_tokens| Metadata { max_tokens }),
        status: Status { available: true },
        provider_display_name: &provider.name,
    }
}

/// What the original calls the output rate: that of an image or a second where it is paid so.
fn output(prices: &Prices, call_type: CallType) -> Credits {
    let own = match call_type {
        CallType::ImageGeneration => prices.own(Meter::Image),
        CallType::Video => prices.own(Meter::Second),
        CallType::AudioGeneration => prices.own(Meter::Second).or_else(|| prices.own(Meter::Character)),
        CallType::ChatCompletion | CallType::Embedding => None,
    };
    own.or_else(|| prices.applied(Meter::Output)).unwrap_or_default()
}
