//! Codecs between the wire shapes of AI APIs and the domain's vocabulary: pure functions and small
//! state machines without I/O or task. `http` uses their inbound half, `providers` the upstream
//! half. Routes, headers and connections are not here.

mod answer_style;
mod encoded;
mod encoders;
mod outline;
mod redact;
mod sse;
mod wire;

pub mod aigne;
pub mod anthropic;
pub mod gemini;
pub mod legacy;
pub mod openai;
pub mod responses;

pub use answer_style::{AnswerStyle, ImageList, MediaAnswer};
pub use encoded::Encoded;
pub use encoders::{StreamEncoder, WholeEncoder};
