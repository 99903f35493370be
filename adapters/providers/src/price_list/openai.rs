//! OpenAI, <https://developers.openai.com/api/docs/pricing>, the standard tier, looked up on 2026-11-25: US dollars
//! for a million tokens. Above 272,000 input tokens the newer models cost twice on the side of the input and one and a
//! half times on that of the output.

use hub_domain::meter::Meter::{
    CacheWrite, Character, Input, InputAudio, InputCached, InputImage, Output, OutputAudio, OutputImage,
    Second,
};
use hub_domain::vocabulary::CallType::{AudioGeneration, ImageGeneration};

use super::{Entry, LongContext, usd};

const LONG: LongContext = LongContext { from: 272_001, input: (2, 1), output: (3, 2) };

/// Input, cached input, writes to the cache, output.
macro_rules! with_writes {
    ($input:literal, $cached:literal, $write:literal, $output:literal) => {
        &[
            (Input, usd($input)),
            (InputCached, usd($cached)),
            (CacheWrite, usd($write)),
            (Output, usd($output)),
        ]
    };
}

/// Text in and out, audio in and out.
macro_rules! audio {
    ($input:literal, $output:literal, $audio_in:literal, $audio_out:literal) => {
        &[
            (Input, usd($input)),
            (Output, usd($output)),
            (InputAudio, usd($audio_in)),
            (OutputAudio, usd($audio_out)),
        ]
    };
}

/// Text in, images in and out.
macro_rules! image {
    ($input:literal, $image_in:literal, $image_out:literal) => {
        &[(Input, usd($input)), (InputImage, usd($image_in)), (OutputImage, usd($image_out))]
    };
}

pub const ENTRIES: &[Entry] = &[
    Entry::chat(&["gpt-6.1-sol"], Some(922_000), Some(128_000), with_writes!("2", "0.1", "2.5", "10"))
        .long(LONG),
    Entry::chat(&["gpt-6.1-terra"], Some(922_000), Some(128_000), with_writes!("1", "0.05", "1.25", "5"))
        .long(LONG),
    Entry::chat(&["gpt-6-astra"], Some(922_000), Some(128_000), with_writes!("10", "1", "12.5", "50"))
        .long(LONG),
    Entry::chat(&["gpt-6-sol"], Some(922_000), Some(128_000), with_writes!("2", "0.2", "2.5", "10"))
        .long(LONG),
    Entry::chat(&["gpt-6-luna"], Some(922_000), Some(128_000), with_writes!("0.1", "0.01", "0.125", "0.5"))
        .long(LONG),
    Entry::chat(
        &["gpt-5.6", "gpt-5.6-sol"],
        Some(922_000),
        Some(128_000),
        with_writes!("4", "0.4", "5", "20"),
    )
    .long(LONG),
    Entry::chat(&["gpt-5.6-terra"], Some(922_000), Some(128_000), with_writes!("2", "0.2", "2.5", "12"))
        .long(LONG),
    Entry::chat(&["gpt-5.6-luna"], Some(922_000), Some(128_000), with_writes!("0.2", "0.02", "0.25", "1.2"))
        .long(LONG),
    Entry::chat(&["gpt-5.5", "gpt-5.5-2026-04-23"], Some(1_050_000), Some(128_000), text!("5", "0.5", "30"))
        .long(LONG),
    Entry::chat(
        &["gpt-5.4", "gpt-5.4-2026-03-05"],
        Some(1_050_000),
        Some(128_000),
        text!("2.5", "0.25", "15"),
    )
    .long(LONG),
    Entry::chat(
        &["gpt-5.4-mini", "gpt-5.4-mini-2026-03-17"],
        Some(272_000),
        Some(128_000),
        text!("0.75", "0.075", "4.5"),
    ),
    Entry::chat(
        &["gpt-5.4-nano", "gpt-5.4-nano-2026-03-17"],
        Some(272_000),
        Some(128_000),
        text!("0.2", "0.02", "1.25"),
    ),
    Entry::chat(
        &["gpt-5.2", "gpt-5.2-2025-12-11"],
        Some(272_000),
        Some(128_000),
        text!("1.75", "0.175", "14"),
    ),
    Entry::chat(
        &["gpt-5.1", "gpt-5.1-2025-11-13"],
        Some(272_000),
        Some(128_000),
        text!("1.25", "0.125", "10"),
    ),
    Entry::chat(&["gpt-5", "gpt-5-2025-08-07"], Some(272_000), Some(128_000), text!("1.25", "0.125", "10")),
    Entry::chat(
        &["gpt-5-mini", "gpt-5-mini-2025-08-07"],
        Some(272_000),
        Some(128_000),
        text!("0.25", "0.025", "2"),
    ),
    Entry::chat(
        &["gpt-5-nano", "gpt-5-nano-2025-08-07"],
        Some(272_000),
        Some(128_000),
        text!("0.05", "0.005", "0.4"),
    ),
    Entry::chat(&["gpt-5.2-chat-latest"], Some(128_000), Some(16_384), text!("1.75", "0.175", "14")),
    Entry::chat(
        &["gpt-5.1-chat-latest", "gpt-5-chat-latest"],
        Some(128_000),
        Some(16_384),
        text!("1.25", "0.125", "10"),
    ),
    Entry::chat(&["gpt-4.1", "gpt-4.1-2025-04-14"], Some(1_047_576), Some(32_768), text!("2", "0.5", "8")),
    Entry::chat(
        &["gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"],
        Some(1_047_576),
        Some(32_768),
        text!("0.4", "0.1", "1.6"),
    ),
    Entry::chat(
        &["gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"],
        Some(1_047_576),
        Some(32_768),
        text!("0.1", "0.025", "0.4"),
    ),
    Entry::chat(
        &["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20"],
        Some(128_000),
        Some(16_384),
        text!("2.5", "1.25", "10"),
    ),
    Entry::chat(&["gpt-4o-2024-05-13"], Some(128_000), Some(4_096), text!("5", "15")),
    Entry::chat(
        &["gpt-4o-mini", "gpt-4o-mini-2024-07-18"],
        Some(128_000),
        Some(16_384),
        text!("0.15", "0.075", "0.6"),
    ),
    Entry::chat(&["o1", "o1-2024-12-17"], Some(200_000), Some(100_000), text!("15", "7.5", "60")),
    Entry::chat(&["o3", "o3-2025-04-16"], Some(200_000), Some(100_000), text!("2", "0.5", "8")),
    Entry::chat(
        &["o3-mini", "o3-mini-2025-01-31"],
        Some(200_000),
        Some(100_000),
        text!("1.1", "0.55", "4.4"),
    ),
    Entry::chat(
        &["o4-mini", "o4-mini-2025-04-16"],
        Some(200_000),
        Some(100_000),
        text!("1.1", "0.275", "4.4"),
    ),
    Entry::chat(&["gpt-4-turbo", "gpt-4-turbo-2024-04-09"], Some(128_000), Some(4_096), text!("10", "30")),
    Entry::chat(&["gpt-4", "gpt-4-0613"], Some(8_192), Some(8_192), text!("30", "60")),
    Entry::chat(&["gpt-3.5-turbo", "gpt-3.5-turbo-0125"], Some(16_385), Some(4_096), text!("0.5", "1.5")),
    Entry::chat(
        &["gpt-audio", "gpt-audio-2025-08-28"],
        Some(128_000),
        Some(16_384),
        audio!("2.5", "10", "32", "64"),
    ),
    Entry::chat(
        &["gpt-audio-mini", "gpt-audio-mini-2025-12-15"],
        Some(128_000),
        Some(16_384),
        audio!("0.6", "2.4", "10", "20"),
    ),
    Entry::embedding(&["text-embedding-3-small"], Some(8_191), &[(Input, usd("0.02"))]),
    Entry::embedding(&["text-embedding-3-large"], Some(8_191), &[(Input, usd("0.13"))]),
    Entry::embedding(&["text-embedding-ada-002"], Some(8_191), &[(Input, usd("0.1"))]),
    // Cached input of text and of images costs differently and is not told apart: it is paid as text.
    Entry::media(ImageGeneration, &["gpt-image-2.6-sunburst"], image!("5", "8", "30")),
    Entry::media(
        ImageGeneration,
        &["gpt-image-2.5-sunburst", "gpt-image-2.5-flare", "gpt-image-2"],
        image!("5", "8", "30"),
    ),
    Entry::media(ImageGeneration, &["gpt-image-1-mini"], image!("2", "2.5", "8")),
    Entry::media(AudioGeneration, &["tts-1", "tts-1-1106"], &[(Character, usd("15"))]),
    Entry::media(AudioGeneration, &["tts-1-hd", "tts-1-hd-1106"], &[(Character, usd("30"))]),
    Entry::media(AudioGeneration, &["gpt-4o-mini-tts"], &[(Input, usd("0.6")), (OutputAudio, usd("12"))]),
    // 0.006 dollars a minute.
    Entry::media(AudioGeneration, &["whisper-1"], &[(Second, usd("100"))]),
    Entry::media(AudioGeneration, &["gpt-4o-transcribe"], text!("2.5", "10")),
    Entry::media(AudioGeneration, &["gpt-4o-mini-transcribe"], text!("1.25", "5")),
];
