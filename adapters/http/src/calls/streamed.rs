//! An answer in pieces: server-sent events, each on its way as soon as it is there.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use hub_dialects::StreamEncoder;
use hub_domain::vocabulary::{Answer, AnswerItem, AnswerStream};

use super::form::Form;
use super::silence::Silence;
use super::whole::broken_off;
use crate::admission::Admitted;

/// Frames that are there together are written together, up to so many bytes.
const ENOUGH: usize = 16 * 1024;
/// Room for a few usual pieces.
const ROOM: usize = 1024;
/// The memory of a larger piece is given back at once rather than kept for the next one.
const UNUSUAL: usize = 64 * 1024;

/// The response's body. actix drops it when the client leaves, and with it the items, which is how the
/// call learns of it.
pub(super) struct StreamBody {
    /// `None` when the last one was taken.
    items: Option<AnswerStream>,
    encoder: StreamEncoder,
    /// Keeps its memory from piece to piece: a piece is copied to the socket's buffer and dropped before
    /// the next one is made.
    out: BytesMut,
    silence: Silence,
    /// The call counts as in flight until its last byte.
    _admitted: Admitted,
}

impl StreamBody {
    pub(super) fn new(answer: Answer, form: Form, keep_alive: Duration, admitted: Admitted) -> Self {
        let Answer { call, model, items, .. } = answer;
        Self {
            items: Some(items),
            encoder: StreamEncoder::new(form.style(call, model)),
            out: BytesMut::with_capacity(ROOM),
            silence: Silence::new(keep_alive),
            _admitted: admitted,
        }
    }

    /// Encodes what is there.
    fn fill(&mut self, cx: &mut Context<'_>) {
        while self.out.len() < ENOUGH
            && let Some(items) = &mut self.items
            && let Poll::Ready(item) = items.as_mut().poll_next(cx)
        {
            match item {
                Some(AnswerItem::Frame(frame)) => {
                    self.encoder.frame(&frame, &mut self.out);
                    continue;
                }
                Some(AnswerItem::Settled(receipt)) => self.encoder.settled(&receipt, &mut self.out),
                Some(AnswerItem::Failed(error)) => self.encoder.failed(&error, &mut self.out),
                None => self.encoder.failed(&broken_off(), &mut self.out),
            }
            self.items = None;
        }
    }
}

impl MessageBody for StreamBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        this.fill(cx);
        if !this.out.is_empty() {
            this.silence.broken();
            let piece = this.out.split().freeze();
            if piece.len() > UNUSUAL {
                this.out = BytesMut::with_capacity(ROOM);
            }
            return Poll::Ready(Some(Ok(piece)));
        }
        if this.items.is_none() {
            return Poll::Ready(None);
        }
        let Some(keep_alive) = this.encoder.keep_alive() else { return Poll::Pending };
        this.silence.poll_too_long(cx).map(|()| Some(Ok(Bytes::from_static(keep_alive.as_bytes()))))
    }
}
