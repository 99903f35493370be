//! The ledger of calls: holds, charges and voids.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::ending::{Division, Outcome};
use crate::ids::{AccountId, CallId, CredentialId, InstanceEpoch, KeyId, RateId};
use crate::money::{AmountOutOfRange, Credits};
use crate::ports::{BillingMode, Claim, ClaimState, SealedAnswer, StorageError, UnixMillis};
use crate::quote::{Quote, Reserved, Shortfall};
use crate::usage::Usage;
use crate::vocabulary::CallType;

/// What a call is paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Billing {
    /// Credits of the account.
    Credit,
    /// Nothing (`billing.mode = "off"`).
    None,
}

impl Billing {
    pub const fn name(self) -> &'static str {
        match self {
            Billing::Credit => "credit",
            Billing::None => "none",
        }
    }
}

/// Which upstream serves a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub provider: Arc<str>,
    /// The model's name at the provider.
    pub model: Arc<str>,
    pub credential: Option<CredentialId>,
}

/// The intent to run a call, to be recorded before a byte goes upstream.
#[derive(Debug, Clone)]
pub struct NewCall {
    pub id: CallId,
    pub account: AccountId,
    pub key: Option<KeyId>,
    /// The calling application, where the client names one.
    pub app_did: Option<String>,
    pub served: Served,
    pub call_type: CallType,
    pub stream: bool,
    /// The version of the prices that the call is quoted with; `None` when it is not charged.
    pub rate: Option<RateId>,
    pub billing: Billing,
    pub quote: Quote,
    pub by: InstanceEpoch,
    /// From now on, in the database's time; a call that is open a minute longer is stale.
    pub time_limit: Duration,
    pub request_id: Option<String>,
    /// W3C trace id, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// Claims an idempotency key together with the hold.
    pub claim: Option<Claim>,
}

/// A call whose hold is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldCall {
    pub reserved: Reserved,
}

/// Why a call was not opened. Nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HoldError {
    /// The caller can top up.
    #[error(transparent)]
    Insufficient(#[from] Shortfall),
    #[error(transparent)]
    OutOfRange(#[from] AmountOutOfRange),
    #[error("there is no such account")]
    UnknownAccount,
    /// The idempotency key is taken.
    #[error("the idempotency key is in use")]
    Claimed(ClaimState),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// One try upstream; those from the second on are rows of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    pub provider: String,
    pub model: String,
    pub credential: Option<CredentialId>,
    /// Unix milliseconds.
    pub started: UnixMillis,
    pub duration_ms: u64,
    /// The error's class, or nothing where the try succeeded.
    pub error: Option<String>,
    /// The upstream's HTTP status.
    pub status: Option<u16>,
    /// The request may have been executed though no answer came.
    pub maybe_executed: bool,
}

/// How long things took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    pub duration_ms: u64,
    /// To the first content event sent to the client.
    pub ttfb_ms: Option<u64>,
    /// From the start of the last attempt to its first content event.
    pub provider_ttfb_ms: Option<u64>,
}

/// The one ending of a call.
#[derive(Debug, Clone)]
pub struct Closing {
    pub call: CallId,
    pub account: AccountId,
    pub by: InstanceEpoch,
    pub outcome: Outcome,
    /// Why, in one word, for all but plain successes.
    pub reason: Option<String>,
    /// The error's text as the client saw it, at most 1,000 characters.
    pub error: Option<String>,
    /// Releases the whole hold and charges nothing; `division` is empty then.
    pub void: bool,
    pub served: Served,
    /// The version of the prices of the route that was taken; `None` when the call is not charged.
    pub rate: Option<RateId>,
    pub usage: Usage,
    pub division: Division,
    /// The mode that an outbox event is written for when something is charged.
    pub mode: BillingMode,
    pub timings: Timings,
    pub attempts: SmallVec<[AttemptRecord; 1]>,
    /// The finish reason, as the client saw it.
    pub finish_reason: Option<String>,
    /// The upstream's own id of the request or the answer.
    pub upstream_id: Option<String>,
    pub idempotency: ClaimEnd,
}

/// What becomes of a call's idempotency claim.
#[derive(Debug, Clone, Default)]
pub enum ClaimEnd {
    /// There is none.
    #[default]
    None,
    /// The answer is kept.
    Keep(SealedAnswer),
    /// The answer was too large, or was not delivered whole: a repeat is told so.
    NotKept,
    /// The call cost nothing: the key may be used again.
    Release,
}

/// How a closing went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It was recorded, now or by an earlier try of the same closing.
    Done { charge: Credits },
    /// Somebody else (the reaper) ended the call before, with this charge.
    Before { charge: Credits, outcome: Outcome },
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum CloseError {
    /// There is no such call.
    #[error("there is no such call")]
    Unknown,
    #[error(transparent)]
    OutOfRange(#[from] AmountOutOfRange),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Holds, posts and voids credits. Every method is one atomic step: it happened, or it did not.
///
/// A caller may drop the future at any time; a step that has begun runs to its end.
#[async_trait]
pub trait CallLedger: Send + Sync {
    /// Records the call as `processing`, reserves on its account what the quote takes of the available
    /// balance ([`Quote::size`]), and claims its idempotency key. Committed before it returns.
    async fn open(&self, call: NewCall) -> Result<HeldCall, HoldError>;

    /// Ends the call: posts the charge (never more than was held), posts the overrun between the
    /// system's accounts, releases the rest and queues the usage event. Repeating it changes nothing.
    async fn close(&self, closing: Arc<Closing>) -> Result<Closed, CloseError>;

    /// Ends as `failed`, `stale` every open call of earlier epochs of this instance. How many.
    async fn close_earlier_epochs(&self, by: &InstanceEpoch) -> Result<u64, StorageError>;

    /// Ends as `failed`, `stale` at most `limit` open calls whose owner's lease has been over for
    /// `lease_slack`, or whose time limit has been over for a minute. How many.
    async fn close_stale(&self, lease_slack: Duration, limit: u32) -> Result<u64, StorageError>;

    /// Open calls and what they hold, over all accounts.
    async fn open_holds(&self) -> Result<(u64, Credits), StorageError>;
}
