//! Google's dialect: Gemini's `generateContent`, <https://ai.google.dev/api/generate-content>.
//!
//! Upstream only: [`encode_request`] writes requests, [`decode_stream`] and [`decode_whole`] read answers; errors
//! have the same shape as OpenAI's.

mod contents;
mod encode_request;
mod finish_reason;
mod response_reader;
mod target;
mod usage;

pub use encode_request::encode_request;
pub use response_reader::{StreamDecoder, decode_stream, decode_whole};
pub use target::{ThinkingControl, UpstreamTarget};
