//! How an answer is written.

use std::sync::Arc;

use hub_domain::ids::CallId;
use hub_domain::vocabulary::{AskedFormat, CallType, Dialect};

/// An answer that is more or less than a conversation's.
#[derive(Debug, Clone)]
pub enum MediaAnswer {
    Speech,
    Transcript(AskedFormat),
    Images {
        /// They were made out of others.
        edited: bool,
        list: ImageList,
    },
}

/// In which words images are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageList {
    OpenAi,
    /// OpenAI's, and once more as older clients of the original read them.
    Doubled,
    /// AIGNE's.
    Aigne,
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
    /// The answer is audio, or images, or the text of audio.
    pub media: Option<MediaAnswer>,
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
