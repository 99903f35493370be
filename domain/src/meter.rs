//! Meters: what is counted and priced. Names are fixed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! meters {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// A kind of thing that is counted, and for which a rate has a price.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Meter { $($(#[$doc])* #[serde(rename = $name)] $variant),+ }

        impl Meter {
            pub const ALL: [Meter; [$(Meter::$variant),+].len()] = [$(Meter::$variant),+];

            pub const fn name(self) -> &'static str {
                match self { $(Meter::$variant => $name),+ }
            }
        }

        impl FromStr for Meter {
            type Err = UnknownMeter;
            fn from_str(text: &str) -> Result<Self, UnknownMeter> {
                match text { $($name => Ok(Meter::$variant),)+ _ => Err(UnknownMeter) }
            }
        }
    };
}

meters! {
    /// Input tokens that no finer meter counts.
    Input = "input",
    /// Input tokens read from the provider's prompt cache.
    InputCached = "input_cached",
    /// Input tokens written to a cache that lives five minutes.
    CacheWrite5m = "cache_write_5m",
    /// Input tokens written to a cache that lives an hour.
    CacheWrite1h = "cache_write_1h",
    /// Input tokens written to a cache of unstated life.
    CacheWrite = "cache_write",
    /// Audio tokens in.
    InputAudio = "input_audio",
    /// Image tokens in.
    InputImage = "input_image",
    /// Output tokens that no finer meter counts.
    Output = "output",
    /// Output tokens spent on reasoning.
    OutputReasoning = "output_reasoning",
    /// Audio tokens out.
    OutputAudio = "output_audio",
    /// Image tokens out.
    OutputImage = "output_image",
    /// Images delivered.
    Image = "image",
    /// Seconds of audio or video.
    Second = "second",
    /// Characters of text to speech.
    Character = "character",
    /// Searches that the provider ran.
    Search = "search",
    /// The call itself.
    Call = "call",
}

/// The text names no meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such meter")]
pub struct UnknownMeter;

impl Meter {
    /// The meter whose price stands in where a rate has none for this one.
    pub const fn fallback(self) -> Option<Meter> {
        match self {
            Meter::InputCached
            | Meter::CacheWrite5m
            | Meter::CacheWrite1h
            | Meter::CacheWrite
            | Meter::InputAudio
            | Meter::InputImage => Some(Meter::Input),
            Meter::OutputReasoning | Meter::OutputAudio | Meter::OutputImage => Some(Meter::Output),
            _ => None,
        }
    }

    /// Tokens of the request.
    pub const fn is_input_token(self) -> bool {
        matches!(self, Meter::Input) || matches!(self.fallback(), Some(Meter::Input))
    }

    /// Tokens of the answer.
    pub const fn is_output_token(self) -> bool {
        matches!(self, Meter::Output) || matches!(self.fallback(), Some(Meter::Output))
    }

    /// Counted in tokens or characters, which people price by the million.
    pub const fn is_priced_by_million(self) -> bool {
        self.is_input_token() || self.is_output_token() || matches!(self, Meter::Character)
    }

    #[allow(clippy::as_conversions)] // a fieldless enum, counted from 0
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
