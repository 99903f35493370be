//! OpenAI, <https://developers.openai.com/api/docs/pricing>, the standard tier: US dollars for a
//! million tokens.

use Meter::{
    CacheWrite, Character, Input, InputAudio, InputCached, InputImage, Output, OutputAudio, OutputImage,
    Second,
};
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::vocabulary::CallType::{self, AudioGeneration, ChatCompletion, Embedding, ImageGeneration};

use super::{Entry, usd};

type Priced = &'static [(Meter, Credits)];

/// Input, cached input, output.
macro_rules! text {
    ($input:literal, $cached:literal, $output:literal) => {
        &[(Input, usd($input)), (InputCached, usd($cached)), (Output, usd($output))]
    };
    ($input:literal, $output:literal) => {
        &[(Input, usd($input)), (Output, usd($output))]
    };
}

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

const fn entry(
    names: &'static [&'static str],
    call_type: CallType,
    max_output_tokens: Option<u64>,
    prices: Priced,
) -> Entry {
    Entry { names, call_type, max_output_tokens, prices, long_context: false }
}

const fn chat(names: &'static [&'static str], max_output_tokens: u64, prices: Priced) -> Entry {
    entry(names, ChatCompletion, Some(max_output_tokens), prices)
}

/// A model whose long contexts cost more.
const fn long(names: &'static [&'static str], max_output_tokens: u64, prices: Priced) -> Entry {
    Entry { long_context: true, ..chat(names, max_output_tokens, prices) }
}

const fn embedding(names: &'static [&'static str], prices: Priced) -> Entry {
    entry(names, Embedding, None, prices)
}

/// Text in, images in and out.
macro_rules! image {
    ($input:literal, $image_in:literal, $image_out:literal) => {
        &[(Input, usd($input)), (InputImage, usd($image_in)), (OutputImage, usd($image_out))]
    };
}

const fn images(names: &'static [&'static str], prices: Priced) -> Entry {
    entry(names, ImageGeneration, None, prices)
}

const fn spoken(names: &'static [&'static str], prices: Priced) -> Entry {
    entry(names, AudioGeneration, None, prices)
}

pub const ENTRIES: &[Entry] = &[
    long(&["gpt-6.1-sol"], 128_000, with_writes!("2", "0.1", "2.5", "10")),
    long(&["gpt-6.1-terra"], 128_000, with_writes!("1", "0.05", "1.25", "5")),
    long(&["gpt-6-astra"], 128_000, with_writes!("10", "1", "12.5", "50")),
    long(&["gpt-6-sol"], 128_000, with_writes!("2", "0.2", "2.5", "10")),
    long(&["gpt-6-luna"], 128_000, with_writes!("0.1", "0.01", "0.125", "0.5")),
    long(&["gpt-5.6", "gpt-5.6-sol"], 128_000, with_writes!("4", "0.4", "5", "20")),
    long(&["gpt-5.6-terra"], 128_000, with_writes!("2", "0.2", "2.5", "12")),
    long(&["gpt-5.6-luna"], 128_000, with_writes!("0.2", "0.02", "0.25", "1.2")),
    long(&["gpt-5.5"], 128_000, text!("5", "0.5", "30")),
    long(&["gpt-5.4"], 128_000, text!("2.5", "0.25", "15")),
    chat(&["gpt-5.4-mini"], 128_000, text!("0.75", "0.075", "4.5")),
    chat(&["gpt-5.4-nano"], 128_000, text!("0.2", "0.02", "1.25")),
    chat(&["gpt-5.2"], 128_000, text!("1.75", "0.175", "14")),
    chat(&["gpt-5.1"], 128_000, text!("1.25", "0.125", "10")),
    chat(&["gpt-5", "gpt-5-2025-08-07"], 128_000, text!("1.25", "0.125", "10")),
    chat(&["gpt-5-mini", "gpt-5-mini-2025-08-07"], 128_000, text!("0.25", "0.025", "2")),
    chat(&["gpt-5-nano", "gpt-5-nano-2025-08-07"], 128_000, text!("0.05", "0.005", "0.4")),
    chat(&["gpt-5.2-chat-latest"], 16_384, text!("1.75", "0.175", "14")),
    chat(&["gpt-5.1-chat-latest", "gpt-5-chat-latest"], 16_384, text!("1.25", "0.125", "10")),
    chat(&["gpt-4.1", "gpt-4.1-2025-04-14"], 32_768, text!("2", "0.5", "8")),
    chat(&["gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"], 32_768, text!("0.4", "0.1", "1.6")),
    chat(&["gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"], 32_768, text!("0.1", "0.025", "0.4")),
    chat(&["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20"], 16_384, text!("2.5", "1.25", "10")),
    chat(&["gpt-4o-2024-05-13"], 4_096, text!("5", "15")),
    chat(&["gpt-4o-mini", "gpt-4o-mini-2024-07-18"], 16_384, text!("0.15", "0.075", "0.6")),
    chat(&["o1", "o1-2024-12-17"], 100_000, text!("15", "7.5", "60")),
    chat(&["o3", "o3-2025-04-16"], 100_000, text!("2", "0.5", "8")),
    chat(&["o3-mini", "o3-mini-2025-01-31"], 100_000, text!("1.1", "0.55", "4.4")),
    chat(&["o4-mini", "o4-mini-2025-04-16"], 100_000, text!("1.1", "0.275", "4.4")),
    chat(&["gpt-4-turbo", "gpt-4-turbo-2024-04-09"], 4_096, text!("10", "30")),
    chat(&["gpt-4", "gpt-4-0613"], 8_192, text!("30", "60")),
    chat(&["gpt-3.5-turbo", "gpt-3.5-turbo-0125"], 4_096, text!("0.5", "1.5")),
    chat(&["gpt-audio"], 16_384, audio!("2.5", "10", "32", "64")),
    chat(&["gpt-audio-mini"], 16_384, audio!("0.6", "2.4", "10", "20")),
    embedding(&["text-embedding-3-small"], &[(Input, usd("0.02"))]),
    embedding(&["text-embedding-3-large"], &[(Input, usd("0.13"))]),
    embedding(&["text-embedding-ada-002"], &[(Input, usd("0.1"))]),
    // Cached input of text and of images costs differently and is not told apart: it is paid as text.
    images(&["gpt-image-2.6-sunburst"], image!("5", "8", "30")),
    images(&["gpt-image-2.5-sunburst", "gpt-image-2.5-flare", "gpt-image-2"], image!("5", "8", "30")),
    images(&["gpt-image-1-mini"], image!("2", "2.5", "8")),
    spoken(&["tts-1", "tts-1-1106"], &[(Character, usd("15"))]),
    spoken(&["tts-1-hd", "tts-1-hd-1106"], &[(Character, usd("30"))]),
    spoken(&["gpt-4o-mini-tts"], &[(Input, usd("0.6")), (OutputAudio, usd("12"))]),
    // 0.006 dollars a minute.
    spoken(&["whisper-1"], &[(Second, usd("100"))]),
    spoken(&["gpt-4o-transcribe"], text!("2.5", "10")),
    spoken(&["gpt-4o-mini-transcribe"], text!("1.25", "5")),
];
