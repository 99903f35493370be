//! Writes down an answer while it is sent, for requests that carry an `Idempotency-Key`.
//!
//! It has an encoder of its own beside the one whose output is sent: the answer has to be known when its
//! charge is committed, which is before its last bytes are written. Both encoders get the same frames in
//! the same form, so they write the same bytes.

use bytes::BytesMut;
use hub_dialects::{StreamEncoder, WholeEncoder};
use hub_domain::ids::{AccountId, CallId};
use hub_domain::ports::{AnswerRecorder, IdempotencyRequest, KeptAnswer};
use hub_domain::vocabulary::{AnswerItem, Dialect, Event, Receipt, Request};

use super::form::{Delivery, Form};
use super::idempotency_key::IdempotencyKey;
use crate::exchange::Exchange;
use crate::response_headers::X_CALL_ID;

pub(super) struct Recorder {
    form: Form,
    written: Written,
}

enum Written {
    /// Nothing: the call is not known yet, or its answer is too large to keep.
    Nothing,
    Whole(Box<WholeEncoder>),
    Stream(Box<StreamEncoder>, BytesMut),
    /// Audio and nothing else.
    Sound(BytesMut),
}

impl Recorder {
    /// The claim of a request on its key, with a recorder for its answer.
    pub(super) fn claim(
        key: &IdempotencyKey,
        form: Form,
        account: AccountId,
        exchange: &Exchange,
        request: &Request,
    ) -> IdempotencyRequest {
        // Gemini's path says which model is to do what.
        let is_path = form.dialect() == Dialect::Gemini;
        let route = if is_path { exchange.request.uri().path() } else { exchange.route };
        let body = request.source.as_ref().map_or(&b""[..], |source| &source.body);
        IdempotencyRequest {
            claim: key.claim(account, "POST", route, body),
            recorder: Box::new(Self { form, written: Written::Nothing }),
        }
    }
}

impl AnswerRecorder for Recorder {
    fn begin(&mut self, call: CallId, model: &str) {
        let style = self.form.style(call, model.to_owned());
        self.written = match self.form.delivery() {
            Delivery::Stream => Written::Stream(Box::new(StreamEncoder::new(style)), BytesMut::new()),
            Delivery::Whole => Written::Whole(Box::new(WholeEncoder::new(style))),
            Delivery::Sound(_) => Written::Sound(BytesMut::new()),
        };
    }

    fn push(&mut self, item: &AnswerItem) {
        // The receipt comes once more with `finish`, and a broken answer is not kept.
        let AnswerItem::Frame(frame) = item else { return };
        let length = match &mut self.written {
            Written::Nothing => 0,
            Written::Whole(encoder) => {
                encoder.push(frame);
                0
            }
            Written::Stream(encoder, bytes) => {
                encoder.frame(frame, bytes);
                bytes.len()
            }
            Written::Sound(bytes) => {
                for event in &frame.events {
                    if let Event::Audio(piece) = event {
                        bytes.extend_from_slice(piece);
                    }
                }
                bytes.len()
            }
        };
        if length > KeptAnswer::MAX_BODY {
            self.written = Written::Nothing;
        }
    }

    fn finish(self: Box<Self>, receipt: &Receipt) -> Option<KeptAnswer> {
        let body = match self.written {
            Written::Nothing => return None,
            Written::Whole(encoder) => encoder.finish(receipt),
            Written::Stream(mut encoder, mut bytes) => {
                encoder.settled(receipt, &mut bytes);
                bytes.freeze()
            }
            Written::Sound(bytes) => bytes.freeze(),
        };
        if body.len() > KeptAnswer::MAX_BODY {
            return None;
        }
        let own = self.form.headers().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let call = (X_CALL_ID.to_string(), receipt.call.to_string());
        Some(KeptAnswer { status: 200, headers: own.chain([call]).collect(), body })
    }
}
