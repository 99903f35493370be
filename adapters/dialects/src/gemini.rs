//! Google's dialect: Gemini's `generateContent`, <https://ai.google.dev/api/generate-content>.
//!
//! Inbound: [`decode_generate`] and [`decode_count`] read requests, [`StreamEncoder`] and [`WholeEncoder`] write
//! answers, [`error_answer`] words errors. Upstream: [`encode_request`] writes requests, [`decode_stream`] and
//! [`decode_whole`] read answers; errors have the same shape as OpenAI's.

mod contents;
mod decode_contents;
mod decode_embeddings;
mod decode_request;
mod encode_request;
mod error_answer;
mod finish_reason;
mod images;
mod pieces;
mod request_body;
mod request_shape;
mod response_reader;
mod stream_encoder;
mod target;
mod usage;
mod vectors;
mod whole_encoder;

pub use decode_embeddings::decode_embed;
pub use decode_request::{decode_count, decode_generate};
pub use encode_request::encode_request;
pub use error_answer::{error_answer, error_body};
pub use images::decode_images;
pub use response_reader::{StreamDecoder, decode_stream, decode_whole};
pub use stream_encoder::StreamEncoder;
pub use target::{ThinkingControl, UpstreamTarget};
pub use vectors::decode_vectors;
pub use whole_encoder::WholeEncoder;
