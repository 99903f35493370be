//! Anthropic, <https://platform.claude.com/docs/en/about-claude/pricing>, looked up on 2026-11-25: US dollars
//! for a million tokens. Models whose pages name different prices for one bucket are left out.

use Meter::{CacheWrite, CacheWrite1h, CacheWrite5m, Input, InputCached, Output};
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::vocabulary::CallType::ChatCompletion;

use super::{Entry, usd};

/// Input, writes to the cache for five minutes and for an hour, cached input, output.
macro_rules! prices {
    ($input:literal, $five:literal, $hour:literal, $cached:literal, $output:literal) => {
        &[
            (Input, usd($input)),
            (CacheWrite5m, usd($five)),
            (CacheWrite1h, usd($hour)),
            // Where nobody knows for how long.
            (CacheWrite, usd($five)),
            (InputCached, usd($cached)),
            (Output, usd($output)),
        ]
    };
}

const fn chat(
    names: &'static [&'static str],
    max_output_tokens: u64,
    prices: &'static [(Meter, Credits)],
) -> Entry {
    Entry {
        names,
        call_type: ChatCompletion,
        max_output_tokens: Some(max_output_tokens),
        prices,
        long_context: false,
    }
}

pub const ENTRIES: &[Entry] = &[
    chat(&["claude-opus-5"], 128_000, prices!("5", "6.25", "10", "0.5", "25")),
    chat(&["claude-opus-4-8"], 128_000, prices!("5", "6.25", "10", "0.5", "25")),
    chat(&["claude-opus-4-7"], 128_000, prices!("5", "6.25", "10", "0.5", "25")),
    chat(&["claude-opus-4-6"], 128_000, prices!("5", "6.25", "10", "0.5", "25")),
    chat(&["claude-opus-4-5", "claude-opus-4-5-20251101"], 64_000, prices!("5", "6.25", "10", "0.5", "25")),
    chat(&["claude-opus-4-1", "claude-opus-4-1-20250805"], 32_000, prices!("15", "18.75", "30", "1.5", "75")),
    chat(&["claude-sonnet-4-6"], 64_000, prices!("3", "3.75", "6", "0.3", "15")),
    chat(
        &["claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
        64_000,
        prices!("3", "3.75", "6", "0.3", "15"),
    ),
    chat(&["claude-sonnet-4-0", "claude-sonnet-4-20250514"], 64_000, prices!("3", "3.75", "6", "0.3", "15")),
    chat(&["claude-haiku-4-5", "claude-haiku-4-5-20251001"], 64_000, prices!("1", "1.25", "2", "0.1", "5")),
    chat(
        &["claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"],
        8_192,
        prices!("0.8", "1", "1.6", "0.08", "4"),
    ),
    chat(&["claude-3-haiku-20240307"], 4_096, prices!("0.25", "0.3", "0.5", "0.03", "1.25")),
];
