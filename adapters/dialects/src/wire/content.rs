//! Where a text or a list may stand.

use hub_domain::error::CallError;
use serde_json::value::RawValue;

use super::fault;

pub(crate) enum Content<'a> {
    Text(String),
    List(Vec<&'a RawValue>),
}

/// `what` a list is of, for the message about something else.
pub(crate) fn content<'a>(raw: &'a RawValue, path: &str, what: &str) -> Result<Content<'a>, CallError> {
    match raw.get().as_bytes().first() {
        Some(b'"') => fault::inside(raw.get(), path).map(Content::Text),
        Some(b'[') => fault::inside(raw.get(), path).map(Content::List),
        _ => Err(fault::invalid_type(path, &format!("a string or an array of {what}"), "something else")),
    }
}
