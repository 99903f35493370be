//! An upper bound of what a request can use, from its text alone and without a tokenizer.
//!
//! No byte-level tokenizer makes more tokens than UTF-8 bytes, so bytes bound every text. What a
//! provider adds (roles, separators, hidden prompts for tools and schemas) and what media cost stands
//! in the table below; what a provider bills beyond it is the operator's.

use crate::meter::Meter;
use crate::quote::Bound;
use crate::usage::Quantities;
use crate::vocabulary::{
    Canonical, ChatRequest, EmbeddingInput, EmbeddingsRequest, ImagesRequest, Message, OutputFormat, Part,
    Tool, ToolChoice,
};
use crate::{speech, transcription};

/// Tokens around a conversation: its beginning and the head of the answer.
const CONVERSATION: u64 = 16;
/// Role and separators of one message.
const MESSAGE: u64 = 8;
/// Separators of a tool call or its result, beyond the text of both.
const TOOL_CALL: u64 = 16;
/// The hidden prompt that providers add as soon as there is a tool (300 to 500 were seen).
const TOOLS: u64 = 512;
/// What rendering one tool adds to its JSON.
const TOOL: u64 = 32;
/// The hidden prompt of structured output, beyond the schema.
const STRUCTURED: u64 = 64;
/// A vector's text needs a beginning and an end.
const EMBEDDING_INPUT: u64 = 4;

/// Images: the dearest of the known formulas, largest size, by detail.
const IMAGE_LOW: u64 = 1_024;
const IMAGE_HIGH: u64 = 6_400;
const IMAGE_ORIGINAL: u64 = 25_000;
/// `gpt-4o-mini` counts an image 33 times as dear as its siblings do, at a lower price for each token.
const IMAGE_LOW_4O_MINI: u64 = 2_833;
const IMAGE_HIGH_4O_MINI: u64 = 48_169;

/// What a provider may put around the prompt of an image.
const IMAGE_PROMPT: u64 = 64;
/// Input tokens of one image that others are made out of, in the highest fidelity.
const IMAGE_EDITED: u64 = 6_400;
/// Output tokens of one sketch before an image is finished.
const SKETCH_OUTPUT: u64 = 100;
/// Output tokens of one image: the dearest size and quality that OpenAI lists for its GPT image models.
const IMAGE_OUTPUT: u64 = 6_240;

/// What a provider may put around a text that is to be read aloud, or beside audio.
const SPEECH_PROMPT: u64 = 64;

/// Base64 digits for one token of audio. The dearest known formula takes 32 tokens for a second; the
/// thinnest speech codecs need some 700 bytes for one, a WAV file at least twice that.
const AUDIO_DIGITS_PER_TOKEN: u64 = 20;
const WAV_DIGITS_PER_TOKEN: u64 = 40;
/// Audio is counted by whole seconds, or more.
const AUDIO: u64 = 64;

/// A document: its pages are shown as images too. Inline ones also count by their length.
const FILE: u64 = 4_096;
/// A document that the provider keeps, so that its length is unknown.
const STORED_FILE: u64 = 50_000;

/// Limits on the output of one answer, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputLimits {
    /// The model's own maximum, where it is known.
    pub model_max: Option<u64>,
    /// The operator's cap, whatever a client asks.
    pub operator_max: u64,
    /// Stands in for the model's maximum where neither that nor the client's limit is known.
    pub uncapped_default: u64,
}

impl OutputLimits {
    fn ceiling(&self, asked: Option<u64>) -> u64 {
        let model = match (self.model_max, asked) {
            (Some(max), _) => max,
            (None, Some(_)) => u64::MAX,
            (None, None) => self.uncapped_default,
        };
        model.min(self.operator_max)
    }
}

/// What a request can use at most.
pub fn bound(canonical: &Canonical, limits: OutputLimits) -> Bound {
    let mut bytes = 0_u64;
    each_text(canonical, &mut |text| bytes = bytes.saturating_add(length(text)));
    let input_tokens = bytes.saturating_add(overhead(canonical));
    let chat = match canonical {
        Canonical::Chat(chat) => chat,
        Canonical::Embeddings(_) => return Bound::fixed(input_tokens, Quantities::default()),
        // Their number bounds them, and no limit that a provider takes makes them shorter.
        Canonical::Images(ImagesRequest { images, partial_images, .. }) => {
            let images = u64::from((*images).max(1));
            let sketches = u64::from(*partial_images).saturating_mul(SKETCH_OUTPUT);
            let other = Quantities::default()
                .with(Meter::Image, images)
                .with(Meter::OutputImage, images.saturating_mul(IMAGE_OUTPUT.saturating_add(sketches)));
            return Bound::fixed(input_tokens, other);
        }
        Canonical::Speech(speech) => return Bound::fixed(input_tokens, speech::at_most(speech)),
        Canonical::Transcription(request) => {
            return Bound::fixed(input_tokens, transcription::at_most(request));
        }
    };
    Bound {
        input_tokens,
        choices: chat.choices.max(1),
        asked_output: chat.max_output_tokens,
        output_ceiling: limits.ceiling(chat.max_output_tokens),
        has_output: true,
        other: Quantities::default(),
    }
}

/// The texts of a request that become tokens, for a tokenizer to count.
pub fn texts(canonical: &Canonical) -> Vec<String> {
    let mut texts = Vec::new();
    each_text(canonical, &mut |text| {
        if !text.is_empty() {
            texts.push(text.to_owned());
        }
    });
    texts
}

/// Tokens of a request that are not in its [`texts`]: separators, hidden prompts and media.
pub fn overhead(canonical: &Canonical) -> u64 {
    match canonical {
        Canonical::Chat(chat) => chat_overhead(chat),
        Canonical::Embeddings(embeddings) => embeddings
            .inputs
            .iter()
            .map(|input| match input {
                EmbeddingInput::Text(_) => EMBEDDING_INPUT,
                EmbeddingInput::Tokens(tokens) => EMBEDDING_INPUT.saturating_add(count(tokens)),
            })
            .fold(0, u64::saturating_add),
        Canonical::Images(images) => {
            let inputs = images.edit.as_ref().map_or(0, |edit| u64::from(edit.inputs));
            IMAGE_PROMPT.saturating_add(inputs.saturating_mul(IMAGE_EDITED))
        }
        Canonical::Speech(_) | Canonical::Transcription(_) => SPEECH_PROMPT,
    }
}

/// Tokens that a request most likely has beyond its [`texts`], for an estimate of what was used.
///
/// Chat templates take some three tokens for each message and to prime the answer; an image some 765
/// tokens, or 85 in low detail (both as OpenAI documents them).
pub fn likely_overhead(canonical: &Canonical) -> u64 {
    let Canonical::Chat(chat) = canonical else {
        return overhead(canonical);
    };
    let media = chat.messages.iter().flat_map(|message| &message.parts).map(|part| match part {
        Part::Image { detail, .. } if detail.as_deref() == Some("low") => 85,
        Part::Image { .. } => 765,
        Part::Audio { base64, format } => audio(length(base64), format),
        Part::File { data, .. } => length(data) / 4,
        Part::ToolResult { images, .. } => 765_u64.saturating_mul(count(images)),
        Part::Text(_)
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::RedactedThinking(_)
        | Part::ToolCall { .. }
        | Part::Other { .. }
        | Part::CacheBreakpoint(_) => 0,
    });
    media.fold(3, u64::saturating_add).saturating_add(3_u64.saturating_mul(count(&chat.messages)))
}

/// The same bound with `counted` tokens for the request's [`texts`]. It is never looser.
pub fn with_counted_input(bound: Bound, canonical: &Canonical, counted: u64) -> Bound {
    let input_tokens = counted.saturating_add(overhead(canonical)).min(bound.input_tokens);
    Bound { input_tokens, ..bound }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

fn count<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

fn each_text(canonical: &Canonical, visit: &mut impl FnMut(&str)) {
    match canonical {
        Canonical::Chat(chat) => each_chat_text(chat, visit),
        Canonical::Embeddings(EmbeddingsRequest { inputs, .. }) => {
            for input in inputs {
                match input {
                    EmbeddingInput::Text(text) => visit(text),
                    EmbeddingInput::Tokens(_) => {}
                }
            }
        }
        Canonical::Images(ImagesRequest { prompt, .. }) => visit(prompt),
        Canonical::Speech(speech) => {
            visit(&speech.input);
            speech.instructions.iter().for_each(|instructions| visit(instructions));
        }
        Canonical::Transcription(request) => request.prompts().for_each(visit),
    }
}

fn each_chat_text(chat: &ChatRequest, visit: &mut impl FnMut(&str)) {
    for part in chat.messages.iter().flat_map(|message| &message.parts) {
        match part {
            Part::Text(text)
            | Part::Refusal(text)
            | Part::RedactedThinking(text)
            | Part::Other { json: text, .. } => visit(text),
            Part::Thinking { text, signature } => {
                visit(text);
                signature.iter().for_each(|signature| visit(signature));
            }
            Part::ToolCall { id, name, arguments } => {
                visit(id);
                visit(name);
                visit(arguments);
            }
            Part::ToolResult { call_id, text, .. } => {
                visit(call_id);
                visit(text);
            }
            Part::File { filename, .. } => {
                if let Some(filename) = filename {
                    visit(filename);
                }
            }
            Part::Image { .. } | Part::Audio { .. } | Part::CacheBreakpoint(_) => {}
        }
    }
    for Tool { name, description, parameters, .. } in &chat.tools {
        visit(name);
        if let Some(description) = description {
            visit(description);
        }
        if let Some(parameters) = parameters {
            visit(parameters);
        }
    }
    if let Some(ToolChoice::Named(name)) = &chat.tool_choice {
        visit(name);
    }
    if let OutputFormat::JsonSchema { name, schema, .. } = &chat.output {
        visit(name);
        // Once as it is, once more as providers render it into the prompt.
        visit(schema);
        visit(schema);
    }
}

fn chat_overhead(chat: &ChatRequest) -> u64 {
    let messages = chat.messages.iter().map(|message| message_overhead(message, &chat.model));
    let tools = if chat.tools.is_empty() { 0 } else { TOOLS + TOOL.saturating_mul(count(&chat.tools)) };
    let format = if chat.output == OutputFormat::Text { 0 } else { STRUCTURED };
    messages
        .fold(CONVERSATION, u64::saturating_add)
        .saturating_add(tools)
        .saturating_add(format)
        .saturating_add(chat.extension_bytes)
}

fn message_overhead(message: &Message, model: &str) -> u64 {
    message.parts.iter().map(|part| part_overhead(part, model)).fold(MESSAGE, u64::saturating_add)
}

fn part_overhead(part: &Part, model: &str) -> u64 {
    match part {
        Part::Text(_)
        | Part::Refusal(_)
        | Part::Thinking { .. }
        | Part::RedactedThinking(_)
        | Part::CacheBreakpoint(_) => 0,
        // It may stand for a document that the provider keeps.
        Part::Other { .. } => STORED_FILE,
        Part::ToolCall { .. } => TOOL_CALL,
        Part::ToolResult { images, .. } => {
            TOOL_CALL.saturating_add(image(None, model).saturating_mul(count(images)))
        }
        Part::Image { detail, .. } => image(detail.as_deref(), model),
        Part::Audio { base64, format } => audio(length(base64), format),
        // The text of a document may be packed, so its length counts in digits rather than bytes.
        Part::File { data, .. } if data.starts_with("data:") => FILE.saturating_add(length(data)),
        Part::File { .. } => STORED_FILE,
    }
}

fn image(detail: Option<&str>, model: &str) -> u64 {
    let (low, high) = if model.contains("4o-mini") {
        (IMAGE_LOW_4O_MINI, IMAGE_HIGH_4O_MINI)
    } else {
        (IMAGE_LOW, IMAGE_HIGH)
    };
    match detail {
        Some("low") => low,
        None | Some("auto" | "high") => high,
        Some(_) => high.max(IMAGE_ORIGINAL),
    }
}

fn audio(digits: u64, format: &str) -> u64 {
    let digits_per_token =
        if format.eq_ignore_ascii_case("wav") { WAV_DIGITS_PER_TOKEN } else { AUDIO_DIGITS_PER_TOKEN };
    AUDIO.saturating_add(digits / digits_per_token)
}
