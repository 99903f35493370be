//! A streamed response of an upstream of this dialect, on its way to a client: its events as they came, but for the
//! last one, which waits for the settlement, and for one that the hub has to make because the answer broke off.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::vocabulary::Receipt;
use serde::Deserialize;

use super::usage;
use crate::outline::{Outline, member, with_member};
use crate::wire::loose::{Count, Short};
use crate::wire::text::string;
use crate::wire::written_event::named_event;

#[derive(Debug, Default)]
pub(super) struct PassedOn {
    /// The first event, which has the response as it began.
    created: Option<Bytes>,
    /// The last one and its type.
    last: Option<(&'static str, Bytes)>,
    /// Of the next event.
    number: u64,
    begun: bool,
}

/// Types that end a stream.
const ENDS: [&str; 2] = ["response.completed", "response.incomplete"];
const FAILED: &str = "response.failed";

/// Of an event. A whole response has no type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Short<'a>,
    sequence_number: Count,
}

impl PassedOn {
    /// Whether an upstream's events went out, so that the answer is written from them.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Passes an event on; `false` for what is none.
    pub fn event(&mut self, raw: &Bytes, out: &mut BytesMut) -> bool {
        let head: Head<'_> = serde_json::from_slice(raw).unwrap_or_default();
        let Some(kind) = head.kind.0.as_deref().filter(|kind| !kind.is_empty()) else { return false };
        self.begun = true;
        self.number = head.sequence_number.known().unwrap_or(self.number) + 1;
        if let Some(end) = ENDS.into_iter().find(|end| *end == kind) {
            self.last = Some((end, raw.clone()));
            return true;
        }
        if self.created.is_none() {
            self.created = Some(raw.clone());
        }
        named_event(kind, raw, out);
        true
    }

    /// The last event, with what the answer cost.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        let Some((kind, raw)) = self.last.take() else { return };
        let text = std::str::from_utf8(&raw).unwrap_or_default();
        match with_member(text, "response", |response| annotated(response?, receipt)) {
            Some(event) => named_event(kind, event.as_bytes(), out),
            None => named_event(kind, &raw, out),
        }
    }

    /// An event in place of the rest: the response as it began, with the code and the text of what went wrong.
    pub fn failed(&mut self, code: &str, message: &str, out: &mut BytesMut) {
        let mut error = BytesMut::new();
        error.put_slice(b"{\"code\":");
        string(&mut error, code);
        error.put_slice(b",\"message\":");
        string(&mut error, message);
        error.put_u8(b'}');
        let error = String::from_utf8_lossy(&error);
        let created = self.created.as_deref().and_then(|raw| std::str::from_utf8(raw).ok());
        let response = created
            .and_then(|text| member(text, "response"))
            .unwrap_or("{\"object\":\"response\",\"output\":[]}");
        let failed = Outline::of_answer(response).ok().and_then(|outline| {
            let mut edits = outline.into_edits();
            edits.set("status", "\"failed\"".to_owned());
            edits.set("error", error.clone().into_owned());
            edits.apply(response)
        });
        let failed = failed.unwrap_or_else(|| format!("{{\"status\":\"failed\",\"error\":{error}}}"));
        let number = self.number;
        let event = format!("{{\"type\":\"{FAILED}\",\"sequence_number\":{number},\"response\":{failed}}}");
        named_event(FAILED, event.as_bytes(), out);
    }
}

/// A whole response with what it cost. `raw` is the response, or the event that has it.
pub(super) fn whole(raw: &[u8], receipt: &Receipt) -> Option<String> {
    let text = std::str::from_utf8(raw).ok()?;
    annotated(member(text, "response").filter(|response| response.starts_with('{')).unwrap_or(text), receipt)
}

fn annotated(response: &str, receipt: &Receipt) -> Option<String> {
    with_member(response, "usage", |own| {
        Some(usage::settled(own.filter(|usage| usage.starts_with('{')), receipt))
    })
}
