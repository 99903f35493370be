//! The models that a caller can use, in OpenAI's shape.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use hub_domain::error::CallError;
use hub_domain::ports::BillingMode;
use hub_domain::routing::{Provider, Snapshot};
use hub_domain::vocabulary::CallType;
use serde::Serialize;

use crate::exchange::Exchange;
use crate::refusal::Refusal;

#[derive(Serialize)]
struct ModelList<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    /// `provider/model`.
    id: String,
    object: &'static str,
    /// Unix seconds.
    created: i64,
    owned_by: &'a str,
}

/// `GET /v1/models`.
pub(crate) fn list(exchange: &Exchange) -> Result<HttpResponse, Refusal> {
    let snapshot = exchange.service.state.snapshots.current();
    let is_priced = exchange.service.settings.billing != BillingMode::Off;
    let data = usable(&snapshot, is_priced).into_iter().map(|(id, provider)| model(id, provider)).collect();
    Ok(HttpResponse::Ok().json(ModelList { object: "list", data }))
}

/// `GET /v1/models/{model}`: the id as lists show it, its `/` written as such or as `%2F`.
pub(crate) fn one(exchange: &Exchange) -> Result<HttpResponse, Refusal> {
    let given = exchange.request.match_info().get("model").unwrap_or_default();
    let id = given.replace("%2F", "/").replace("%2f", "/");
    let snapshot = exchange.service.state.snapshots.current();
    let is_priced = exchange.service.settings.billing != BillingMode::Off;
    match usable(&snapshot, is_priced).remove_entry(&id) {
        Some((id, provider)) => Ok(HttpResponse::Ok().json(model(id, provider))),
        None => Err(CallError::ModelNotFound { model: id.chars().take(64).collect() }.into()),
    }
}

fn model(id: String, provider: &Provider) -> Model<'_> {
    Model { id, object: "model", created: provider.created, owned_by: &provider.name }
}

/// Models that are listed or have a rate, as far as a call of them would be admitted.
fn usable(snapshot: &Snapshot, is_priced: bool) -> BTreeMap<String, &Provider> {
    let providers = || snapshot.providers().iter().filter(|provider| provider.enabled);
    let listed = providers().flat_map(|provider| {
        provider.models.iter().map(move |model| (&**provider, &*model.name, model.call_type))
    });
    let rated = snapshot.rates().filter(|rate| rate.model != "*").filter_map(|rate| {
        let provider = providers().find(|provider| *provider.name == *rate.provider)?;
        Some((&**provider, rate.model.as_str(), rate.call_type))
    });
    listed
        .chain(rated)
        .map(|(provider, model, call_type)| (format!("{}/{model}", provider.name), provider, call_type))
        .filter(|(id, _, call_type)| is_usable(snapshot, id, *call_type, is_priced))
        .map(|(id, provider, _)| (id, provider))
        .collect()
}

fn is_usable(snapshot: &Snapshot, id: &str, call_type: CallType, is_priced: bool) -> bool {
    snapshot.resolve(id, call_type, is_priced).is_ok()
}
