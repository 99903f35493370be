//! OpenAI's dialect: Chat Completions and Embeddings.

mod error_answer;
mod style;
mod target;

pub use error_answer::{ErrorAnswer, Surface, error_answer, error_body};
pub use style::{AnswerStyle, KEEP_ALIVE};
pub use target::{LimitField, UpstreamTarget};

mod outline_of_api;
pub use outline_of_api::*;
