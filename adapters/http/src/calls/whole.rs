//! An answer in one piece.

use bytes::Bytes;
use futures_util::StreamExt;
use hub_dialects::WholeEncoder;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Answer, AnswerItem};

use super::form::Form;

/// Waits for the receipt. Until then nothing is sent, so that even an answer that breaks off after
/// content gets the status of its error.
pub(super) async fn collect(answer: Answer, form: &Form) -> Result<Bytes, CallError> {
    let Answer { call, model, mut items, .. } = answer;
    let mut encoder = WholeEncoder::new(form.style(call, model));
    loop {
        match items.next().await {
            Some(AnswerItem::Frame(frame)) => encoder.push(&frame),
            Some(AnswerItem::Settled(receipt)) => return Ok(encoder.finish(&receipt)),
            Some(AnswerItem::Failed(error)) => return Err(error),
            None => return Err(broken_off()),
        }
    }
}

/// Every answer ends with a receipt or an error; one that has neither is a defect of ours.
pub(super) fn broken_off() -> CallError {
    CallError::Internal { detail: "an answer ended without a receipt or an error".into() }
}
