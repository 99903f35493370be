//! Anthropic, <https://platform.claude.com/docs/en/about-claude/pricing>, looked up on 2026-11-25: US dollars
//! for a million tokens. Models whose pages name different prices for one bucket are left out. A search on the web
//! costs ten dollars for a thousand.

use hub_domain::meter::Meter::{CacheWrite, CacheWrite1h, CacheWrite5m, Input, InputCached, Output, Search};

use super::{Entry, LongContext, usd};

/// Above 100,000 input tokens Claude Haiku 5.5 costs five times as much.
const HAIKU: LongContext = LongContext { from: 100_001, input: (5, 1), output: (5, 1) };

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
            // `usd` takes the price of a million.
            (Search, usd("10000")),
        ]
    };
}

pub const ENTRIES: &[Entry] = &[
    Entry::chat(&["claude-fable-5"], Some(1_000_000), Some(128_000), prices!("10", "12.5", "20", "1", "50")),
    Entry::chat(
        &["claude-fable-5-1"],
        Some(1_000_000),
        Some(128_000),
        prices!("10", "12.5", "20", "0.25", "50"),
    ),
    Entry::chat(
        &["claude-haiku-5-5"],
        Some(1_000_000),
        Some(128_000),
        prices!("0.1", "0.125", "0.2", "0.01", "0.5"),
    )
    .long(HAIKU),
    Entry::chat(&["claude-opus-5-5"], Some(1_000_000), Some(128_000), prices!("4", "5", "8", "0.2", "20")),
    Entry::chat(
        &["claude-sonnet-5-5"],
        Some(1_000_000),
        Some(128_000),
        prices!("2", "2.5", "4", "0.1", "10"),
    ),
    Entry::chat(&["claude-sonnet-5"], Some(1_000_000), Some(128_000), prices!("2", "2.5", "4", "0.2", "10")),
    Entry::chat(&["claude-opus-5"], Some(1_000_000), Some(128_000), prices!("5", "6.25", "10", "0.5", "25")),
    Entry::chat(
        &["claude-opus-4-8"],
        Some(1_000_000),
        Some(128_000),
        prices!("5", "6.25", "10", "0.5", "25"),
    ),
    Entry::chat(
        &["claude-opus-4-7", "claude-opus-4-7-20260416"],
        Some(1_000_000),
        Some(128_000),
        prices!("5", "6.25", "10", "0.5", "25"),
    ),
    Entry::chat(
        &["claude-opus-4-6", "claude-opus-4-6-20260205"],
        Some(1_000_000),
        Some(128_000),
        prices!("5", "6.25", "10", "0.5", "25"),
    ),
    Entry::chat(
        &["claude-opus-4-5", "claude-opus-4-5-20251101"],
        Some(200_000),
        Some(64_000),
        prices!("5", "6.25", "10", "0.5", "25"),
    ),
    Entry::chat(
        &["claude-opus-4-1", "claude-opus-4-1-20250805"],
        Some(200_000),
        Some(32_000),
        prices!("15", "18.75", "30", "1.5", "75"),
    ),
    Entry::chat(
        &["claude-sonnet-4-6"],
        Some(1_000_000),
        Some(64_000),
        prices!("3", "3.75", "6", "0.3", "15"),
    ),
    Entry::chat(
        &["claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
        Some(200_000),
        Some(64_000),
        prices!("3", "3.75", "6", "0.3", "15"),
    ),
    Entry::chat(
        &["claude-sonnet-4-0", "claude-sonnet-4-20250514"],
        Some(200_000),
        Some(64_000),
        prices!("3", "3.75", "6", "0.3", "15"),
    ),
    Entry::chat(
        &["claude-haiku-4-5", "claude-haiku-4-5-20251001"],
        Some(200_000),
        Some(64_000),
        prices!("1", "1.25", "2", "0.1", "5"),
    ),
    Entry::chat(
        &["claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"],
        Some(200_000),
        Some(8_192),
        prices!("0.8", "1", "1.6", "0.08", "4"),
    ),
    Entry::chat(
        &["claude-3-haiku-20240307"],
        Some(200_000),
        Some(4_096),
        prices!("0.25", "0.3", "0.5", "0.03", "1.25"),
    ),
];
