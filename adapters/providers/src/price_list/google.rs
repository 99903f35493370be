//! Gemini, <https://ai.google.dev/gemini-api/docs/pricing>, the paid tier, looked up on 2026-11-25: US dollars for a
//! million tokens. Above 200,000 input tokens some models cost twice on the side of the input and one and a half times
//! on that of the output.

use hub_domain::meter::Meter::{Input, InputAudio, InputCached, Output};

use super::{Entry, LongContext, usd};

const LONG: LongContext = LongContext { from: 200_001, input: (2, 1), output: (3, 2) };

/// Input, cached input, audio in, output.
macro_rules! audio {
    ($input:literal, $cached:literal, $audio:literal, $output:literal) => {
        &[
            (Input, usd($input)),
            (InputCached, usd($cached)),
            (InputAudio, usd($audio)),
            (Output, usd($output)),
        ]
    };
}

pub const ENTRIES: &[Entry] = &[
    Entry::embedding(&["gemini-embedding-001"], Some(2_048), &[(Input, usd("0.15"))]),
    Entry::embedding(&["gemini-embedding-2"], Some(8_192), &[(Input, usd("0.2")), (InputAudio, usd("6.5"))]),
    Entry::chat(&["gemini-2.5-flash"], Some(1_048_576), Some(65_536), audio!("0.3", "0.03", "1", "2.5")),
    Entry::chat(
        &["gemini-2.5-flash-lite"],
        Some(1_048_576),
        Some(65_536),
        audio!("0.1", "0.01", "0.3", "0.4"),
    ),
    Entry::chat(
        &["gemini-flash-latest", "gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash"],
        Some(1_048_576),
        Some(65_536),
        text!("0.75", "0.075", "3.75"),
    ),
    Entry::chat(
        &["gemini-flash-lite-latest", "gemini-3.5-flash-lite"],
        Some(1_048_576),
        Some(65_536),
        text!("0.3", "0.03", "2.5"),
    ),
    Entry::chat(&["gemini-2.5-pro"], Some(1_048_576), Some(65_536), text!("1.25", "0.125", "10")).long(LONG),
    Entry::chat(
        &["gemini-3.1-flash-lite"],
        Some(1_048_576),
        Some(65_536),
        audio!("0.25", "0.025", "0.5", "1.5"),
    ),
    Entry::chat(&["gemini-3-flash-preview"], Some(1_048_576), Some(65_536), audio!("0.5", "0.05", "1", "3")),
    Entry::chat(
        &["gemini-3.1-pro-preview", "gemini-3.1-pro-preview-customtools", "gemini-pro-latest"],
        Some(1_048_576),
        Some(65_536),
        text!("2", "0.2", "12"),
    )
    .long(LONG),
    Entry::chat(&["gemini-4-argon"], Some(1_048_576), None, text!("2", "0.1", "10")),
];
