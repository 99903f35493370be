//! The words into which every dialect translates: one request, one event stream, one principal.

mod answer;
mod event;
mod limits;
mod principal;
mod request;

pub use answer::{Answer, AnswerItem, AnswerStream, Receipt};
pub use event::{EmbeddingVector, Event, FinishReason, Frame, ImageData};
pub use limits::{LimitChange, Limits, PerMinute};
pub use principal::{Principal, Role};
pub use request::{
    CacheTtl, CallType, Canonical, ChatRequest, Dialect, EmbeddingInput, EmbeddingsRequest, ImageSource,
    ImagesRequest, Message, MessageRole, OutputFormat, Part, ReasoningEffort, Request, Sampling, Source,
    ThinkingMode, Tool, ToolChoice,
};
