//! Headers that every answer has, and what browsers ask beforehand.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, HttpResponseBuilder, http::StatusCode};

use crate::exchange::Exchange;
use crate::request_id::X_REQUEST_ID;
use crate::routes::Route;
use crate::surface::Surface;

/// The id under which a call is recorded.
pub(crate) const X_CALL_ID: HeaderName = HeaderName::from_static("x-aigne-hub-call-id");

/// Fields of the request that the model's provider has no word for and does without.
pub(crate) const X_DROPPED: HeaderName = HeaderName::from_static("x-aigne-hub-dropped");

/// The name of `x-request-id` with Anthropic.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// What scripts of other origins may read of an answer.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, request-id, x-aigne-hub-call-id, x-aigne-hub-dropped, x-should-retry, retry-after, \
     idempotent-replay, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, \
     x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, \
     x-ratelimit-reset-tokens, anthropic-ratelimit-requests-limit, anthropic-ratelimit-requests-remaining, \
     anthropic-ratelimit-requests-reset, anthropic-ratelimit-tokens-limit, \
     anthropic-ratelimit-tokens-remaining, anthropic-ratelimit-tokens-reset",
);

pub(crate) fn stamp(response: &mut HttpResponse, exchange: &Exchange) {
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, exchange.request_id.header());
    if exchange.surface == Surface::Anthropic {
        headers.insert(REQUEST_ID, exchange.request_id.header());
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    // Bearer tokens are never sent by a browser on its own, so any origin may ask; no credentials.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// What a path can be asked with.
pub(crate) fn allow(methods: &[Route]) -> String {
    let mut names: Vec<_> = methods.iter().map(|route| route.method.as_str()).collect();
    names.push("OPTIONS");
    names.join(", ")
}

/// The answer to `OPTIONS`.
pub(crate) fn preflight(methods: &[Route]) -> HttpResponse {
    let allow = allow(methods);
    HttpResponseBuilder::new(StatusCode::NO_CONTENT)
        .insert_header((ALLOW, allow.as_str()))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, allow.as_str()))
        // `*` does not cover `authorization`.
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "authorization, *"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
