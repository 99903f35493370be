//! Mistral, <https://mistral.ai/pricing>, looked up on 2026-11-25: US dollars for a million tokens.

use hub_domain::meter::Meter::Input;

use super::{Entry, usd};

pub const ENTRIES: &[Entry] = &[
    Entry::chat(&["codestral-2508"], Some(128_000), None, text!("0.3", "0.03", "0.9")),
    Entry::chat(&["ministral-14b-2512"], Some(262_144), None, text!("0.2", "0.02", "0.2")),
    Entry::chat(&["ministral-3b-2512"], Some(131_072), None, text!("0.1", "0.01", "0.1")),
    Entry::chat(
        &[
            "mistral-medium-3",
            "mistral-medium-2604",
            "mistral-medium-latest",
            "mistral-medium-3-5",
            "mistral-medium-3.5",
        ],
        Some(262_144),
        None,
        text!("1.5", "0.15", "7.5"),
    ),
    Entry::chat(
        &["voxtral-small-2507", "voxtral-small-latest"],
        Some(32_768),
        None,
        text!("0.1", "0.01", "0.4"),
    ),
    Entry::chat(&["deepseek-v4-1-flash-1017"], Some(1_048_576), Some(131_072), text!("0.3", "0.007", "1.2")),
    Entry::chat(&["zai-glm-5-3"], Some(1_048_576), Some(131_072), text!("1.4", "0.14", "4.4")),
    Entry::chat(&["zai-glm-5-3-flash"], Some(1_048_576), Some(131_072), text!("0.15", "0.03", "0.5")),
    Entry::embedding(&["codestral-embed", "codestral-embed-2505"], Some(8_192), &[(Input, usd("0.15"))]),
    Entry::chat(
        &["mistral-large-4", "mistral-large-4-0"],
        Some(1_048_576),
        None,
        text!("0.7", "0.07", "2.1"),
    ),
    Entry::chat(&["mistral-large-2512"], Some(262_144), None, text!("0.5", "0.05", "1.5")),
    Entry::chat(
        &["mistral-small-latest", "mistral-small-2603"],
        Some(262_144),
        None,
        text!("0.15", "0.015", "0.6"),
    ),
    Entry::chat(
        &["ministral-8b-2512", "ministral-8b-latest"],
        Some(262_144),
        None,
        text!("0.15", "0.015", "0.15"),
    ),
];
