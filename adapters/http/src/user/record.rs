//! One call's record as JSON: the contract's columns, and for a single record how its price came about.

use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::ports::{AttemptRecord, CallRecord, CallStatus, UnixMillis};
use hub_domain::rates::PriceLine;
use hub_domain::routing::{Provider, Snapshot};
use hub_domain::usage::Usage;
use hub_domain::vocabulary::CallType;
use serde::Serialize;

use super::account::Profile;
use crate::json_number::{self, TenthsOfSeconds};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallJson {
    id: String,
    provider_id: String,
    model: String,
    credential_id: String,
    #[serde(rename = "type")]
    call_type: CallType,
    /// Tokens, images or seconds, by type.
    total_usage: u64,
    usage_metrics: Option<UsageMetrics>,
    #[serde(serialize_with = "json_number::credits")]
    credits: Credits,
    status: &'static str,
    /// Seconds.
    duration: Option<TenthsOfSeconds>,
    error_reason: Option<String>,
    app_did: Option<String>,
    user_did: String,
    request_id: Option<String>,
    metadata: Metadata,
    /// Unix seconds.
    call_time: i64,
    trace_id: Option<String>,
    /// Milliseconds to the first content sent to the client.
    ttfb: Option<u64>,
    /// Milliseconds to the provider's first content.
    provider_ttfb: Option<u64>,
    created_at: String,
    updated_at: String,
    provider: Option<ProviderJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_info: Option<AppInfo>,
    user_info: Profile,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageMetrics {
    /// Input tokens apart from those read from or written to a cache.
    input_tokens: u64,
    /// Output tokens, reasoning included.
    output_tokens: u64,
    total_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    reasoning_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_of_image_generation: Option<u64>,
    /// Of a text that was read aloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    characters: Option<u64>,
    /// Of audio or video.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    /// Counted by the hub.
    estimated: bool,
    /// The answer was not delivered whole.
    partial: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    stream: bool,
    /// `processing`, `completed` or `failed`.
    phase: &'static str,
    finish_reason: Option<String>,
    /// Why the call ended, in one word, for all but plain successes.
    reason: Option<String>,
    /// The upstream's id of the answer.
    response_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProviderJson {
    id: String,
    name: String,
    display_name: String,
    /// For operators only: it may name a machine of theirs.
    base_url: Option<String>,
    region: Option<String>,
    enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AppInfo {
    app_name: String,
    app_did: String,
    app_logo: &'static str,
    app_url: &'static str,
}

/// What a single record shows on top: where its price comes from, and every try.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallDetailJson {
    #[serde(flatten)]
    call: CallJson,
    /// `held`, `settled` or `voided`.
    state: String,
    billing: String,
    rate_version: Option<i32>,
    #[serde(serialize_with = "json_number::credits")]
    hold: Credits,
    price_lines: Vec<PriceLine>,
    attempts: Vec<AttemptRecord>,
}

/// How much of records a reader may see.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) is_operator: bool,
}

impl View<'_> {
    pub(super) fn call(self, record: CallRecord) -> CallJson {
        let provider = self.provider(&record.provider);
        let usage = record.usage.unwrap_or_default();
        let is_open = record.status == CallStatus::Processing;
        let app_did = record.app_did;
        let user_did = record.did.unwrap_or_else(|| record.account.to_string());
        CallJson {
            id: record.id.to_string(),
            provider_id: provider.as_ref().map(|provider| provider.id.clone()).unwrap_or_default(),
            model: record.model,
            credential_id: record.credential.unwrap_or_default(),
            call_type: record.call_type,
            total_usage: total(record.call_type, &usage),
            usage_metrics: record.usage.as_ref().map(UsageMetrics::of),
            credits: record.charge,
            status: record.status.name(),
            duration: (!is_open).then_some(TenthsOfSeconds { millis: record.timings.duration_ms }),
            error_reason: record.error.or_else(|| record.reason.clone()),
            app_info: app_did.as_deref().filter(|did| is_did(did)).map(AppInfo::of),
            app_did,
            request_id: record.request_id,
            metadata: Metadata {
                stream: record.stream,
                phase: match record.status {
                    CallStatus::Processing => "processing",
                    CallStatus::Success => "completed",
                    CallStatus::Failed => "failed",
                },
                finish_reason: record.finish_reason,
                reason: record.reason,
                response_id: record.upstream_id,
            },
            call_time: record.accepted.seconds(),
            trace_id: record.trace_id,
            ttfb: record.timings.ttfb_ms,
            provider_ttfb: record.timings.provider_ttfb_ms,
            created_at: iso(record.accepted),
            updated_at: iso(record.closed.unwrap_or(record.accepted)),
            provider,
            user_info: Profile::new(user_did.clone(), record.account_name),
            user_did,
        }
    }

    pub(super) fn detail(self, mut record: CallRecord) -> CallDetailJson {
        CallDetailJson {
            state: std::mem::take(&mut record.state),
            billing: std::mem::take(&mut record.billing),
            rate_version: record.rate_version,
            hold: record.hold,
            price_lines: std::mem::take(&mut record.lines),
            attempts: std::mem::take(&mut record.attempts),
            call: self.call(record),
        }
    }

    /// A provider as it is configured now; one that is gone is not shown.
    pub(super) fn provider(self, name: &str) -> Option<ProviderJson> {
        let provider = self.snapshot.providers().iter().find(|provider| &*provider.name == name)?;
        Some(ProviderJson::of(provider, self.is_operator))
    }
}

impl ProviderJson {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn of(provider: &Provider, for_operator: bool) -> Self {
        Self {
            id: provider_id(provider),
            name: provider.name.to_string(),
            display_name: provider.name.to_string(),
            base_url: provider.base_url.as_deref().filter(|_| for_operator).map(str::to_owned),
            region: None,
            enabled: provider.enabled,
        }
    }
}

/// Empty for a provider that stands in the environment only.
pub(crate) fn provider_id(provider: &Provider) -> String {
    provider.id.map(|id| id.to_string()).unwrap_or_default()
}

impl UsageMetrics {
    fn of(usage: &Usage) -> Self {
        let quantities = &usage.quantities;
        let cached = quantities.get(Meter::InputCached);
        let written = [Meter::CacheWrite, Meter::CacheWrite5m, Meter::CacheWrite1h]
            .into_iter()
            .fold(0_u64, |sum, meter| sum.saturating_add(quantities.get(meter)));
        let images = quantities.get(Meter::Image);
        Self {
            input_tokens: quantities.input_tokens().saturating_sub(cached).saturating_sub(written),
            output_tokens: quantities.output_tokens(),
            total_tokens: quantities.total_tokens(),
            cache_creation_input_tokens: written,
            cache_read_input_tokens: cached,
            reasoning_tokens: quantities.get(Meter::OutputReasoning),
            number_of_image_generation: (images > 0).then_some(images),
            characters: Some(quantities.get(Meter::Character)).filter(|characters| *characters > 0),
            seconds: Some(quantities.get(Meter::Second)).filter(|seconds| *seconds > 0),
            estimated: usage.estimated,
            partial: usage.partial,
        }
    }
}

impl AppInfo {
    fn of(did: &str) -> Self {
        Self { app_name: did.to_owned(), app_did: did.to_owned(), app_logo: "", app_url: "" }
    }
}

fn total(call_type: CallType, usage: &Usage) -> u64 {
    match call_type {
        CallType::ChatCompletion | CallType::Embedding => usage.quantities.total_tokens(),
        CallType::ImageGeneration => usage.quantities.get(Meter::Image),
        CallType::Video => usage.quantities.get(Meter::Second),
        CallType::AudioGeneration => {
            let by = [Meter::Second, Meter::Character].map(|meter| usage.quantities.get(meter));
            let counted = by.into_iter().find(|quantity| *quantity > 0);
            counted.unwrap_or_else(|| usage.quantities.total_tokens())
        }
    }
}

/// A base58 DID, bare or as a URI; callers may also name themselves in plain words.
fn is_did(text: &str) -> bool {
    let bare = text.strip_prefix("did:abt:").unwrap_or(text);
    let is_base58 = |byte: u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte);
    (30..=50).contains(&bare.len()) && bare.starts_with('z') && bare.bytes().all(is_base58)
}

/// ISO 8601 in UTC with milliseconds.
fn iso(instant: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(instant.0).map(|instant| format!("{instant:.3}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_shown_once() {
        let mut usage = Usage::default();
        for (meter, tokens) in [(Meter::Input, 100), (Meter::InputCached, 900), (Meter::CacheWrite5m, 7)] {
            usage.quantities.set(meter, tokens);
        }
        let metrics = UsageMetrics::of(&usage);
        assert_eq!((metrics.input_tokens, metrics.cache_read_input_tokens), (100, 900));
        assert_eq!((metrics.cache_creation_input_tokens, metrics.total_tokens), (7, 1007));
    }

    #[test]
    fn instants_have_milliseconds_and_a_z() {
        assert_eq!(iso(UnixMillis(1_700_000_000_000)), "2023-11-14T22:13:20.000Z");
    }

    #[test]
    fn a_caller_in_plain_words_is_no_did() {
        assert!(is_did("z8ia3xzq2tMq8CRHfaXj1BTYJyYnEcHbqP8cJ"));
        assert!(!is_did("@aigne/aigne-hub:devbox"));
    }
}
