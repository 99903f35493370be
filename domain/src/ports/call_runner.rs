//! The inbound port: every entrance runs its calls here.

use async_trait::async_trait;

use crate::error::CallError;
use crate::ids::{CallId, RateId};
use crate::ports::{IdempotencyRequest, KeptAnswer};
use crate::quote::{Quote, Reserved};
use crate::rates::PriceLine;
use crate::routing::Candidates;
use crate::upstream_health::Trouble;
use crate::vocabulary::{Answer, Principal, Request};

/// A request with what came beside its body.
pub struct IncomingCall {
    pub request: Request,
    pub idempotency: Option<IdempotencyRequest>,
    pub request_id: String,
    /// `traceparent` as the client sent it.
    pub traceparent: Option<String>,
    /// The calling application, where the client names one.
    pub app_did: Option<String>,
}

pub enum RunOutcome {
    Answer(Answer),
    /// The answer that was given to an equal request before.
    Replay {
        call: CallId,
        answer: KeptAnswer,
    },
    /// The call went upstream, stands in the records and failed before its first content.
    Failed {
        call: CallId,
        error: CallError,
    },
}

/// What a call would cost at most.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// `provider/model`.
    pub model: String,
    pub rate: Option<RateId>,
    pub rate_version: Option<i32>,
    pub quote: Quote,
    /// The whole of what was asked.
    pub full: Reserved,
    /// How `full` comes about; empty where nothing is charged.
    pub lines: Vec<PriceLine>,
    /// What the balance pays for; `None` when it pays for no useful answer.
    pub covered: Option<Reserved>,
    /// The available balance, in credits.
    pub balance: crate::money::Credits,
}

/// Runs a call from admission to settlement. http and every other entrance call it; the program
/// implements it.
#[async_trait]
pub trait CallRunner: Send + Sync {
    /// Returns with the first content event, for a stream at the latest after 15 s. Dropping the
    /// future or the answer means that the client is gone; the call still settles. An `Err` was refused
    /// before anything went upstream.
    async fn run(&self, principal: Principal, call: IncomingCall) -> Result<RunOutcome, CallError>;

    /// Tokens of a request's input, as far as the hub itself can tell. Records nothing.
    async fn count_input(&self, request: &Request) -> Result<u64, CallError>;

    /// Whether one of these can be tried now, or why none can. Changes nothing.
    fn reachable(&self, candidates: Candidates) -> Result<(), CallError>;

    /// What is wrong with upstreams now.
    fn troubles(&self) -> Vec<Trouble>;

    /// Prices a request and records nothing.
    async fn quote(&self, principal: &Principal, request: &Request) -> Result<Estimate, CallError>;
}
