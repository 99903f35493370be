//! The text of a request's body: within the limits, and with each key once.

use std::borrow::Cow;

use hub_domain::error::CallError;
use serde::Deserialize;

use super::fault;
use crate::outline::{Outline, Shape};

/// The outline of a body; `T` tells what is wrong with one that is no object.
pub(crate) fn outline<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Outline<'a>, CallError> {
    Outline::of(text).map_err(|error| fault::outline(error, || fault::body::<T>(text)))
}

/// The same, and what of it the shape does not know is weighed.
pub(crate) fn weighed<'a, T: Deserialize<'a>>(
    text: &'a str,
    shape: &'static Shape,
) -> Result<Outline<'a>, CallError> {
    Outline::weighed(text, shape).map_err(|error| fault::outline(error, || fault::body::<T>(text)))
}

/// Without members that come again later: what is read is what an upstream reads.
pub(crate) fn unique<'a, T: Deserialize<'a>>(
    text: &'a str,
    outline: Outline<'a>,
) -> Result<Cow<'a, str>, CallError> {
    if outline.is_unique() {
        return Ok(Cow::Borrowed(text));
    }
    outline.into_edits().apply(text).map(Cow::Owned).ok_or_else(|| fault::body::<T>(text))
}

pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, CallError> {
    serde_json::from_str(text).map_err(|_| fault::body::<T>(text))
}
