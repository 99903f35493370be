//! OpenAI's newer dialect: Responses, <https://platform.openai.com/docs/api-reference/responses>.
//!
//! Inbound only, and without stored state: [`decode_request`] reads requests, [`StreamEncoder`] and [`WholeEncoder`]
//! write answers. Errors before an answer are those of OpenAI's other paths.

mod answer;
mod decode_request;
mod echo;
mod items;
mod request_body;
mod stream_encoder;
mod usage;
mod whole_encoder;

pub use crate::openai::KEEP_ALIVE;
pub use decode_request::decode_request;
pub use echo::echo;
pub use stream_encoder::StreamEncoder;
pub use whole_encoder::WholeEncoder;

/// Before thoughts that only their provider can read, where a client carries them as `encrypted_content`: it
/// tells them from the seal of thoughts that can be read.
const REDACTED: &str = "hub.redacted.";
