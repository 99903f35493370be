//! What a model says, event by event.

use bytes::Bytes;
use smallvec::SmallVec;

use crate::usage::Usage;
use crate::vocabulary::Dialect;

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishReason {
    Stop,
    /// The output limit was reached.
    Length,
    ToolCalls,
    ContentFilter,
    /// One of the client's own stop sequences came.
    StopSequence(String),
    /// The model refused.
    Refusal,
    /// The provider broke a long turn off; the client may have it go on.
    Paused,
    /// Prompt and answer filled the model's context.
    ContextFull,
    /// A word that the vocabulary does not have.
    Other(String),
}

/// One thing that a model said. `choice` counts answers from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The answer begins. Not content: an error may still follow.
    Start {
        id: String,
        model: String,
        /// Unix seconds.
        created: Option<i64>,
    },
    Text {
        choice: u32,
        text: String,
    },
    Thinking {
        choice: u32,
        text: String,
    },
    /// The provider's seal on the thoughts before it. A piece of it, cut anywhere.
    ThinkingSignature {
        choice: u32,
        signature: String,
    },
    /// Thoughts that only their provider can read.
    RedactedThinking {
        choice: u32,
        data: String,
    },
    Refusal {
        choice: u32,
        text: String,
    },
    /// A tool call begins; `index` counts the calls of one choice.
    ToolCallStart {
        choice: u32,
        index: u32,
        id: String,
        name: String,
    },
    /// A piece of a call's arguments: JSON text, cut anywhere.
    ToolCallArguments {
        choice: u32,
        index: u32,
        fragment: String,
    },
    Embedding {
        index: u32,
        /// The vector as the provider wrote it: JSON numbers, or base64 of little-endian `f32`.
        vector: EmbeddingVector,
    },
    /// A finished image of an answer that is nothing but images.
    Image {
        index: u32,
        image: ImageData,
        /// The prompt as the provider rewrote it.
        revised_prompt: Option<String>,
    },
    /// A sketch of an image that is not finished.
    Sketch(ImageData),
    /// A piece of an answer that is nothing but audio, in the format that was asked for; cut anywhere.
    Audio(Bytes),
    Finish {
        choice: u32,
        reason: FinishReason,
    },
    /// Cumulative: the last one counts.
    Usage(Usage),
    /// The answer is whole.
    End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbeddingVector {
    /// A JSON array of numbers, as text.
    Json(Box<str>),
    Base64(Box<str>),
}

/// An image as the provider gave it. The bytes may be a slice of the answer that it came in, so that a large
/// image stays in memory once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageData {
    Url(Bytes),
    Base64(Bytes),
}

impl Event {
    /// Whether a client that got this has got something of the answer. From then on a call is never
    /// tried again.
    pub fn is_content(&self) -> bool {
        match self {
            Event::Text { text, .. } | Event::Thinking { text, .. } | Event::Refusal { text, .. } => {
                !text.is_empty()
            }
            Event::Audio(bytes) => !bytes.is_empty(),
            Event::ToolCallStart { .. }
            | Event::ToolCallArguments { .. }
            | Event::ThinkingSignature { .. }
            | Event::RedactedThinking { .. }
            | Event::Embedding { .. }
            | Event::Image { .. }
            | Event::Sketch(_)
            | Event::Finish { .. } => true,
            Event::Start { .. } | Event::Usage(_) | Event::End => false,
        }
    }
}

/// A piece of an answer: as bytes where the upstream's dialect is known, and always as meaning.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The JSON of one stream event, or of a whole answer, as the upstream sent it.
    pub raw: Option<(Dialect, Bytes)>,
    pub events: SmallVec<[Event; 2]>,
}

impl Frame {
    pub fn has_content(&self) -> bool {
        self.events.iter().any(Event::is_content)
    }
}
