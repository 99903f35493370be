//! Server-sent events as they are written: an upstream's JSON may have line ends, and no event may.

use bytes::{BufMut, BytesMut};

use super::text::one_line;

/// An event that says in its JSON what it is.
pub(crate) fn unnamed_event(json: &[u8], out: &mut BytesMut) {
    out.reserve(json.len() + 8);
    out.put_slice(b"data: ");
    one_line(out, json);
    out.put_slice(b"\n\n");
}

/// An event with a name of its own.
pub(crate) fn named_event(kind: &str, json: &[u8], out: &mut BytesMut) {
    out.reserve(json.len() + kind.len() + 20);
    out.put_slice(b"event: ");
    // A word of the upstream's: it must not break the line.
    out.put_slice(kind.split(['\r', '\n']).next().unwrap_or_default().as_bytes());
    out.put_slice(b"\n");
    unnamed_event(json, out);
}
