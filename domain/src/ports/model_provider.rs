//! Upstream AI APIs.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;

use crate::error::ProviderError;
use crate::routing::Candidate;
use crate::vocabulary::{Frame, Request};

/// One try to have a request answered.
#[derive(Clone)]
pub struct Attempt {
    pub request: Arc<Request>,
    pub candidate: Candidate,
    /// The output limit to send, for each answer.
    pub output_limit: Option<u64>,
    /// W3C trace context to pass on.
    pub traceparent: Option<String>,
    /// What is left of the call's time.
    pub time_left: Duration,
}

/// Frames as they come; the stream ends after the frame with [`crate::vocabulary::Event::End`].
/// An end without it means that the upstream broke off. Dropping it closes the connection.
pub type FrameStream = Pin<Box<dyn Stream<Item = Result<Frame, ProviderError>> + Send>>;

/// An answer whose head has come.
pub struct UpstreamAnswer {
    pub frames: FrameStream,
    /// The upstream's own id of the request.
    pub upstream_id: Option<String>,
    /// Fields of the request that this provider has no word for and does without.
    pub dropped: Vec<String>,
}

#[async_trait]
pub trait ModelProvider: Send + Sync {
    /// Sends the request and waits for the head of the answer.
    async fn start(&self, attempt: Attempt) -> Result<UpstreamAnswer, ProviderError>;

    /// Checks address and credential without spending anything.
    async fn test(&self, candidate: &Candidate) -> Result<(), ProviderError>;
}
