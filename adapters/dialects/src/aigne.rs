//! AIGNE's own dialect, as its framework's clients speak it on `/api/v2/chat`.
//!
//! The assistant is called `agent`, arguments of tools are objects, and a stream's pieces are deltas of one
//! answer: texts are appended, everything else replaces what was said before. No provider speaks it.

mod answer;
mod decode_chat;
mod embeddings;
mod images;
mod parts;
mod request_body;
mod stream_encoder;
pub(crate) mod usage;
mod whole_encoder;

pub use decode_chat::{DEFAULT_MODEL, decode_chat};
pub use embeddings::{decode_embeddings, is_nested};
pub use images::{FlatImages, ImagesEncoder, flat_images};
pub use stream_encoder::{KEEP_ALIVE, StreamEncoder};
pub use whole_encoder::WholeEncoder;
