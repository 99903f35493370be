//! The words into which every dialect translates: one request, one event stream, one principal.

mod answer;
mod event;
mod limits;
mod principal;
mod request;
mod speech;
mod transcription;
mod upload;

pub use answer::{Answer, AnswerItem, AnswerStream, Receipt};
pub use event::{EmbeddingVector, Event, FinishReason, Frame, ImageData};
pub use limits::{LimitChange, Limits, PerMinute};
pub use principal::{Principal, Role};
pub use request::{
    CacheTtl, CallType, Canonical, ChatRequest, Dialect, EmbeddingInput, EmbeddingsRequest, ImageEdit,
    ImageSource, ImagesRequest, Message, MessageRole, OutputFormat, Part, ReasoningEffort, Request, Sampling,
    Source, ThinkingMode, Tool, ToolChoice,
};
pub use speech::{AudioFormat, SpeechRequest};
pub use transcription::{AskedFormat, TranscriptFormat, TranscriptionRequest};
pub use upload::{TakenUpload, Upload, UploadBroken, UploadForm, UploadPiece, UploadPieces, UploadStage};
