//! A non-streamed answer as one response.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::vocabulary::{CallType, Dialect, EmbeddingVector, Event, Frame, Receipt};

use super::pieces::{Candidate, choice};
use super::usage;
use crate::answer_style::AnswerStyle;
use crate::openai::embedding_list;
use crate::outline::with_member;
use crate::wire::text::string;

/// Collects an answer and writes it with what it cost.
///
/// The response that an upstream of this dialect sent is kept with all its fields; only `usageMetadata` is
/// annotated. Answers without one are written from their events.
#[derive(Debug)]
pub struct WholeEncoder {
    style: AnswerStyle,
    /// The upstream's own response.
    raw: Option<Bytes>,
    events: Vec<Event>,
    candidates: Vec<(Candidate, BytesMut)>,
}

impl WholeEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, raw: None, events: Vec::new(), candidates: Vec::new() }
    }

    pub fn push(&mut self, frame: &Frame) {
        let is_whole = frame.events.last() == Some(&Event::End) && frame.events.len() > 2;
        match &frame.raw {
            Some((Dialect::Gemini, raw)) if is_whole => self.raw = Some(raw.clone()),
            _ => frame.events.iter().for_each(|event| join(&mut self.events, event)),
        }
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let text = self.raw.as_deref().and_then(|raw| std::str::from_utf8(raw).ok());
        let kept = text.and_then(|text| kept(text, receipt));
        kept.map_or_else(|| self.written(receipt), Bytes::from)
    }

    fn event(&mut self, event: &Event) {
        let Some(index) = choice(event) else { return };
        let at = match self.candidates.iter().position(|(candidate, _)| candidate.index == index) {
            Some(at) => at,
            None => {
                let candidate = Candidate::new(index);
                self.candidates.push((candidate, BytesMut::new()));
                self.candidates.len() - 1
            }
        };
        let (candidate, parts) = &mut self.candidates[at];
        let mut part = BytesMut::new();
        if candidate.event(event, &mut part) {
            if !parts.is_empty() {
                parts.put_u8(b',');
            }
            parts.extend_from_slice(&part);
        }
    }

    /// The vectors, with what they cost beside them.
    fn vectors(&self, receipt: &Receipt) -> Bytes {
        let mut vectors: Vec<(u32, &EmbeddingVector)> = Vec::new();
        for event in &self.events {
            if let Event::Embedding { index, vector } = event {
                vectors.push((*index, vector));
            }
        }
        vectors.sort_by_key(|(index, _)| *index);
        let values = |vector: &EmbeddingVector| match vector {
            EmbeddingVector::Json(numbers) => format!("{{\"values\":{numbers}}}"),
            EmbeddingVector::Base64(digits) => {
                format!("{{\"values\":{}}}", embedding_list::numbers(digits).as_deref().unwrap_or("[]"))
            }
        };
        let all: Vec<String> = vectors.into_iter().map(|(_, vector)| values(vector)).collect();
        let shown = if self.style.batch {
            format!("\"embeddings\":[{}]", all.join(","))
        } else {
            format!("\"embedding\":{}", all.first().map_or("{\"values\":[]}", String::as_str))
        };
        let usage = usage::settled(None, receipt);
        Bytes::from(format!("{{{shown},\"usageMetadata\":{usage}}}"))
    }

    fn written(mut self, receipt: &Receipt) -> Bytes {
        if self.style.call_type == CallType::Embedding {
            return self.vectors(receipt);
        }
        for event in std::mem::take(&mut self.events) {
            self.event(&event);
        }
        let mut out = BytesMut::with_capacity(512);
        out.put_slice(b"{\"candidates\":[");
        for (position, (candidate, parts)) in self.candidates.iter_mut().enumerate() {
            if position > 0 {
                out.put_u8(b',');
            }
            candidate.calls(!parts.is_empty(), parts);
            out.put_slice(b"{\"content\":{\"role\":\"model\",\"parts\":[");
            out.put_slice(parts);
            out.put_slice(b"]},\"finishReason\":\"");
            out.put_slice(candidate.word().as_bytes());
            out.put_slice(b"\",\"index\":");
            out.put_slice(candidate.index.to_string().as_bytes());
            out.put_u8(b'}');
        }
        out.put_slice(b"],\"usageMetadata\":");
        out.put_slice(usage::settled(None, receipt).as_bytes());
        out.put_slice(b",\"modelVersion\":");
        string(&mut out, &self.style.model);
        out.put_slice(b",\"responseId\":");
        string(&mut out, &self.style.call.to_string());
        out.put_u8(b'}');
        out.freeze()
    }
}

/// Pieces of one text in a row as one.
fn join(joined: &mut Vec<Event>, event: &Event) {
    match (joined.last_mut(), event) {
        (Some(Event::Text { choice, text }), Event::Text { choice: same, text: more })
        | (Some(Event::Thinking { choice, text }), Event::Thinking { choice: same, text: more })
            if choice == same =>
        {
            text.push_str(more);
        }
        _ => joined.push(event.clone()),
    }
}

/// The upstream's response with its usage annotated.
fn kept(text: &str, receipt: &Receipt) -> Option<String> {
    with_member(text, "usageMetadata", |own| Some(usage::settled(own, receipt)))
}
