//! A transcription in the form that the client asked for.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::CallError;
use hub_domain::meter::Meter;
use hub_domain::vocabulary::{AskedFormat, Dialect, Event, Frame, Receipt, TranscriptFormat};

use super::held_end::HeldEnd;
use super::subtitles::{self, Cue};
use super::{error_answer, transcript};
use crate::outline::Outline;
use crate::wire::text::{one_line, string};

/// Collects a transcription and writes it whole.
#[derive(Debug)]
pub struct TranscriptEncoder {
    format: AskedFormat,
    raw: Option<Bytes>,
    text: String,
}

impl TranscriptEncoder {
    pub fn new(format: AskedFormat) -> Self {
        Self { format, raw: None, text: String::new() }
    }

    pub fn push(&mut self, frame: &Frame) {
        if let Some((Dialect::OpenAi, raw)) = &frame.raw
            && frame.events.last() == Some(&Event::End)
            && frame.events.iter().any(|event| matches!(event, Event::Text { .. }))
        {
            self.raw = Some(raw.clone());
        }
        collect(frame, &mut self.text);
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let raw = self.raw.as_deref().and_then(|raw| std::str::from_utf8(raw).ok());
        let seconds = receipt.usage.quantities.get(Meter::Second);
        let cues = || {
            raw.and_then(subtitles::cues).unwrap_or_else(|| {
                vec![Cue { start: 0, end: seconds.saturating_mul(1_000), text: self.text.clone() }]
            })
        };
        match self.format.get() {
            TranscriptFormat::Text => format!("{}\n", self.text).into(),
            TranscriptFormat::Srt => subtitles::srt(&cues()).into(),
            TranscriptFormat::Vtt => subtitles::vtt(&cues()).into(),
            format => json(format, raw, &self.text, receipt),
        }
    }
}

fn collect(frame: &Frame, text: &mut String) {
    for event in &frame.events {
        if let Event::Text { text: piece, .. } = event {
            text.push_str(piece);
        }
    }
}

fn own_usage(raw: &str) -> Option<String> {
    let outline = Outline::of_answer(raw).ok()?;
    outline.get("usage").map(|member| raw[member.value.clone()].to_owned())
}

fn json(format: TranscriptFormat, raw: Option<&str>, text: &str, receipt: &Receipt) -> Bytes {
    let usage = transcript::settled_usage(raw.and_then(own_usage).as_deref(), receipt);
    if let Some(kept) = raw.and_then(|raw| kept(format, raw, &usage)) {
        return kept.into();
    }
    let mut out = BytesMut::with_capacity(text.len() + usage.len() + 64);
    out.put_slice(b"{\"text\":");
    string(&mut out, text);
    if format == TranscriptFormat::VerboseJson {
        let seconds = receipt.usage.quantities.get(Meter::Second);
        out.put_slice(format!(",\"task\":\"transcribe\",\"duration\":{seconds},\"segments\":[").as_bytes());
        out.put_slice(format!("{{\"id\":0,\"start\":0,\"end\":{seconds},\"text\":").as_bytes());
        string(&mut out, text);
        out.put_slice(b"}]");
    }
    out.put_slice(b",\"usage\":");
    out.put_slice(usage.as_bytes());
    out.put_u8(b'}');
    out.freeze()
}

/// The upstream's own object. One that was asked for at greater length than the client did is told short.
fn kept(format: TranscriptFormat, raw: &str, usage: &str) -> Option<String> {
    const LONG: [&str; 5] = ["task", "language", "duration", "segments", "words"];
    let outline = Outline::of_answer(raw).ok()?;
    let mut edits = outline.into_edits();
    if format == TranscriptFormat::Json {
        LONG.iter().for_each(|key| edits.remove(key));
    }
    edits.set("usage", usage.to_owned());
    edits.apply(raw)
}

/// Writes a transcription event by event.
#[derive(Debug, Default)]
pub struct TranscriptStreamEncoder {
    end: HeldEnd,
    text: String,
}

impl TranscriptStreamEncoder {
    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        let before = self.text.len();
        collect(frame, &mut self.text);
        let is_whole = self.text.len() > before && frame.events.last() == Some(&Event::End);
        if let Some((Dialect::OpenAi, raw)) = frame.raw.as_ref().filter(|_| !is_whole) {
            self.end.pass(raw, &frame.events, out);
            return;
        }
        if self.text.len() > before {
            out.put_slice(b"data: {\"type\":\"transcript.text.delta\",\"delta\":");
            string(out, &self.text[before..]);
            out.put_slice(b"}\n\n");
        }
    }

    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        let usage = transcript::settled_usage(self.end.usage().as_deref(), receipt);
        if !self.end.settled(&usage, out) {
            out.put_slice(b"data: {\"type\":\"transcript.text.done\",\"text\":");
            string(out, &self.text);
            out.put_slice(b",\"usage\":");
            one_line(out, usage.as_bytes());
            out.put_slice(b"}\n\n");
        }
    }

    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        error_answer::write_stream_error(error, out);
    }
}
