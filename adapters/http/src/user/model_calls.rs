//! `GET /api/user/model-calls`, a page of records, and one of them.

use actix_web::HttpResponse;
use hub_domain::error::CallError;
use hub_domain::ports::{CallFilter, CallStatus, Scope, UnixMillis};
use hub_domain::routing::Snapshot;
use hub_domain::vocabulary::{CallType, Principal, Role};
use serde::Serialize;

use super::record::{CallJson, View, provider_id};
use crate::exchange::Exchange;
use crate::query::{Query, bad};
use crate::refusal::Refusal;

const DEFAULT_PAGE_SIZE: u64 = 50;
const MAX_PAGE_SIZE: u64 = 100;
/// Far beyond any history; keeps the offset in range.
const MAX_PAGE: u64 = 1_000_000_000;

#[derive(Serialize)]
struct Page {
    count: u64,
    list: Vec<CallJson>,
    paging: Paging,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Paging {
    page: u64,
    page_size: u64,
}

pub(crate) async fn model_calls(exchange: &Exchange, caller: &Principal) -> Result<HttpResponse, Refusal> {
    let state = &exchange.service.state;
    let query = Query::parse(exchange.request.query_string());
    let snapshot = state.snapshots.current();
    let scope = scope(&query, caller)?;
    let (filter, paging) = filter(&query, &snapshot)?;
    let found = state.history.page(scope, &filter).await?;
    let view = View { snapshot: &snapshot, is_operator: is_operator(caller) };
    let list = found.records.into_iter().map(|record| view.call(record)).collect();
    Ok(HttpResponse::Ok().json(Page { count: found.total, list, paging }))
}

/// An id of somebody else's is answered as one that was never given out.
pub(crate) async fn model_call(exchange: &Exchange, caller: &Principal) -> Result<HttpResponse, Refusal> {
    let state = &exchange.service.state;
    let scope = scope(&Query::parse(exchange.request.query_string()), caller)?;
    let id = exchange.request.match_info().get("id").and_then(|id| id.parse().ok());
    let record = match id {
        Some(id) => state.history.find(scope, id).await?,
        None => None,
    };
    let snapshot = state.snapshots.current();
    let view = View { snapshot: &snapshot, is_operator: is_operator(caller) };
    Ok(HttpResponse::Ok().json(view.detail(record.ok_or(Refusal::UnknownRecord)?)))
}

pub(crate) fn is_operator(caller: &Principal) -> bool {
    matches!(caller.role, Role::Owner | Role::Admin)
}

/// A caller's own calls, or with `allUsers` everybody's, for those who may see them.
fn scope(query: &Query<'_>, caller: &Principal) -> Result<Scope, CallError> {
    match query.flag("allUsers")? {
        false => Ok(Scope::Account(caller.account)),
        true if is_operator(caller) => Ok(Scope::All),
        true => Err(CallError::Forbidden {
            message: "only owners and admins see the calls of all users".into(),
            code: "forbidden",
        }),
    }
}

fn filter(query: &Query<'_>, snapshot: &Snapshot) -> Result<(CallFilter, Paging), CallError> {
    let page = query.clamped("page", 1, 1, MAX_PAGE)?;
    let page_size = query.clamped("pageSize", DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE)?;
    let (from, to) = query.time_range()?;
    let millis = |seconds: i64| UnixMillis(seconds.saturating_mul(1000));
    let filter = CallFilter {
        from: from.map(millis),
        to: to.map(millis),
        model: query.short_text("model", 256)?,
        provider: query.short_text("providerId", 100)?.map(|given| provider_name(snapshot, given)),
        status: status(query)?,
        call_type: call_type(query)?,
        app_did: query.short_text("appDid", 256)?,
        search: query.short_text("search", 100)?,
        min_duration_ms: match query.text("minDurationSeconds") {
            Some(_) => Some(query.clamped("minDurationSeconds", 0, 0, 86_400)? * 1000),
            None => None,
        },
        offset: (page - 1) * page_size,
        limit: u32::try_from(page_size).unwrap_or(u32::MAX),
    };
    Ok((filter, Paging { page, page_size }))
}

/// Records keep a provider's name; clients know it by the id that lists show, or by name.
fn provider_name(snapshot: &Snapshot, given: String) -> String {
    let by_id = snapshot.providers().iter().find(|provider| provider_id(provider) == given);
    by_id.map(|provider| provider.name.to_string()).unwrap_or(given)
}

fn status(query: &Query<'_>) -> Result<Option<CallStatus>, CallError> {
    match query.text("status") {
        None | Some("all") => Ok(None),
        Some("success") => Ok(Some(CallStatus::Success)),
        Some("failed") => Ok(Some(CallStatus::Failed)),
        Some("processing") => Ok(Some(CallStatus::Processing)),
        Some(_) => Err(bad("status", "must be `success`, `failed`, `processing` or `all`")),
    }
}

fn call_type(query: &Query<'_>) -> Result<Option<CallType>, CallError> {
    match query.text("type") {
        None | Some("all") => Ok(None),
        Some(name) => CallType::from_name(name).map(Some).ok_or_else(|| {
            bad("type", &format!("must be `all` or one of {}", CallType::ALL.map(CallType::name).join(", ")))
        }),
    }
}
