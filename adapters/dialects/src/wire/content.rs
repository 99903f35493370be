//! Where a text or a list may stand, and what becomes of it.

use hub_domain::error::CallError;
use hub_domain::vocabulary::{ImageSource, Part};
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

/// A text as one part, or each element of a list with its path as as many parts as it makes.
pub(crate) fn parts(
    raw: &RawValue,
    path: &str,
    what: &str,
    read: impl Fn(&RawValue, &str, &mut Vec<Part>) -> Result<(), CallError>,
) -> Result<Vec<Part>, CallError> {
    match content(raw, path, what)? {
        Content::Text(text) => Ok(vec![Part::Text(text)]),
        Content::List(list) => {
            let mut parts = Vec::with_capacity(list.len());
            for (index, raw) in list.into_iter().enumerate() {
                read(raw, &format!("{path}[{index}]"), &mut parts)?;
            }
            Ok(parts)
        }
    }
}

/// What a tool's result has of its content: the text, the images, and the rest, which no result has a word for.
pub(crate) fn shown_by_tool(parts: Vec<Part>) -> (String, Vec<ImageSource>, Vec<Part>) {
    let (mut text, mut images, mut others) = (String::new(), Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(piece) => text.push_str(&piece),
            Part::Image { source, .. } => images.push(source),
            other => others.push(other),
        }
    }
    (text, images, others)
}
