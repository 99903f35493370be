//! Ports: what the domain needs of the world, and (`CallRunner`) what the world may ask of it.
//!
//! Each is an object-safe trait. An implementation passes the port's contract test (feature
//! `contract`); the in-memory ones in [`crate::memory`] do too.

mod accounts;
mod audit;
mod call_history;
mod call_ledger;
mod call_runner;
mod clock;
#[cfg(feature = "contract")]
pub mod contract;
mod egress;
mod health;
mod idempotency;
mod identity_verifier;
mod jobs;
mod key_store;
mod leases;
mod model_book;
mod model_provider;
mod outbox;
mod provider_book;
mod rate_book;
mod readiness;
mod sealed_rows;
mod secrets;
mod snapshots;
mod storage_error;
mod token_counter;
mod upstream_reports;
mod usage_reporter;

pub use accounts::{Account, Accounts, AccountsError, Balance, Grant, NewAccount};
pub use audit::{AuditCounts, AuditReport, Auditor, Finding};
pub use call_history::{CallFilter, CallHistory, CallPage, CallRecord, CallStatus, ModelUsage, Scope};
pub use call_ledger::{
    AttemptRecord, Billing, CallLedger, ClaimEnd, CloseError, Closed, Closing, HeldCall, HoldError, NewCall,
    Served, Timings,
};
pub use call_runner::{CallRunner, Estimate, IncomingCall, RunOutcome};
pub use clock::{Clock, UnixMillis};
pub use egress::{Egress, EgressError, Fetched};
pub use health::{Health, HealthReport};
pub use idempotency::{
    AnswerRecorder, Answers, Claim, ClaimState, IdempotencyRequest, KeptAnswer, SealedAnswer,
};
pub use identity_verifier::{AuthError, IdentityVerifier, Presented};
pub use jobs::{Fence, Jobs};
pub use key_store::{KeyRecord, KeyStore, KeyStoreError, NewKey};
pub use leases::{LeaseError, Leases};
pub use model_book::{ModelBook, ModelBookError, NewVirtualModel};
pub use model_provider::{Attempt, FrameStream, ModelProvider, UpstreamAnswer};
pub use outbox::{BillingMode, Outbox, UsageEvent};
pub use provider_book::{
    CredentialRecord, NewProvider, ProviderBook, ProviderBookError, ProviderRecord, ProviderTimeouts,
};
pub use rate_book::{NewRate, RateBook};
pub use readiness::{NotReady, Readiness};
pub use sealed_rows::{SealedCount, SealedKind, SealedPlace, SealedRows};
pub use secrets::{SecretText, Secrets, SecretsError};
pub use snapshots::Snapshots;
pub use storage_error::StorageError;
pub use token_counter::TokenCounter;
pub use upstream_reports::{UpstreamReport, UpstreamReports, UpstreamTrouble};
pub use usage_reporter::{ReportError, UsageReporter};
