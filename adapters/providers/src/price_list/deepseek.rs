//! DeepSeek, <https://api-docs.deepseek.com/quick_start/pricing>, looked up on 2026-11-25: US dollars for a million
//! tokens. It charges half outside the peak hours of working days (01:00 to 04:00 and 06:00 to 10:00 UTC); a price
//! here knows no hours, so these are those of the peak, which an operator may lower.

use super::Entry;

pub const ENTRIES: &[Entry] = &[
    Entry::chat(
        &["deepseek-flash", "deepseek-v4-flash"],
        Some(1_000_000),
        Some(393_216),
        text!("0.3", "0.006", "1.2"),
    ),
    Entry::chat(&["deepseek-v4-pro"], Some(1_000_000), Some(393_216), text!("1.32", "0.044", "3.96")),
];
