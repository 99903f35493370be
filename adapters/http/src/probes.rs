//! What orchestrators and monitoring ask.

use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;
use serde_json::json;

use crate::exchange::Exchange;

/// The process lives.
pub(crate) fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// New calls are welcome.
pub(crate) fn ready(exchange: &Exchange) -> HttpResponse {
    match exchange.service.state.readiness.announced() {
        Ok(()) => HttpResponse::Ok().json(json!({ "status": "ready" })),
        Err(not_ready) => HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, not_ready.retry_after.as_secs().max(1)))
            .json(json!({ "status": "not_ready", "reason": not_ready.reason })),
    }
}

pub(crate) async fn metrics(exchange: &Exchange) -> HttpResponse {
    let text = exchange.service.state.observer.metrics().await;
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}
