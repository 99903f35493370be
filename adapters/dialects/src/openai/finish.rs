//! Why an answer ended, in OpenAI's words.

use hub_domain::vocabulary::FinishReason;

/// OpenAI's word for an end. Clients know no other words, so a strange one becomes the plainest.
pub(super) fn finish_reason(reason: &FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop
        | FinishReason::StopSequence(_)
        | FinishReason::Paused
        | FinishReason::Other(_) => "stop",
        FinishReason::Length | FinishReason::ContextFull => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter | FinishReason::Refusal => "content_filter",
    }
}
