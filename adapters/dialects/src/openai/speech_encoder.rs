//! Speech as server-sent events.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Dialect, Event, Frame, Receipt};

use super::{error_answer, held_end, spoken};
use crate::wire::text::{one_line, string};

/// Passes an upstream's events on, apart from the last one, which waits for what the call cost; makes events
/// of bytes.
#[derive(Debug, Default)]
pub struct SpeechEncoder {
    end: held_end::HeldEnd,
}

impl SpeechEncoder {
    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        if let Some((Dialect::OpenAi, raw)) = &frame.raw {
            self.end.pass(raw, &frame.events, out);
            return;
        }
        for event in &frame.events {
            if let Event::Audio(piece) = event {
                out.put_slice(b"data: {\"type\":\"speech.audio.delta\",\"audio\":");
                string(out, &STANDARD.encode(piece));
                out.put_slice(b"}\n\n");
            }
        }
    }

    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        let usage = spoken::settled_usage(self.end.usage().as_deref(), receipt);
        if !self.end.settled(&usage, out) {
            out.put_slice(b"data: {\"type\":\"speech.audio.done\",\"usage\":");
            one_line(out, usage.as_bytes());
            out.put_slice(b"}\n\n");
        }
    }

    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        error_answer::write_stream_error(error, out);
    }
}
