//! The older dialect of `chat/completions` under `/api`, which the original calls compatible with OpenAI's: its
//! names are in camel case, and its streams are its own. Whole answers are OpenAI's.

mod decode_chat;
mod request_body;
mod stream_encoder;

pub use decode_chat::decode_chat;
pub use stream_encoder::StreamEncoder;
