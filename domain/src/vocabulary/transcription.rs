//! Speech to be written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::UploadForm;

/// An audio file to be turned into text.
#[derive(Debug, Clone)]
pub struct TranscriptionRequest {
    pub model: String,
    /// Into English, whatever was spoken.
    pub translate: bool,
    /// How the client wants the text.
    pub format: AskedFormat,
    /// The client wants the text in pieces.
    pub stream: bool,
    /// The fields as they came, and the file.
    pub form: UploadForm,
}

impl TranscriptionRequest {
    /// Texts that are read beside the audio.
    pub fn prompts(&self) -> impl Iterator<Item = &str> {
        self.form.fields.iter().filter(|(name, _)| name == "prompt").map(|(_, value)| value.as_str())
    }
}

/// In OpenAI's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TranscriptFormat {
    /// The text, in JSON.
    #[default]
    Json,
    Text,
    /// Subtitles.
    Srt,
    Vtt,
    /// With its segments and their times.
    VerboseJson,
    /// With its speakers.
    DiarizedJson,
}

impl TranscriptFormat {
    pub const ALL: [Self; 6] =
        [Self::Json, Self::Text, Self::Srt, Self::Vtt, Self::VerboseJson, Self::DiarizedJson];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
            Self::VerboseJson => "verbose_json",
            Self::DiarizedJson => "diarized_json",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::VerboseJson | Self::DiarizedJson)
    }
}

/// A format that may be told after the file has begun. Copies of it are the same one.
#[derive(Debug, Clone, Default)]
pub struct AskedFormat(Arc<AtomicU8>);

impl AskedFormat {
    pub fn new(format: TranscriptFormat) -> Self {
        let asked = Self::default();
        asked.set(format);
        asked
    }

    pub fn get(&self) -> TranscriptFormat {
        let place = usize::from(self.0.load(Ordering::Acquire));
        TranscriptFormat::ALL.get(place).copied().unwrap_or_default()
    }

    pub fn set(&self, format: TranscriptFormat) {
        let place = TranscriptFormat::ALL.iter().position(|known| *known == format);
        self.0.store(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(0), Ordering::Release);
    }
}
