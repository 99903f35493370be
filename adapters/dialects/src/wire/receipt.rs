//! What a call cost, in the usage object of any dialect: `modelCallId` and `aigneHubCredits`.

use hub_domain::vocabulary::Receipt;

/// A usage object with what the call cost: the provider's own, else one that is made.
pub(crate) fn annotated(own: Option<&str>, made: impl FnOnce() -> String, receipt: &Receipt) -> String {
    let mut text = match own.and_then(without_ours) {
        Some(own) => own,
        None => made(),
    };
    // Both are objects: ours goes before the last brace.
    text.truncate(text.trim_end().len().saturating_sub(1));
    if !text.trim_end().ends_with('{') {
        text.push(',');
    }
    text.push_str("\"modelCallId\":\"");
    text.push_str(&receipt.call.to_string());
    match receipt.charged {
        Some(charged) => {
            text.push_str("\",\"aigneHubCredits\":");
            text.push_str(&charged.to_string());
            text.push('}');
        }
        None => text.push_str("\",\"aigneHubCredits\":null,\"billingStatus\":\"pending\"}"),
    }
    text
}

/// Another hub upstream has put its own annotations there.
fn without_ours(usage: &str) -> Option<String> {
    const OURS: [&str; 4] = ["modelCallId", "aigneHubCredits", "billingStatus", "creditPrefix"];
    // All of ours have a capital: most usages have none, and nothing need be looked for in them.
    if !usage.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'\\') {
        return Some(usage.to_owned());
    }
    // A key that can't be one of them, however it is written, need not be looked for either.
    let may_be_there = |key: &&str| memchr::memmem::find(usage.as_bytes(), key.as_bytes()).is_some();
    if !usage.contains('\\') && !OURS.iter().any(may_be_there) {
        return Some(usage.to_owned());
    }
    let outline = crate::outline::Outline::of_answer(usage).ok()?;
    if outline.is_unique() && outline.members().iter().all(|member| !OURS.contains(&&*member.key)) {
        return Some(usage.to_owned());
    }
    let mut edits = outline.into_edits();
    OURS.iter().for_each(|key| edits.remove(key));
    edits.apply(usage)
}
