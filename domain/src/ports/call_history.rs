//! Records of calls, as their owners and operators see them.

use async_trait::async_trait;

use crate::ids::{AccountId, CallId, KeyId};
use crate::money::Credits;
use crate::ports::{AttemptRecord, StorageError, Timings, UnixMillis};
use crate::rates::PriceLine;
use crate::usage::Usage;
use crate::vocabulary::CallType;

/// Whose records may be seen. There is no query without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Account(AccountId),
    /// The operator.
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallStatus {
    Processing,
    Success,
    Failed,
}

impl CallStatus {
    pub const fn name(self) -> &'static str {
        match self {
            CallStatus::Processing => "processing",
            CallStatus::Success => "success",
            CallStatus::Failed => "failed",
        }
    }
}

/// One ModelCall.
#[derive(Debug, Clone)]
pub struct CallRecord {
    pub id: CallId,
    pub account: AccountId,
    pub account_name: String,
    pub did: Option<String>,
    pub key: Option<KeyId>,
    pub app_did: Option<String>,
    pub provider: String,
    pub model: String,
    pub credential: Option<String>,
    pub call_type: CallType,
    pub stream: bool,
    pub status: CallStatus,
    /// `held`, `settled` or `voided`.
    pub state: String,
    pub reason: Option<String>,
    pub error: Option<String>,
    pub finish_reason: Option<String>,
    pub billing: String,
    pub rate_version: Option<i32>,
    pub hold: Credits,
    pub charge: Credits,
    pub overrun: Credits,
    pub usage: Option<Usage>,
    pub lines: Vec<PriceLine>,
    pub timings: Timings,
    /// Every try upstream, also where there was one and all went well.
    pub attempts: Vec<AttemptRecord>,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub upstream_id: Option<String>,
    pub instance: String,
    pub accepted: UnixMillis,
    pub closed: Option<UnixMillis>,
}

impl CallRecord {
    /// Completes the tries. One try that succeeded is the usual case and has no row of its own: it is what
    /// the call itself tells.
    pub fn with_own_attempt(mut self) -> Self {
        if self.state == "settled" && self.attempts.is_empty() {
            self.attempts.push(AttemptRecord {
                provider: self.provider.clone(),
                model: self.model.clone(),
                credential: self.credential.as_ref().and_then(|id| id.parse().ok()),
                started: self.accepted,
                duration_ms: self.timings.duration_ms,
                error: None,
                status: None,
                maybe_executed: false,
            });
        }
        self
    }
}

/// What records are wanted.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    pub from: Option<UnixMillis>,
    pub to: Option<UnixMillis>,
    /// A part of the model's name.
    pub model: Option<String>,
    pub provider: Option<String>,
    pub status: Option<CallStatus>,
    pub call_type: Option<CallType>,
    pub app_did: Option<String>,
    /// A text sought in model, trace id, id and user DID.
    pub search: Option<String>,
    pub min_duration_ms: Option<u64>,
    pub offset: u64,
    /// At most 100.
    pub limit: u32,
}

/// Newest first.
#[derive(Debug, Clone)]
pub struct CallPage {
    pub total: u64,
    pub records: Vec<CallRecord>,
}

/// Calls of one model, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUsage {
    pub provider: String,
    pub model: String,
    pub calls: u64,
}

#[async_trait]
pub trait CallHistory: Send + Sync {
    async fn page(&self, scope: Scope, filter: &CallFilter) -> Result<CallPage, StorageError>;
    /// A foreign id is as unknown as one that was never given out.
    async fn find(&self, scope: Scope, id: CallId) -> Result<Option<CallRecord>, StorageError>;
    /// The models with the most calls in a time, and how many models there were.
    async fn most_used(
        &self,
        scope: Scope,
        from: UnixMillis,
        to: UnixMillis,
        limit: u32,
    ) -> Result<(Vec<ModelUsage>, u64), StorageError>;
}
