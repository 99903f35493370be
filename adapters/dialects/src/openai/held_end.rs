//! An upstream's event that reports usage, held back until the call is settled.

use bytes::{Bytes, BytesMut};
use hub_domain::vocabulary::Event;

use crate::outline::{member, with_member};
use crate::wire::written_event::unnamed_event;

/// Only the last one counts: an earlier one goes out as soon as something follows it.
#[derive(Debug, Default)]
pub(super) struct HeldEnd(Option<Bytes>);

impl HeldEnd {
    /// Writes an upstream's event, or keeps it.
    pub(super) fn pass(&mut self, raw: &Bytes, events: &[Event], out: &mut BytesMut) {
        if let Some(earlier) = self.0.take() {
            unnamed_event(&earlier, out);
        }
        if events.iter().any(|event| matches!(event, Event::Usage(_) | Event::End)) {
            self.0 = Some(raw.clone());
        } else {
            unnamed_event(raw, out);
        }
    }

    /// The usage as the upstream wrote it.
    pub(super) fn usage(&self) -> Option<String> {
        member(std::str::from_utf8(self.0.as_deref()?).ok()?, "usage").map(str::to_owned)
    }

    /// Writes the event that was kept, with this usage; whether there was one.
    pub(super) fn settled(&mut self, usage: &str, out: &mut BytesMut) -> bool {
        let Some(raw) = self.0.take() else { return false };
        let text = std::str::from_utf8(&raw).ok();
        match text.and_then(|text| with_member(text, "usage", |_| Some(usage.to_owned()))) {
            Some(text) => unnamed_event(text.as_bytes(), out),
            None => unnamed_event(&raw, out),
        }
        true
    }
}
