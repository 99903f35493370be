//! Whose seal it is that thoughts carry. Clients hand seals back whichever model they ask next, and a provider
//! refuses those of another.

/// Before a seal of a Responses provider, wherever another dialect carries it.
const OF_RESPONSES: &str = "hub.responses.";

/// The seal of a Responses provider, marked as such.
pub(crate) fn of_responses(seal: &str) -> String {
    format!("{OF_RESPONSES}{seal}")
}

/// The seal as a Responses provider made it; `None` for another provider's.
pub(crate) fn as_responses(seal: &str) -> Option<&str> {
    seal.strip_prefix(OF_RESPONSES)
}
