//! `Idempotency-Key`: one call, one charge and one answer for equal requests within a day.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, CallId};
use crate::ports::StorageError;
use crate::vocabulary::{AnswerItem, Receipt};

/// A claim on a key, made together with the hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// SHA-256 of account, method, route and key.
    pub scope: [u8; 32],
    /// SHA-256 of the body.
    pub fingerprint: [u8; 32],
}

/// A key that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimState {
    /// The first request is still running.
    InProgress,
    /// The first request was another one.
    Mismatch,
    /// It was answered, but the answer was not kept.
    NotKept,
    Kept {
        call: CallId,
        answer: SealedAnswer,
    },
}

/// An answer, sealed for the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedAnswer(pub Arc<[u8]>);

/// An answer as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl KeptAnswer {
    /// A larger body is not kept.
    pub const MAX_BODY: usize = 1024 * 1024;
}

/// Writes down an answer as it will be sent, so that it can be kept in the same commit as its charge.
pub trait AnswerRecorder: Send {
    /// Told once, before anything else: the call, and the `provider/model` that is asked.
    fn begin(&mut self, call: CallId, model: &str);
    fn push(&mut self, item: &AnswerItem);
    /// The whole answer, ended by this receipt; `None` when it is too large to keep.
    fn finish(self: Box<Self>, receipt: &Receipt) -> Option<KeptAnswer>;
}

/// What an entrance hands over with a request that carries a key.
pub struct IdempotencyRequest {
    pub claim: Claim,
    pub recorder: Box<dyn AnswerRecorder>,
}

/// Kept answers.
#[async_trait]
pub trait Answers: Send + Sync {
    /// What is known of a claim. Answers older than a day are unknown.
    async fn find(&self, account: AccountId, claim: &Claim) -> Result<Option<ClaimState>, StorageError>;
    /// Deletes claims older than a day that belong to no open call. How many.
    async fn prune(&self, limit: u32) -> Result<u64, StorageError>;
}
