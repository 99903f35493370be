//! The models that a caller can use, in the shape of OpenAI's list, Anthropic's or Google's.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use hub_domain::error::CallError;
use hub_domain::ports::BillingMode;
use hub_domain::routing::{Provider, Snapshot};
use hub_domain::vocabulary::CallType;
use serde::Serialize;

use crate::exchange::Exchange;
use crate::refusal::Refusal;
use crate::surface::Surface;

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

/// Anthropic's list, in one page.
#[derive(Serialize)]
struct ModelPage<'a> {
    data: Vec<ModelInfo>,
    has_more: bool,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ModelInfo {
    #[serde(rename = "type")]
    kind: &'static str,
    /// `provider/model`.
    id: String,
    display_name: String,
    /// RFC 3339.
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_input_tokens: Option<u64>,
    /// Of output.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
}

/// Google's list, in one page.
#[derive(Serialize)]
struct GeminiList {
    models: Vec<GeminiModel>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeminiModel {
    /// `models/provider/model`.
    name: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_token_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_token_limit: Option<u64>,
    supported_generation_methods: &'static [&'static str],
}

/// `GET /v1/models`.
pub(crate) fn list(exchange: &Exchange) -> Result<HttpResponse, Refusal> {
    let snapshot = exchange.service.state.snapshots.current();
    let is_priced = exchange.service.settings.billing != BillingMode::Off;
    let usable = by_id(&snapshot, is_priced);
    if exchange.surface == Surface::Anthropic {
        let data: Vec<_> = usable.iter().map(|(id, owner)| info(&snapshot, id, owner)).collect();
        let (first_id, last_id) = (usable.keys().next(), usable.keys().next_back());
        let (first_id, last_id) = (first_id.map(String::as_str), last_id.map(String::as_str));
        return Ok(HttpResponse::Ok().json(ModelPage { data, has_more: false, first_id, last_id }));
    }
    if exchange.surface == Surface::Gemini {
        let models = usable.keys().map(|id| gemini(&snapshot, id, is_priced)).collect();
        return Ok(HttpResponse::Ok().json(GeminiList { models }));
    }
    let data = usable.into_iter().map(|(id, owner)| model(id, owner)).collect();
    Ok(HttpResponse::Ok().json(ModelList { object: "list", data }))
}

/// `GET /v1/models/{model}`: the id as lists show it, its `/` written as such or as `%2F`.
pub(crate) fn one(exchange: &Exchange) -> Result<HttpResponse, Refusal> {
    let given = exchange.request.match_info().get("model").unwrap_or_default();
    let id = given.replace("%2F", "/").replace("%2f", "/");
    let snapshot = exchange.service.state.snapshots.current();
    let is_priced = exchange.service.settings.billing != BillingMode::Off;
    match by_id(&snapshot, is_priced).remove_entry(&id) {
        Some((id, owner)) if exchange.surface == Surface::Anthropic => {
            Ok(HttpResponse::Ok().json(info(&snapshot, &id, &owner)))
        }
        Some((id, _)) if exchange.surface == Surface::Gemini => {
            Ok(HttpResponse::Ok().json(gemini(&snapshot, &id, is_priced)))
        }
        Some((id, owner)) => Ok(HttpResponse::Ok().json(model(id, owner))),
        None => Err(CallError::ModelNotFound { model: id.chars().take(64).collect() }.into()),
    }
}

/// How long requests and answers may be, where that is known.
fn limits(snapshot: &Snapshot, id: &str) -> (Option<u64>, Option<u64>) {
    let listed = snapshot.providers().iter().find_map(|provider| {
        let model = id.strip_prefix(&*provider.name)?.strip_prefix('/')?;
        provider.models.iter().find(|listed| &*listed.name == model)
    });
    listed.map_or((None, None), |listed| (listed.max_input_tokens, listed.max_output_tokens))
}

fn gemini(snapshot: &Snapshot, id: &str, is_priced: bool) -> GeminiModel {
    let (input_token_limit, output_token_limit) = limits(snapshot, id);
    let is_embedding = !is_usable(snapshot, id, CallType::ChatCompletion, is_priced);
    GeminiModel {
        name: format!("models/{id}"),
        display_name: id.to_owned(),
        input_token_limit,
        output_token_limit,
        supported_generation_methods: if is_embedding {
            &["embedContent", "batchEmbedContents"]
        } else {
            &["generateContent", "streamGenerateContent", "countTokens"]
        },
    }
}

fn info(snapshot: &Snapshot, id: &str, owner: &Owner<'_>) -> ModelInfo {
    let created = jiff::Timestamp::from_second(owner.created).unwrap_or_default();
    let (max_input_tokens, max_tokens) = limits(snapshot, id);
    ModelInfo {
        kind: "model",
        id: id.to_owned(),
        display_name: id.to_owned(),
        created_at: created.to_string(),
        max_input_tokens,
        max_tokens,
    }
}

fn model(id: String, owner: Owner<'_>) -> Model<'_> {
    Model { id, object: "model", created: owner.created, owned_by: owner.name }
}

/// Who has a model.
struct Owner<'a> {
    name: &'a str,
    /// Unix seconds.
    created: i64,
}

/// Of virtual models.
const HUB: &str = "aigne-hub";

/// A model of which a call would be admitted.
pub(crate) struct Usable<'a> {
    /// `provider/model`.
    pub(crate) id: String,
    pub(crate) provider: &'a Provider,
    pub(crate) model: &'a str,
    pub(crate) call_type: CallType,
}

/// Models that are listed or have a rate, as far as a call of them would be admitted; each kind of call once, in
/// the order of ids.
pub(crate) fn usable(snapshot: &Snapshot, is_priced: bool) -> Vec<Usable<'_>> {
    let providers = || snapshot.providers().iter().filter(|provider| provider.enabled);
    let listed = providers().flat_map(|provider| {
        provider.models.iter().map(move |model| (&**provider, &*model.name, model.call_type))
    });
    let rated = snapshot.rates().filter(|rate| rate.model != "*").filter_map(|rate| {
        let provider = providers().find(|provider| *provider.name == *rate.provider)?;
        Some((&**provider, rate.model.as_str(), rate.call_type))
    });
    let all = listed.chain(rated).map(|(provider, model, call_type)| Usable {
        id: format!("{}/{model}", provider.name),
        provider,
        model,
        call_type,
    });
    let mut usable: Vec<_> =
        all.filter(|one| is_usable(snapshot, &one.id, one.call_type, is_priced)).collect();
    usable.sort_by(|one, other| (&one.id, one.call_type).cmp(&(&other.id, other.call_type)));
    usable.dedup_by(|one, other| (&one.id, one.call_type) == (&other.id, other.call_type));
    usable
}

/// The same without the kinds of call, and virtual models beside them.
fn by_id(snapshot: &Snapshot, is_priced: bool) -> BTreeMap<String, Owner<'_>> {
    let own = usable(snapshot, is_priced).into_iter().map(|one| {
        let Provider { name, created, .. } = one.provider;
        (one.id, Owner { name, created: *created })
    });
    let is_callable = |name: &str| {
        CallType::ALL.into_iter().any(|call_type| is_usable(snapshot, name, call_type, is_priced))
    };
    let virtual_models = snapshot.virtual_models().iter().filter(|one| is_callable(&one.name));
    let virtual_models =
        virtual_models.map(|one| (one.name.to_string(), Owner { name: HUB, created: one.created }));
    own.chain(virtual_models).collect()
}

fn is_usable(snapshot: &Snapshot, id: &str, call_type: CallType, is_priced: bool) -> bool {
    snapshot.resolve(id, call_type, is_priced).is_ok()
}
