//! `GET /api/v2/status`: whether a call would be admitted. Always 200; the body tells.

use std::time::Duration;

use actix_web::HttpResponse;
use hub_domain::error::CallError;
use hub_domain::money::Credits;
use hub_domain::ports::BillingMode;
use hub_domain::routing::Snapshot;
use hub_domain::vocabulary::{CallType, Principal};
use serde::Serialize;

use crate::error_answer;
use crate::exchange::Exchange;
use crate::query::Query;
use crate::refusal::Refusal;

#[derive(Serialize)]
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
}

/// `caller` is nobody for anonymous requests and for keys that are not valid.
pub(crate) async fn status(exchange: &Exchange, caller: Result<Option<Principal>, Refusal>) -> HttpResponse {
    let checked = match caller {
        Ok(caller) => check(exchange, caller.as_ref()).await,
        Err(refusal) => Err(refusal),
    };
    HttpResponse::Ok().json(match checked {
        Ok(()) => Status { available: true, error: None, code: None, kind: None, link: None },
        Err(refusal) => unavailable(refusal),
    })
}

fn unavailable(refusal: Refusal) -> Status {
    let code = error_answer::status(&refusal).as_u16();
    let error = Some(refusal.to_string());
    match refusal {
        Refusal::Call(CallError::InsufficientCredits { link, .. }) => {
            let link = Some(link.unwrap_or_default());
            Status { available: false, error, code: Some(code), kind: Some("NOT_ENOUGH"), link }
        }
        _ => Status { available: false, error, code: Some(code), kind: None, link: None },
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
        Some(model) => resolves(&snapshot, model, is_charged).map_err(Refusal::from),
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
fn resolves(snapshot: &Snapshot, model: &str, is_priced: bool) -> Result<(), CallError> {
    let mut refusal = None;
    for call_type in CallType::ALL {
        match snapshot.resolve(model, call_type, is_priced) {
            Ok(_) => return Ok(()),
            Err(CallError::ModelNotPriced { model }) => {
                refusal.get_or_insert(CallError::ModelNotPriced { model });
            }
            Err(other) => return Err(other),
        }
    }
    refusal.map_or(Ok(()), Err)
}
