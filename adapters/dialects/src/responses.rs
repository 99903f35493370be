//! OpenAI's newer dialect: Responses, <https://platform.openai.com/docs/api-reference/responses>.
//!
//! Inbound, and without stored state: [`decode_request`] reads requests, [`StreamEncoder`] and [`WholeEncoder`]
//! write answers. Upstream: [`encode_request`] writes requests, [`decode_stream`] and [`decode_whole`] read answers.
//! Errors before an answer are those of OpenAI's other paths.

mod answer;
mod decode_request;
mod decode_whole;
mod echo;
mod encode_canonical;
mod encode_input;
mod encode_request;
mod event_reader;
mod items;
mod output;
mod passed_on;
mod request_body;
mod request_shape;
mod stream_encoder;
mod target;
mod tools;
mod usage;
mod whole_encoder;

pub use crate::openai::KEEP_ALIVE;
pub use decode_request::decode_request;
pub use decode_whole::decode_whole;
pub use echo::echo;
pub use encode_request::encode_request;
pub use event_reader::{StreamDecoder, decode_stream};
pub use stream_encoder::StreamEncoder;
pub use target::UpstreamTarget;
pub use whole_encoder::WholeEncoder;

/// Before thoughts that only their provider can read, where a client carries them as `encrypted_content`: it
/// tells them from the seal of thoughts that can be read.
const REDACTED: &str = "hub.redacted.";
/// Before a seal that is none of this dialect's, where a client carries it as `encrypted_content`.
const SEALED: &str = "hub.sealed.";
