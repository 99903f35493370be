//! How an answer is written.

use std::sync::Arc;

use hub_domain::ids::CallId;
use hub_domain::vocabulary::{AskedFormat, CallType, Dialect};

/// An answer that is speech, or of which speech became text.
#[derive(Debug, Clone)]
pub enum AudioAnswer {
    Speech,
    Transcript(AskedFormat),
}

/// What of a request decides how its answer looks.
#[derive(Debug, Clone)]
pub struct AnswerStyle {
    /// The client's.
    pub dialect: Dialect,
    pub call: CallId,
    /// `provider/model` that was asked, for answers that are encoded from events.
    pub model: String,
    pub call_type: CallType,
    /// The answer is about audio, which has forms of its own.
    pub audio: Option<AudioAnswer>,
    /// Whole chat answers also have `role`, `text`, `content` and `toolCalls` at the top, for the
    /// original's clients.
    pub superset: bool,
    /// The answer is to be JSON, which AIGNE's clients get as such rather than as text.
    pub json_output: bool,
    /// A stream is the text alone, as the older dialect has it.
    pub plain_text: bool,
    /// The client asked for the usage chunk of a stream.
    pub include_usage: bool,
    /// Members of the request that a response repeats, each with a comma before it.
    pub echo: Option<Arc<str>>,
    /// A stream is one JSON array rather than events.
    pub json_array: bool,
    /// Vectors were asked for in a batch, be it of one.
    pub batch: bool,
    /// The client asked for vectors in base64.
    pub base64: bool,
}
