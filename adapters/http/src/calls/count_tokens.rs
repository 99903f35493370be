//! `POST /v1/messages/count_tokens`: how many tokens a request has, by the hub's own count. It records nothing,
//! calls nobody and costs nothing.

use actix_web::{HttpResponse, web};
use hub_dialects::anthropic::{Purpose, decode_messages};
use hub_domain::vocabulary::Principal;
use serde::Serialize;

use super::incoming;
use crate::exchange::Exchange;
use crate::refusal::Refusal;

#[derive(Serialize)]
struct Counted {
    input_tokens: u64,
}

pub(crate) async fn count_tokens(
    exchange: &Exchange,
    caller: &Principal,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let _admitted = exchange.service.admission.admit(caller)?;
    let body = incoming::body(exchange, payload).await?;
    let canonical = decode_messages(&body, Purpose::Count)?;
    let request = incoming::messages(canonical, body, exchange.headers());
    let input_tokens = exchange.service.state.runner.count_input(&request).await?;
    Ok(HttpResponse::Ok().json(Counted { input_tokens }))
}
