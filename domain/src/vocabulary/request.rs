//! What a client asks, in words that no dialect owns.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{SpeechRequest, TranscriptionRequest, UploadForm, UploadStage};

/// A wire format of requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI Chat Completions, Embeddings and their relatives.
    OpenAi,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Anthropic,
    /// Google's `generateContent`.
    Gemini,
    /// AIGNE's own, which its framework's clients speak. No provider does.
    Aigne,
    /// The older dialect of `chat/completions`, in camel case. No provider speaks it.
    Legacy,
}

/// The kind of a call, as records and rates name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CallType {
    #[serde(rename = "chatCompletion")]
    ChatCompletion,
    #[serde(rename = "embedding")]
    Embedding,
    #[serde(rename = "imageGeneration")]
    ImageGeneration,
    #[serde(rename = "audioGeneration")]
    AudioGeneration,
    #[serde(rename = "video")]
    Video,
}

impl CallType {
    pub const ALL: [Self; 5] =
        [Self::ChatCompletion, Self::Embedding, Self::ImageGeneration, Self::AudioGeneration, Self::Video];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatCompletion => "chatCompletion",
            Self::Embedding => "embedding",
            Self::ImageGeneration => "imageGeneration",
            Self::AudioGeneration => "audioGeneration",
            Self::Video => "video",
        }
    }

    /// OpenTelemetry's `gen_ai.operation.name`.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::ChatCompletion => "chat",
            Self::Embedding => "embeddings",
            Self::ImageGeneration | Self::AudioGeneration | Self::Video => "generate_content",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call_type| call_type.name() == name)
    }
}

/// The body as it came, for a provider of the same dialect.
#[derive(Debug, Clone)]
pub struct Source {
    pub dialect: Dialect,
    pub body: Bytes,
    /// Headers that belong to the dialect and go to a provider of the same one.
    pub headers: Vec<(&'static str, String)>,
}

impl Source {
    /// A body without headers of its dialect.
    pub fn of(dialect: Dialect, body: Bytes) -> Self {
        Self { dialect, body, headers: Vec::new() }
    }
}

/// A request, as bytes where a provider may want them, and always as meaning.
#[derive(Debug, Clone)]
pub struct Request {
    pub source: Option<Source>,
    pub canonical: Canonical,
}

#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant)] // one for each call, and hardly ever moved
pub enum Canonical {
    Chat(ChatRequest),
    Embeddings(EmbeddingsRequest),
    Images(ImagesRequest),
    Speech(SpeechRequest),
    Transcription(TranscriptionRequest),
}

impl Canonical {
    pub fn call_type(&self) -> CallType {
        match self {
            Self::Chat(_) => CallType::ChatCompletion,
            Self::Embeddings(_) => CallType::Embedding,
            Self::Images(_) => CallType::ImageGeneration,
            Self::Speech(_) | Self::Transcription(_) => CallType::AudioGeneration,
        }
    }

    /// The model as the client named it.
    pub fn model(&self) -> &str {
        match self {
            Self::Chat(chat) => &chat.model,
            Self::Embeddings(embeddings) => &embeddings.model,
            Self::Images(images) => &images.model,
            Self::Speech(speech) => &speech.model,
            Self::Transcription(transcription) => &transcription.model,
        }
    }

    /// Whether the client wants the answer as a stream of events.
    pub fn is_stream(&self) -> bool {
        match self {
            Self::Chat(chat) => chat.stream,
            Self::Speech(speech) => speech.events,
            Self::Transcription(transcription) => transcription.stream,
            Self::Images(images) => images.stream,
            Self::Embeddings(_) => false,
        }
    }

    /// What is uploaded with it, which passes through and can be sent once.
    pub fn form(&self) -> Option<&UploadForm> {
        match self {
            Self::Transcription(transcription) => Some(&transcription.form),
            Self::Images(images) => images.edit.as_ref()?.form.as_ref(),
            _ => None,
        }
    }

    /// Whether it can still be sent, for the first time or again.
    pub fn can_be_sent(&self) -> bool {
        self.form().is_none_or(|form| form.upload.stage() == UploadStage::Untouched)
    }
}

/// A conversation to be continued.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    pub model: String,
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    pub tool_choice: Option<ToolChoice>,
    pub parallel_tool_calls: Option<bool>,
    pub sampling: Sampling,
    /// Output tokens at most, for each choice, reasoning included.
    pub max_output_tokens: Option<u64>,
    pub stop: Vec<String>,
    /// Answers asked for; 0 and 1 mean one.
    pub choices: u32,
    pub output: OutputFormat,
    pub reasoning_effort: Option<ReasoningEffort>,
    pub thinking: Option<ThinkingMode>,
    /// The beginning of the prompt, tools and instructions, is worth caching where a provider wants to be
    /// told.
    pub cache_head: Option<CacheTtl>,
    /// Output may have audio.
    pub audio_output: bool,
    pub stream: bool,
    /// The client wants the usage at the end of a stream.
    pub include_usage: bool,
    /// The client's name for its own user.
    pub user: Option<String>,
    /// Bytes of members that the vocabulary has no word for. A provider of the same dialect gets them
    /// and may make tokens of them.
    pub extension_bytes: u64,
    /// Names of the outermost of those members: what a provider of another dialect does not get.
    pub extensions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub role: MessageRole,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Refusal(String),
    Image {
        source: ImageSource,
        /// `low`, `high` or `auto`.
        detail: Option<String>,
    },
    /// Audio in, as base64.
    Audio {
        base64: String,
        format: String,
    },
    /// A document; `data` is a data URL or an id of the provider's.
    File {
        data: String,
        filename: Option<String>,
    },
    ToolCall {
        id: String,
        name: String,
        /// JSON as it came: number precision and key order survive.
        arguments: String,
    },
    ToolResult {
        call_id: String,
        text: String,
        images: Vec<ImageSource>,
        /// The tool failed.
        is_error: bool,
    },
    /// What the model thought before, as its provider's clients hand it back.
    Thinking {
        text: String,
        /// The provider's seal on it; without it a provider that seals does not take it back.
        signature: Option<String>,
    },
    /// Thoughts that only their provider can read.
    RedactedThinking(String),
    /// The prompt up to here is worth caching.
    CacheBreakpoint(CacheTtl),
    /// A part that the vocabulary has no word for. Only a provider of the same dialect can have it.
    Other {
        kind: String,
        /// As it came.
        json: String,
    },
}

/// How long a provider is to keep a prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheTtl {
    #[default]
    FiveMinutes,
    OneHour,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    Url(String),
    /// A `data:` URL.
    Data(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    /// JSON Schema of the arguments, as it came.
    pub parameters: Option<String>,
    pub strict: Option<bool>,
    /// A tool that the provider runs itself, by its type there; `parameters` is its whole definition.
    pub hosted: Option<String>,
    /// The prompt up to and with this tool is worth caching.
    pub cache: Option<CacheTtl>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    None,
    Auto,
    Required,
    Named(String),
}

/// How the next token is chosen. Decimal numbers stay text: they pass through and are never reckoned with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sampling {
    pub temperature: Option<String>,
    pub top_p: Option<String>,
    pub top_k: Option<u64>,
    pub frequency_penalty: Option<String>,
    pub presence_penalty: Option<String>,
    pub seed: Option<i64>,
    pub logprobs: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OutputFormat {
    #[default]
    Text,
    JsonObject,
    JsonSchema {
        name: String,
        /// The schema as it came.
        schema: String,
        strict: Option<bool>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasoningEffort(pub String);

/// Whether and how far the model may think before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThinkingMode {
    Disabled,
    /// As far as the model thinks fit.
    Adaptive,
    /// With at most so many tokens, which count as output.
    Budget(u64),
}

/// Texts to be turned into vectors.
#[derive(Debug, Clone, Default)]
pub struct EmbeddingsRequest {
    pub model: String,
    pub inputs: Vec<EmbeddingInput>,
    pub dimensions: Option<u32>,
    /// The client wants little-endian `f32` in base64 rather than numbers.
    pub base64: bool,
    pub user: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbeddingInput {
    Text(String),
    /// Tokens of the provider's own tokenizer.
    Tokens(Vec<u32>),
}

/// Images to be made from a text.
#[derive(Debug, Clone, Default)]
pub struct ImagesRequest {
    pub model: String,
    pub prompt: String,
    /// Images asked for; 0 and 1 mean one.
    pub images: u32,
    /// In the provider's own words, such as `1024x1024`.
    pub size: Option<String>,
    pub quality: Option<String>,
    pub user: Option<String>,
    /// The client wants the images in pieces, with so many sketches of each before it is finished.
    pub stream: bool,
    pub partial_images: u32,
    /// Images are made out of others.
    pub edit: Option<ImageEdit>,
}

/// What new images are made out of.
#[derive(Debug, Clone)]
pub struct ImageEdit {
    /// Images that come in, a mask counted with them.
    pub inputs: u32,
    /// They come as files.
    pub form: Option<UploadForm>,
}
