//! One member of an answer's object, for the many who want no more of it.

use super::Outline;

/// The JSON text of a member.
pub(crate) fn member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let outline = Outline::of_answer(object).ok()?;
    outline.get(key).map(|member| &object[member.value.clone()])
}

/// The object with what `change` makes of a member, or with a new one where it has none. `None` where `change`
/// makes nothing of it, or the object is none.
pub(crate) fn with_member(
    object: &str,
    key: &str,
    change: impl FnOnce(Option<&str>) -> Option<String>,
) -> Option<String> {
    let outline = Outline::of_answer(object).ok()?;
    let changed = change(outline.get(key).map(|member| &object[member.value.clone()]))?;
    let mut edits = outline.into_edits();
    edits.set(key, changed);
    edits.apply(object)
}

/// The object without a member.
pub(crate) fn without_member(object: &str, key: &str) -> Option<String> {
    let mut edits = Outline::of_answer(object).ok()?.into_edits();
    edits.remove(key);
    edits.apply(object)
}
