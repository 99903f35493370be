//! `GET /api/v2/status`: whether a call would be admitted. Always 200; the body tells.

use std::time::Duration;

use actix_web::HttpResponse;
use hub_domain::error::CallError;
use hub_domain::money::Credits;
use hub_domain::ports::BillingMode;
use hub_domain::routing::{Candidates, Snapshot};
use hub_domain::upstream_health::Trouble;
use hub_domain::vocabulary::{CallType, Principal};
use serde::Serialize;

use crate::error_answer;
use crate::exchange::Exchange;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::user::is_operator;

#[derive(Default, Serialize)]
struct Status {
    available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The HTTP status that a call would get.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// What no call is sent to now; for operators, who have to act on some of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    upstreams: Vec<UpstreamJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UpstreamJson {
    provider: String,
    model: Option<String>,
    credential: Option<String>,
    state: &'static str,
    reason: &'static str,
    /// Seconds.
    retry_after: Option<u64>,
}

impl From<Trouble> for UpstreamJson {
    fn from(trouble: Trouble) -> Self {
        let Trouble { provider, model, credential, state, reason, retry_after } = trouble;
        let retry_after = retry_after.map(|time| time.as_secs());
        Self { provider, model, credential, state, reason, retry_after }
    }
}

/// `caller` is nobody for anonymous requests and for keys that are not valid.
pub(crate) async fn status(exchange: &Exchange, caller: Result<Option<Principal>, Refusal>) -> HttpResponse {
    let mut upstreams = Vec::new();
    let checked = match caller {
        Ok(caller) => {
            if caller.as_ref().is_some_and(is_operator) {
                upstreams = exchange.service.state.runner.troubles();
            }
            check(exchange, caller.as_ref()).await
        }
        Err(refusal) => Err(refusal),
    };
    let status = match checked {
        Ok(()) => Status { available: true, ..Status::default() },
        Err(refusal) => unavailable(refusal),
    };
    let upstreams = upstreams.into_iter().map(UpstreamJson::from).collect();
    HttpResponse::Ok().json(Status { upstreams, ..status })
}

fn unavailable(refusal: Refusal) -> Status {
    let code = error_answer::status(&refusal).as_u16();
    let error = Some(refusal.to_string());
    match refusal {
        Refusal::Call(CallError::InsufficientCredits { link, .. }) => {
            let link = Some(link.unwrap_or_default());
            Status { error, code: Some(code), kind: Some("NOT_ENOUGH"), link, ..Status::default() }
        }
        _ => Status { error, code: Some(code), ..Status::default() },
    }
}

async fn check(exchange: &Exchange, caller: Option<&Principal>) -> Result<(), Refusal> {
    let (state, settings) = (&exchange.service.state, &exchange.service.settings);
    state.readiness.check()?;
    let is_charged = settings.billing != BillingMode::Off;
    if let Some(caller) = caller.filter(|_| is_charged) {
        let account = state.accounts.get(caller.account).await?.ok_or(Refusal::Unauthenticated)?;
        let balance = account.balance.available();
        if balance.is_zero() || balance.is_negative() {
            let needed = Credits::from_units(1);
            let link = settings.payment_link.clone();
            return Err(CallError::InsufficientCredits { balance, needed, link }.into());
        }
    }
    let snapshot = state.snapshots.current();
    let query = Query::parse(exchange.request.query_string());
    match query.text("model") {
        Some(model) => {
            let candidates = resolves(&snapshot, model, is_charged)?;
            Ok(state.runner.reachable(candidates)?)
        }
        None if snapshot.providers().iter().any(|provider| provider.enabled) => Ok(()),
        None => Err(CallError::Unavailable {
            message: "No providers available".into(),
            code: "provider_unavailable",
            retry_after: Duration::from_secs(30),
        }
        .into()),
    }
}

/// Whether the model can be called in any way. Of several refusals the most telling counts: a model
/// without a price for chat may have one for embeddings.
fn resolves(snapshot: &Snapshot, model: &str, is_priced: bool) -> Result<Candidates, CallError> {
    let mut refusal = None;
    for call_type in CallType::ALL {
        match snapshot.resolve(model, call_type, is_priced) {
            Ok(candidates) => return Ok(candidates),
            Err(CallError::ModelNotPriced { model }) => {
                refusal.get_or_insert(CallError::ModelNotPriced { model });
            }
            Err(other) => return Err(other),
        }
    }
    refusal.map_or_else(|| Ok(Candidates::new()), Err)
}
