//! Anthropic's dialect: Messages, <https://docs.anthropic.com/en/api/messages>.
//!
//! Inbound: [`decode_messages`] reads requests, [`StreamEncoder`] and [`WholeEncoder`] write answers,
//! [`error_answer`] words errors. Upstream: [`encode_request`] writes requests, [`decode_stream`] and
//! [`decode_whole`] read answers; errors have the same shape as OpenAI's, one level deeper.

mod block;
mod decode_messages;
mod decode_whole;
mod encode_canonical;
mod encode_request;
mod encode_turns;
mod error_answer;
mod event_reader;
mod messages;
mod request_body;
mod request_shape;
mod stop_reason;
mod stream_encoder;
mod target;
mod usage;
mod whole_encoder;

pub use decode_messages::{Purpose, decode_messages};
pub use decode_whole::decode_whole;
pub use encode_request::encode_request;
pub use error_answer::{error_answer, error_body, error_kind};
pub use event_reader::{StreamDecoder, decode_stream};
pub use stream_encoder::{KEEP_ALIVE, StreamEncoder};
pub use target::{Generation, UpstreamTarget};
pub use whole_encoder::WholeEncoder;
