//! Why an answer ended, in Google's words.

use hub_domain::vocabulary::FinishReason;

/// `has_calls`: a call of a tool ends with `STOP` too.
pub(super) fn read(reason: &str, has_calls: bool) -> FinishReason {
    match reason {
        "STOP" if has_calls => FinishReason::ToolCalls,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" => {
            FinishReason::ContentFilter
        }
        "CONTINUATION" => FinishReason::Paused,
        image if image.starts_with("IMAGE_") => FinishReason::ContentFilter,
        other => FinishReason::Other(other.chars().take(64).collect::<String>().to_ascii_lowercase()),
    }
}

/// Clients know no other words, so a strange one becomes the plainest.
pub(super) fn word(reason: &FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop
        | FinishReason::ToolCalls
        | FinishReason::StopSequence(_)
        | FinishReason::Paused
        | FinishReason::Other(_) => "STOP",
        FinishReason::Length | FinishReason::ContextFull => "MAX_TOKENS",
        FinishReason::ContentFilter => "SAFETY",
        FinishReason::Refusal => "PROHIBITED_CONTENT",
    }
}
