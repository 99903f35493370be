//! xAI, <https://docs.x.ai/docs/models>, looked up on 2026-11-25: US dollars for a million tokens. A call with 200,000
//! input tokens or more costs twice as much on both sides.

use super::{Entry, LongContext};

const LONG: LongContext = LongContext { from: 200_000, input: (2, 1), output: (2, 1) };

pub const ENTRIES: &[Entry] = &[
    Entry::chat(
        &[
            "grok-4.20-0309-reasoning",
            "grok-4.3",
            "grok-4.3-latest",
            "grok-4.20-0309-non-reasoning",
            "grok-4.20",
        ],
        Some(1_000_000),
        None,
        text!("1.25", "0.2", "2.5"),
    )
    .long(LONG),
    Entry::chat(&["grok-4.5", "grok-4.5-latest"], Some(500_000), None, text!("2", "0.3", "6")).long(LONG),
    Entry::chat(&["grok-4.6", "grok-4.7"], Some(500_000), None, text!("2", "0.5", "6")).long(LONG),
    Entry::chat(&["grok-build-0.1"], Some(256_000), None, text!("1", "0.2", "2")).long(LONG),
];
