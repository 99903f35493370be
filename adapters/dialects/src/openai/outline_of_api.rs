//! Signatures whose bodies follow.

use std::fmt::Display;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use hub_domain::error::{CallError, ProviderError, UpstreamClass};
use hub_domain::vocabulary::{CallType, Canonical, Frame, Receipt, Request};

use super::{AnswerStyle, UpstreamTarget};

/// A Chat Completions request.
pub fn decode_chat(_body: &Bytes) -> Result<Canonical, CallError> {
    Err(CallError::Internal { detail: "not yet".into() })
}

/// An Embeddings request.
pub fn decode_embeddings(_body: &Bytes) -> Result<Canonical, CallError> {
    Err(CallError::Internal { detail: "not yet".into() })
}

/// A non-streamed answer.
#[derive(Debug)]
pub struct WholeEncoder {
    _style: AnswerStyle,
}

impl WholeEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { _style: style }
    }

    pub fn push(&mut self, _frame: &Frame) {}

    pub fn finish(self, _receipt: &Receipt) -> Bytes {
        Bytes::new()
    }
}

/// A streamed answer.
#[derive(Debug)]
pub struct StreamEncoder {
    _style: AnswerStyle,
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { _style: style }
    }

    pub fn frame(&mut self, _frame: &Frame, _out: &mut BytesMut) {}

    pub fn settled(&mut self, _receipt: &Receipt, _out: &mut BytesMut) {}

    pub fn failed(&mut self, _error: &CallError, _out: &mut BytesMut) {}
}

fn not_yet() -> ProviderError {
    ProviderError {
        class: UpstreamClass::BadAnswer,
        status: None,
        code: None,
        param: None,
        message: "not yet".into(),
        retry_after: None,
        maybe_executed: false,
    }
}

/// The request's body for an upstream of this dialect.
pub fn encode_request(_request: &Request, _target: &UpstreamTarget<'_>) -> Result<Bytes, ProviderError> {
    Err(not_yet())
}

/// The frames of a streamed answer.
pub fn decode_stream<S, E>(
    bytes: S,
    _call_type: CallType,
) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    use futures_util::StreamExt;
    Box::pin(bytes).map(|_| Err(not_yet()))
}

/// A whole answer as one frame, with all its events.
pub fn decode_whole(_body: Bytes, _call_type: CallType) -> Result<Frame, ProviderError> {
    Err(not_yet())
}

/// What an upstream's error answer means.
pub fn decode_error(status: u16, retry_after: Option<Duration>, _body: &[u8]) -> ProviderError {
    ProviderError { status: Some(status), retry_after, ..not_yet() }
}
