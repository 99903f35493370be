//! `GET /api/user/usage-stats`: the models that a user calls most.

use actix_web::HttpResponse;
use hub_domain::ports::{Scope, UnixMillis};
use hub_domain::vocabulary::Principal;
use serde::Serialize;

use super::model_calls::is_operator;
use super::record::{ProviderJson, View};
use crate::exchange::Exchange;
use crate::query::{Query, bad};
use crate::refusal::Refusal;

const TOP: u32 = 5;
const MAX_RANGE_SECONDS: i64 = 400 * 86_400;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageStats {
    model_stats: ModelStats,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelStats {
    list: Vec<ModelCalls>,
    total_model_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelCalls {
    provider_id: String,
    provider: Option<ProviderJson>,
    model: String,
    total_calls: u64,
}

pub(crate) async fn usage_stats(exchange: &Exchange, caller: &Principal) -> Result<HttpResponse, Refusal> {
    let state = &exchange.service.state;
    let query = Query::parse(exchange.request.query_string());
    let (from, to) = match query.time_range()? {
        (Some(from), Some(to)) => (from, to),
        (None, _) => return Err(bad("startTime", "is required, in Unix seconds").into()),
        (_, None) => return Err(bad("endTime", "is required, in Unix seconds").into()),
    };
    if to - from > MAX_RANGE_SECONDS {
        return Err(bad("endTime", "must be at most 400 days after `startTime`").into());
    }
    let millis = |seconds: i64| UnixMillis(seconds.saturating_mul(1000));
    let scope = Scope::Account(caller.account);
    let (models, total_model_count) = state.history.most_used(scope, millis(from), millis(to), TOP).await?;
    let snapshot = state.snapshots.current();
    let view = View { snapshot: &snapshot, is_operator: is_operator(caller) };
    let list = models
        .into_iter()
        .map(|used| {
            let provider = view.provider(&used.provider);
            ModelCalls {
                provider_id: provider.as_ref().map(|provider| provider.id().to_owned()).unwrap_or_default(),
                provider,
                model: used.model,
                total_calls: used.calls,
            }
        })
        .collect();
    Ok(HttpResponse::Ok().json(UsageStats { model_stats: ModelStats { list, total_model_count } }))
}
