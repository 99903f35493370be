//! Texts in quotes, as JavaScript's `JSON.stringify` writes them.

use std::fmt::Write;

/// The short escapes, `\u00xx` for other control characters, half of a surrogate pair as its escape,
/// and everything else as it is.
pub(crate) fn quoted(units: &[u16]) -> String {
    let mut text = String::with_capacity(units.len() + 2);
    text.push('"');
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok('"') => text.push_str("\\\""),
            Ok('\\') => text.push_str("\\\\"),
            Ok('\u{8}') => text.push_str("\\b"),
            Ok('\u{c}') => text.push_str("\\f"),
            Ok('\n') => text.push_str("\\n"),
            Ok('\r') => text.push_str("\\r"),
            Ok('\t') => text.push_str("\\t"),
            Ok(control) if control < ' ' => escape(&mut text, u32::from(control)),
            Ok(character) => text.push(character),
            Err(lone) => escape(&mut text, u32::from(lone.unpaired_surrogate())),
        }
    }
    text.push('"');
    text
}

fn escape(text: &mut String, code: u32) {
    // Writing to a text does not fail.
    let _ = write!(text, "\\u{code:04x}");
}
