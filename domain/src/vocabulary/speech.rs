//! A text to be read aloud.

/// A text to be turned into speech.
#[derive(Debug, Clone, Default)]
pub struct SpeechRequest {
    pub model: String,
    pub input: String,
    /// A name, or an object as the provider has it: JSON as it came.
    pub voice: Option<String>,
    /// How it is to be read, in plain words.
    pub instructions: Option<String>,
    pub format: AudioFormat,
    /// A decimal number, as it came.
    pub speed: Option<String>,
    /// The client wants events with pieces of audio rather than the bytes alone.
    pub events: bool,
}

impl SpeechRequest {
    /// What is paid by the character: Unicode scalar values of the text.
    pub fn characters(&self) -> u64 {
        u64::try_from(self.input.chars().count()).unwrap_or(u64::MAX)
    }
}

/// What spoken bytes are, in OpenAI's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AudioFormat {
    #[default]
    Mp3,
    Opus,
    Aac,
    Flac,
    Wav,
    /// 24 kHz, 16 bits, one channel, little-endian, without a head.
    Pcm,
}

impl AudioFormat {
    pub const ALL: [Self; 6] = [Self::Mp3, Self::Opus, Self::Aac, Self::Flac, Self::Wav, Self::Pcm];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
            Self::Aac => "aac",
            Self::Flac => "flac",
            Self::Wav => "wav",
            Self::Pcm => "pcm",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Bytes of a second of speech, as providers commonly write it: what an estimate is made with.
    pub const fn likely_bytes_per_second(self) -> u64 {
        match self {
            Self::Mp3 => 16_000,
            Self::Opus => 4_000,
            Self::Aac => 8_000,
            Self::Flac => 24_000,
            Self::Wav | Self::Pcm => 48_000,
        }
    }
}
