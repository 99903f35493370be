//! Groq, <https://groq.com/pricing>, looked up on 2026-11-25: US dollars for a million tokens.

use super::Entry;

pub const ENTRIES: &[Entry] = &[
    Entry::chat(&["openai/gpt-oss-120b"], Some(131_072), Some(65_536), text!("0.15", "0.075", "0.6")),
    Entry::chat(&["openai/gpt-oss-20b"], Some(131_072), Some(65_536), text!("0.075", "0.0375", "0.3")),
    Entry::chat(&["qwen/qwen3.8-27b"], Some(131_072), Some(16_384), text!("0.8", "4")),
];
