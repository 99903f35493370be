//! A provider that answers what a test wrote.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_core::Stream;
use smallvec::smallvec;

use crate::error::{ProviderError, UpstreamClass};
use crate::ports::{Attempt, ModelProvider, UpstreamAnswer};
use crate::routing::Candidate;
use crate::vocabulary::{Event, Frame};

/// What one attempt meets: an error instead of an answer, or pieces of an answer.
pub type Script = Result<Vec<Result<Event, ProviderError>>, ProviderError>;

/// Plays one script for each attempt, in their order; an attempt too many is refused.
#[derive(Default)]
pub struct ScriptedProvider {
    scripts: Mutex<VecDeque<Script>>,
    attempts: Mutex<Vec<Attempt>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ScriptedProvider {
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: Mutex::new(scripts.into_iter().collect()), attempts: Mutex::default() }
    }

    /// What was asked so far.
    pub fn attempts(&self) -> Vec<Attempt> {
        lock(&self.attempts).clone()
    }
}

struct Played(VecDeque<Result<Event, ProviderError>>);

impl Stream for Played {
    type Item = Result<Frame, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.0.pop_front();
        Poll::Ready(next.map(|event| event.map(|event| Frame { raw: None, events: smallvec![event] })))
    }
}

#[async_trait]
impl ModelProvider for ScriptedProvider {
    async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError> {
        lock(&self.attempts).push(attempt);
        let script = lock(&self.scripts).pop_front().unwrap_or_else(|| {
            Err(ProviderError {
                class: UpstreamClass::Overloaded,
                status: None,
                code: None,
                param: None,
                message: "the script has no further answer".to_owned(),
                retry_after: None,
                maybe_executed: false,
            })
        });
        Ok(UpstreamAnswer {
            frames: Box::pin(Played(script?.into())),
            upstream_id: None,
            dropped: Vec::new(),
        })
    }

    async fn test(&self, _: &Candidate) -> Result<(), ProviderError> {
        Ok(())
    }
}
