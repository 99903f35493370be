//! A response in one piece.

use bytes::{Bytes, BytesMut};
use hub_domain::vocabulary::{Frame, Receipt};

use super::answer::Answer;
use crate::answer_style::AnswerStyle;

/// Collects an answer and writes it with what it cost.
#[derive(Debug)]
pub struct WholeEncoder {
    style: AnswerStyle,
    answer: Answer,
}

impl WholeEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self { style, answer: Answer::default() }
    }

    pub fn push(&mut self, frame: &Frame) {
        for event in &frame.events {
            self.answer.push(event);
        }
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let mut out = BytesMut::with_capacity(1024);
        self.answer.write(&self.style, self.answer.ending(), Some(receipt), None, &mut out);
        out.freeze()
    }
}
