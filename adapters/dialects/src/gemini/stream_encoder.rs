//! A streamed answer as Gemini's responses: server-sent events, or one JSON array written piece by piece.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Dialect, Event, Frame, Receipt};

use super::pieces::{Candidate, choice};
use super::{error_answer, usage};
use crate::answer_style::AnswerStyle;
use crate::outline::{Outline, member, with_member};
use crate::wire::text::{one_line, string};

const USAGE: &str = "usageMetadata";

/// Writes a streamed answer. What an upstream of this dialect sent goes out as it came, apart from usage, which
/// waits for the settlement, as the last piece does that carries it.
#[derive(Debug)]
pub struct StreamEncoder {
    style: AnswerStyle,
    candidates: Vec<Candidate>,
    /// The upstream's last piece, and its last usage.
    held: Option<Bytes>,
    usage: Option<String>,
    has_raw: bool,
    /// Something was written, so that the next element of an array needs a comma.
    begun: bool,
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, candidates: Vec::new(), held: None, usage: None, has_raw: false, begun: false }
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        let is_whole = frame.events.last() == Some(&Event::End) && frame.events.len() > 2;
        match &frame.raw {
            Some((Dialect::Gemini, raw)) if !is_whole => self.raw(raw, frame, out),
            _ => frame.events.iter().for_each(|event| self.event(event, out)),
        }
    }

    /// The answer is whole and paid for: its last piece, and what it cost.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        let usage = usage::settled(self.usage.as_deref(), receipt);
        let held = self
            .held
            .take()
            .and_then(|held| with_member(std::str::from_utf8(&held).ok()?, USAGE, |_| Some(usage.clone())));
        match held {
            Some(last) => self.piece(last.as_bytes(), out),
            None => {
                let mut last = BytesMut::new();
                last.put_slice(b"{\"candidates\":[");
                if !self.has_raw {
                    self.ends(&mut last);
                }
                last.put_slice(b"],\"usageMetadata\":");
                last.put_slice(usage.as_bytes());
                self.tail(&mut last);
                self.piece(&last, out);
            }
        }
        if self.style.json_array {
            out.put_slice(b"]");
        }
    }

    /// The answer broke off.
    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        let told = error_answer::error_answer(error).body;
        self.piece(&told, out);
        if self.style.json_array {
            out.put_slice(b"]");
        }
    }

    fn raw(&mut self, raw: &Bytes, frame: &Frame, out: &mut BytesMut) {
        self.has_raw = true;
        if frame.events.iter().any(|event| matches!(event, Event::Usage(_))) {
            self.usage =
                std::str::from_utf8(raw).ok().and_then(|text| member(text, USAGE)).map(str::to_owned);
        }
        let ends = frame.events.iter().any(|event| matches!(event, Event::Finish { .. }));
        if let Some(held) = self.held.take() {
            // More after the end: only the last piece carries the usage.
            self.plain(&held, out);
        }
        if ends {
            self.held = Some(raw.clone());
        } else {
            self.plain(raw, out);
        }
    }

    /// An upstream's piece without its usage; one that has nothing else is not worth writing.
    fn plain(&mut self, raw: &Bytes, out: &mut BytesMut) {
        let text = std::str::from_utf8(raw).unwrap_or_default();
        let outline = Outline::of_answer(text).ok().filter(|outline| outline.get(USAGE).is_some());
        let Some(outline) = outline else { return self.piece(raw, out) };
        if outline.get("candidates").is_none() {
            return;
        }
        let mut edits = outline.into_edits();
        edits.remove(USAGE);
        match edits.apply(text) {
            Some(plain) => self.piece(plain.as_bytes(), out),
            None => self.piece(raw, out),
        }
    }

    fn event(&mut self, event: &Event, out: &mut BytesMut) {
        let Some(index) = choice(event) else { return };
        let at = match self.candidates.iter().position(|candidate| candidate.index == index) {
            Some(at) => at,
            None => {
                self.candidates.push(Candidate::new(index));
                self.candidates.len() - 1
            }
        };
        let mut part = BytesMut::new();
        if self.candidates[at].event(event, &mut part) {
            self.chunk(index, &part, out);
        }
        if matches!(event, Event::Finish { .. }) {
            let mut calls = BytesMut::new();
            if self.candidates[at].calls(false, &mut calls) > 0 {
                self.chunk(index, &calls, out);
            }
        }
    }

    fn chunk(&mut self, index: u32, parts: &[u8], out: &mut BytesMut) {
        let mut chunk = BytesMut::new();
        chunk.put_slice(b"{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[");
        chunk.put_slice(parts);
        chunk.put_slice(b"]},\"index\":");
        chunk.put_slice(index.to_string().as_bytes());
        chunk.put_slice(b"}]");
        self.tail(&mut chunk);
        self.piece(&chunk, out);
    }

    fn ends(&self, out: &mut BytesMut) {
        for (position, candidate) in self.candidates.iter().enumerate() {
            if position > 0 {
                out.put_u8(b',');
            }
            out.put_slice(
                b"{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"",
            );
            out.put_slice(candidate.word().as_bytes());
            out.put_slice(b"\",\"index\":");
            out.put_slice(candidate.index.to_string().as_bytes());
            out.put_u8(b'}');
        }
    }

    /// What all pieces share.
    fn tail(&self, out: &mut BytesMut) {
        out.put_slice(b",\"modelVersion\":");
        string(out, &self.style.model);
        out.put_slice(b",\"responseId\":");
        string(out, &self.style.call.to_string());
        out.put_u8(b'}');
    }

    fn piece(&mut self, json: &[u8], out: &mut BytesMut) {
        let is_first = !std::mem::replace(&mut self.begun, true);
        if self.style.json_array {
            out.put_slice(if is_first { b"[" } else { b",\n" });
            out.put_slice(json);
        } else {
            out.put_slice(b"data: ");
            one_line(out, json);
            out.put_slice(b"\r\n\r\n");
        }
    }
}
