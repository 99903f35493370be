//! A streamed answer into frames.

use std::fmt::Display;

use bytes::Bytes;
use futures_core::Stream;
use hub_domain::error::ProviderError;
use hub_domain::vocabulary::{CallType, Frame};

use super::chunk_reader::ChunkReader;
use crate::wire::decode_stream;

/// Server-sent events of Chat Completions to frames.
pub type StreamDecoder = decode_stream::StreamDecoder<ChunkReader>;

impl StreamDecoder {
    pub fn new(call_type: CallType) -> Self {
        Self::of(ChunkReader::new(call_type))
    }
}

/// The frames of a streamed answer, as its bytes come.
///
/// Ends after the frame with [`Event::End`](hub_domain::vocabulary::Event), or with an error; an end without either means that the
/// upstream broke off.
pub fn decode_stream<S, E>(
    bytes: S,
    call_type: CallType,
) -> impl Stream<Item = Result<Frame, ProviderError>> + Send + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    decode_stream::decode_stream(bytes, ChunkReader::new(call_type))
}
