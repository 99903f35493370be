//! Why an answer ended, in Anthropic's words.

use hub_domain::vocabulary::FinishReason;

pub(super) fn read(reason: &str, sequence: Option<String>) -> FinishReason {
    match reason {
        "end_turn" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        "stop_sequence" => sequence.map_or(FinishReason::Stop, FinishReason::StopSequence),
        "tool_use" => FinishReason::ToolCalls,
        "pause_turn" => FinishReason::Paused,
        "refusal" => FinishReason::Refusal,
        "model_context_window_exceeded" => FinishReason::ContextFull,
        other => FinishReason::Other(other.chars().take(64).collect()),
    }
}

/// Clients know no other words, so a strange one becomes the plainest.
pub(super) fn word(reason: &FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::Other(_) => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::StopSequence(_) => "stop_sequence",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::Paused => "pause_turn",
        FinishReason::Refusal | FinishReason::ContentFilter => "refusal",
        FinishReason::ContextFull => "model_context_window_exceeded",
    }
}

/// The sequence that ended the answer.
pub(super) fn sequence(reason: &FinishReason) -> Option<&str> {
    match reason {
        FinishReason::StopSequence(sequence) => Some(sequence),
        _ => None,
    }
}
