//! OpenAI's dialect: Chat Completions, Embeddings and images.
//!
//! Inbound: [`decode_chat`] and [`decode_embeddings`] read requests, [`StreamEncoder`] and
//! [`WholeEncoder`] write answers, [`error_answer`] words errors. Upstream: [`encode_request`] writes
//! requests, [`decode_stream`] and [`decode_whole`] read answers, [`decode_error`] reads errors.

mod assembled;
pub(crate) mod chat_body;
mod chat_shape;
mod chunk;
mod chunk_reader;
mod decode_chat;
mod decode_embeddings;
mod decode_images;
mod decode_stream;
mod decode_whole;
pub(crate) mod embedding_list;
mod encode_canonical;
mod encode_request;
pub(crate) mod error_answer;
mod finish;
mod image_list;
mod image_usage;
mod messages;
mod quirky;
mod short_ids;
mod stream_encoder;
mod stream_state;
mod target;
pub(crate) mod usage;
mod whole_encoder;

pub use crate::wire::upstream_error::decode_error;
pub(crate) use decode_chat::chat_request;
pub use decode_chat::decode_chat;
pub use decode_embeddings::decode_embeddings;
pub use decode_images::decode_images;
pub use decode_stream::{StreamDecoder, decode_stream};
pub use decode_whole::decode_whole;
pub(crate) use encode_canonical::asked_effort;
pub use encode_request::encode_request;
pub use error_answer::{ErrorAnswer, Surface, error_answer, error_body};
pub use stream_encoder::{KEEP_ALIVE, StreamEncoder};
pub use target::{LimitField, Quirks, ThinkingBack, UpstreamTarget};
pub use whole_encoder::WholeEncoder;
