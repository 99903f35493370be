//! Writing JSON straight into an output buffer.

use bytes::{BufMut, BytesMut};

/// A string with its quotes.
pub(crate) fn string(out: &mut BytesMut, text: &str) {
    // Into memory: it can't fail.
    let _ = serde_json::to_writer(out.writer(), text);
}

/// JSON on one line, as server-sent events need it. JSON has line ends between its tokens only.
pub(crate) fn one_line(out: &mut BytesMut, json: &[u8]) {
    if memchr::memchr2(b'\n', b'\r', json).is_none() {
        return out.put_slice(json);
    }
    out.reserve(json.len());
    json.iter().for_each(|byte| out.put_u8(if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
}
