//! OpenAI's dialect: Chat Completions, Embeddings, images and audio.
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
mod decode_speech;
mod decode_stream;
mod decode_transcription;
mod decode_whole;
pub(crate) mod embedding_list;
mod encode_canonical;
mod encode_request;
pub(crate) mod error_answer;
mod finish;
mod held_end;
mod image_list;
pub(crate) mod image_stream;
mod image_usage;
mod messages;
mod quirky;
mod short_ids;
mod speech_encoder;
mod spoken;
mod stream_encoder;
mod stream_state;
mod subtitles;
mod target;
mod transcript;
mod transcript_encoder;
mod typed_events;
pub(crate) mod usage;
mod whole_encoder;

pub use crate::wire::upstream_error::decode_error;
pub(crate) use decode_chat::chat_request;
pub use decode_chat::decode_chat;
pub use decode_embeddings::decode_embeddings;
pub use decode_images::{decode_image_edit, decode_image_form, decode_images};
pub use decode_speech::decode_speech;
pub use decode_stream::{StreamDecoder, decode_stream};
pub use decode_transcription::{
    TranscriptPrices, asked_format, decode_transcription, late_field, sent_field,
};
pub use decode_whole::decode_whole;
pub(crate) use encode_canonical::asked_effort;
pub use encode_request::encode_request;
pub use error_answer::{ErrorAnswer, Surface, error_answer, error_body};
pub use image_stream::{ImageStreamEncoder, decode_image_events};
pub use speech_encoder::SpeechEncoder;
pub use spoken::{SpokenUsage, decode_speech_events, no_audio};
pub use stream_encoder::{KEEP_ALIVE, StreamEncoder};
pub use target::{LimitField, Quirks, ThinkingBack, UpstreamTarget};
pub use transcript::{decode_transcript, decode_transcript_events};
pub use transcript_encoder::{TranscriptEncoder, TranscriptStreamEncoder};
pub use whole_encoder::WholeEncoder;
