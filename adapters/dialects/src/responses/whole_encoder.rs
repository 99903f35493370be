//! A response in one piece.

use bytes::{Bytes, BytesMut};
use hub_domain::vocabulary::{Dialect, Event, Frame, Receipt};

use super::answer::Answer;
use super::passed_on;
use crate::answer_style::AnswerStyle;

/// Collects an answer and writes it with what it cost.
///
/// The response that an upstream of this dialect sent is kept with all its fields; only `usage` is annotated.
#[derive(Debug)]
pub struct WholeEncoder {
    style: AnswerStyle,
    answer: Answer,
    /// The upstream's own response, or the last event of its stream, which has it.
    raw: Option<Bytes>,
}

impl WholeEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, answer: Answer::default(), raw: None }
    }

    pub fn push(&mut self, frame: &Frame) {
        match &frame.raw {
            Some((Dialect::Responses, raw)) if frame.events.last() == Some(&Event::End) => {
                self.raw = Some(raw.clone());
            }
            // All that its events say, the last one says again.
            Some((Dialect::Responses, _)) => {}
            _ => frame.events.iter().for_each(|event| {
                self.answer.push(event);
            }),
        }
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let kept = self.raw.as_deref().and_then(|raw| passed_on::whole(raw, receipt));
        kept.map_or_else(|| self.written(receipt), Bytes::from)
    }

    fn written(&self, receipt: &Receipt) -> Bytes {
        let mut out = BytesMut::with_capacity(1024);
        self.answer.write(&self.style, self.answer.ending(), Some(receipt), None, &mut out);
        out.freeze()
    }
}
