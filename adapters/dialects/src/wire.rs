//! What the dialects share below their own words: JSON that can't be relied on, faults of requests, errors of
//! upstreams, and the way from a body's bytes to frames.

pub(crate) mod calls;
pub(crate) mod content;
pub(crate) mod decode_stream;
pub(crate) mod fault;
pub(crate) mod json_object;
pub(crate) mod loose;
pub(crate) mod number;
pub(crate) mod objects;
pub(crate) mod receipt;
pub(crate) mod request_text;
pub(crate) mod seal;
pub(crate) mod text;
pub(crate) mod upstream_error;
pub(crate) mod written_event;
