//! A response in one piece.

use bytes::{Bytes, BytesMut};
use hub_domain::vocabulary::{Event, Frame, Receipt};

use super::answer::{Answer, Item};
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
        frame.events.iter().for_each(|event| self.event(event));
    }

    pub fn finish(self, receipt: &Receipt) -> Bytes {
        let mut out = BytesMut::with_capacity(1024);
        self.answer.write(&self.style, self.answer.ending(), Some(receipt), None, &mut out);
        out.freeze()
    }

    fn event(&mut self, event: &Event) {
        let items = &mut self.answer.items;
        match event {
            Event::Text { choice: 0, text } if !text.is_empty() => said(items, text, false),
            Event::Refusal { choice: 0, text } if !text.is_empty() => said(items, text, true),
            Event::Thinking { choice: 0, text } => thought(items, text, ""),
            Event::ThinkingSignature { choice: 0, signature } => thought(items, "", signature),
            Event::RedactedThinking { choice: 0, data } => items.push(Item::redacted(data)),
            Event::ToolCallStart { choice: 0, index, id, name } => items.push(Item::Call {
                index: *index,
                id: id.clone(),
                name: name.clone(),
                arguments: String::new(),
            }),
            Event::ToolCallArguments { choice: 0, index, fragment } => {
                for item in items.iter_mut().rev() {
                    if let Item::Call { index: own, arguments, .. } = item
                        && own == index
                    {
                        return arguments.push_str(fragment);
                    }
                }
            }
            Event::Finish { choice: 0, reason } => self.answer.finish = Some(reason.clone()),
            // There is one choice only.
            _ => {}
        }
    }
}

fn said(items: &mut Vec<Item>, piece: &str, refuses: bool) {
    match items.last_mut() {
        Some(Item::Message { text, is_refusal }) if *is_refusal == refuses => text.push_str(piece),
        _ => items.push(Item::Message { text: piece.to_owned(), is_refusal: refuses }),
    }
}

fn thought(items: &mut Vec<Item>, text: &str, seal: &str) {
    match items.last_mut() {
        // A text after the seal begins other thoughts.
        Some(Item::Reasoning { summary, encrypted }) if encrypted.is_empty() || text.is_empty() => {
            summary.push_str(text);
            encrypted.push_str(seal);
        }
        _ => items.push(Item::Reasoning { summary: text.to_owned(), encrypted: seal.to_owned() }),
    }
}
