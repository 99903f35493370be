//! Whose seal it is that thoughts carry. Clients hand seals back whichever model they ask next, and a provider
//! refuses those of another. Anthropic's have no mark.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Before a seal of a Responses provider, wherever another dialect carries it.
const OF_RESPONSES: &str = "hub.responses.";
/// Before one of Google's.
const OF_GEMINI: &str = "hub.gemini.";
/// Before a seal, and before thoughts that only their provider reads, where Gemini's dialect carries them: it has
/// nothing but bytes in base64.
const CARRIED_SEAL: &str = "hub.seal.";
const CARRIED_THOUGHTS: &str = "hub.redacted.";

/// The seal of a Responses provider, marked as such.
pub(crate) fn of_responses(seal: &str) -> String {
    format!("{OF_RESPONSES}{seal}")
}

/// The seal as a Responses provider made it; `None` for another provider's.
pub(crate) fn as_responses(seal: &str) -> Option<&str> {
    seal.strip_prefix(OF_RESPONSES)
}

/// The seal of Google's, marked as such.
pub(crate) fn of_gemini(seal: &str) -> String {
    format!("{OF_GEMINI}{seal}")
}

/// The seal as Google made it; `None` for another provider's.
pub(crate) fn as_gemini(seal: &str) -> Option<&str> {
    seal.strip_prefix(OF_GEMINI)
}

/// Whether it may be Anthropic's.
pub(crate) fn is_anthropics(seal: &str) -> bool {
    as_responses(seal).is_none() && as_gemini(seal).is_none()
}

/// What a `thoughtSignature` of ours holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    Seal(String),
    Thoughts(String),
}

/// As Gemini's clients carry it.
pub(crate) fn carried(what: &Carried) -> String {
    STANDARD.encode(match what {
        Carried::Seal(seal) => format!("{CARRIED_SEAL}{seal}"),
        Carried::Thoughts(data) => format!("{CARRIED_THOUGHTS}{data}"),
    })
}

/// What a `thoughtSignature` carries; `None` for Google's own. Clients may write the base64 of URLs.
pub(crate) fn uncarried(signature: &str) -> Option<Carried> {
    let standard = signature.replace('-', "+").replace('_', "/");
    let text = String::from_utf8(STANDARD.decode(standard).ok()?).ok()?;
    let seal = text.strip_prefix(CARRIED_SEAL).map(|seal| Carried::Seal(seal.to_owned()));
    seal.or_else(|| Some(Carried::Thoughts(text.strip_prefix(CARRIED_THOUGHTS)?.to_owned())))
}
