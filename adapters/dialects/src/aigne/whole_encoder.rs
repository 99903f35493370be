//! An answer in one piece.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::vocabulary::{CallType, Event, Frame, Receipt};

use super::answer::Answer;
use super::{embeddings, usage};
use crate::answer_style::AnswerStyle;
use crate::wire::text::string;

/// Collects an answer and writes it with what it cost.
#[derive(Debug)]
pub struct WholeEncoder {
    style: AnswerStyle,
    answer: Answer,
    vectors: Vec<Event>,
}

impl WholeEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, answer: Answer::default(), vectors: Vec::new() }
    }

    pub fn push(&mut self, frame: &Frame) {
        for event in &frame.events {
            match event {
                Event::Embedding { .. } => self.vectors.push(event.clone()),
                event => self.answer.push(event),
            }
        }
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let Self { style, answer, vectors } = self;
        let mut out = BytesMut::with_capacity(answer.text.len() + 512);
        out.put_u8(b'{');
        if style.call_type == CallType::Embedding {
            out.put_slice(b"\"embeddings\":");
            embeddings::vectors(&vectors, &mut out);
            out.put_u8(b',');
        } else {
            said(&style, &answer, &mut out);
        }
        if let Some(model) = &answer.model {
            out.put_slice(b"\"model\":");
            string(&mut out, model);
            out.put_u8(b',');
        }
        out.put_slice(b"\"usage\":");
        out.put_slice(usage::settled(receipt).as_bytes());
        out.put_slice(b",\"modelWithProvider\":");
        string(&mut out, &style.model);
        out.put_u8(b'}');
        out.freeze()
    }
}

/// Texts, objects and calls, each with a comma behind it.
fn said(style: &AnswerStyle, answer: &Answer, out: &mut BytesMut) {
    match style.json_output.then(|| answer.json()).flatten() {
        Some(json) => {
            out.put_slice(b"\"json\":");
            out.put_slice(json.as_bytes());
            out.put_u8(b',');
        }
        None if !answer.text.is_empty() || !(answer.has_calls() || answer.has_files()) => {
            out.put_slice(b"\"text\":");
            string(out, &answer.text);
            out.put_u8(b',');
        }
        None => {}
    }
    if !answer.thoughts.is_empty() {
        out.put_slice(b"\"thoughts\":");
        string(out, &answer.thoughts);
        out.put_u8(b',');
    }
    if answer.has_files() {
        out.put_slice(b"\"files\":");
        answer.files(out);
        out.put_u8(b',');
    }
    if answer.has_calls() {
        out.put_slice(b"\"toolCalls\":");
        answer.calls(out);
        out.put_u8(b',');
    }
}
