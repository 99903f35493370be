//! Ids of tool calls for an upstream that takes nine letters and digits only.

use std::hash::{DefaultHasher, Hash, Hasher};

use hub_domain::vocabulary::{ChatRequest, Part};

const LENGTH: usize = 9;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn fits(id: &str) -> bool {
    id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The conversation with short ids; `None` where all are short already.
pub(super) fn shortened(chat: &ChatRequest) -> Option<ChatRequest> {
    let ids = |part: &Part| match part {
        Part::ToolCall { id, .. } | Part::ToolResult { call_id: id, .. } => !fits(id),
        _ => false,
    };
    if !chat.messages.iter().flat_map(|message| &message.parts).any(ids) {
        return None;
    }
    let mut chat = chat.clone();
    for part in chat.messages.iter_mut().flat_map(|message| &mut message.parts) {
        if let Part::ToolCall { id, .. } | Part::ToolResult { call_id: id, .. } = part
            && !fits(id)
        {
            *id = short(id);
        }
    }
    Some(chat)
}

/// The same for the same id, so that calls and results still belong together.
fn short(id: &str) -> String {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let mut rest = hasher.finish();
    let digit = |_| {
        let digit = DIGITS[usize::try_from(rest % 62).unwrap_or(0)];
        rest /= 62;
        char::from(digit)
    };
    (0..LENGTH).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_is_the_same_for_the_same_id_and_fits() {
        let ids = ["call_0193577a5e2c", "toolu_01A09q90qw90lq917835lq9", ""];
        for id in ids {
            assert!(fits(&short(id)), "{id}");
            assert_eq!(short(id), short(id));
        }
        assert_ne!(short(ids[0]), short(ids[1]));
        assert!(fits("aB3dE6gH9") && !fits("call_1"));
    }
}
