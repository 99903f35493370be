//! `POST /api/v2/quote`: what a chat call would cost at most. Records nothing and calls nobody.

use actix_web::{HttpResponse, web};
use hub_domain::ids::RateId;
use hub_domain::money::Credits;
use hub_domain::ports::Estimate;
use hub_domain::quote::Reserved;
use hub_domain::rates::PriceLine;
use hub_domain::vocabulary::{CallType, Principal};
use serde::Serialize;

use super::incoming;
use crate::exchange::Exchange;
use crate::json_number;
use crate::refusal::Refusal;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QuoteJson {
    /// `provider/model`.
    model: String,
    #[serde(rename = "type")]
    call_type: CallType,
    rate_id: Option<RateId>,
    rate_version: Option<i32>,
    /// What the whole of what was asked costs at most, and how that comes about.
    #[serde(flatten)]
    full: ReservedJson,
    price_lines: Vec<PriceLine>,
    /// The available balance, in credits.
    balance: Credits,
    /// The balance pays for the whole of what was asked.
    covered: bool,
    /// What a call would reserve now, its output limit lowered where the balance is short; nothing where
    /// it would be refused with 402.
    hold: Option<ReservedJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReservedJson {
    #[serde(serialize_with = "json_number::credits")]
    credits: Credits,
    /// Tokens of output for each choice.
    output_limit: Option<u64>,
}

impl From<Reserved> for ReservedJson {
    fn from(reserved: Reserved) -> Self {
        Self { credits: reserved.hold, output_limit: reserved.output_limit }
    }
}

impl QuoteJson {
    fn of(estimate: Estimate, call_type: CallType) -> Self {
        Self {
            call_type,
            rate_id: estimate.rate,
            rate_version: estimate.rate_version,
            covered: estimate.full.hold.is_zero() || estimate.full.hold <= estimate.balance,
            full: estimate.full.into(),
            price_lines: estimate.lines,
            balance: estimate.balance.max(Credits::ZERO),
            hold: estimate.covered.map(ReservedJson::from),
            model: estimate.model,
        }
    }
}

pub(crate) async fn quote(
    exchange: &Exchange,
    caller: &Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let _admitted = exchange.service.admission.admit(caller)?;
    let body = incoming::body(exchange, payload).await?;
    let request = incoming::chat(exchange, body)?;
    let estimate = exchange.service.state.runner.quote(caller, &request).await?;
    Ok(HttpResponse::Ok().json(QuoteJson::of(estimate, request.canonical.call_type())))
}
