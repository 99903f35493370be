//! An answer that is nothing but bytes of audio: each piece goes to the socket as it came.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use hub_domain::vocabulary::{Answer, AnswerItem, AnswerStream, Event};

use crate::admission::Admitted;

/// The answer broke off. Bytes have no room for a word about it, so the connection is closed without the end
/// that a whole body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer broke off")]
pub(super) struct BrokenOff;

/// The response's body. Its end waits for the settlement, like that of all answers.
pub(super) struct SoundBody {
    /// `None` when the last one was taken.
    items: Option<AnswerStream>,
    /// Pieces of one frame, the last one first.
    pieces: Vec<Bytes>,
    /// The call counts as in flight until its last byte.
    _admitted: Admitted,
}

impl SoundBody {
    pub(super) fn new(answer: Answer, admitted: Admitted) -> Self {
        Self { items: Some(answer.items), pieces: Vec::new(), _admitted: admitted }
    }
}

impl MessageBody for SoundBody {
    type Error = BrokenOff;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let this = self.get_mut();
        loop {
            if let Some(piece) = this.pieces.pop() {
                return Poll::Ready(Some(Ok(piece)));
            }
            let Some(items) = &mut this.items else { return Poll::Ready(None) };
            match ready!(items.as_mut().poll_next(cx)) {
                Some(AnswerItem::Frame(frame)) => {
                    this.pieces.extend(frame.events.into_iter().rev().filter_map(|event| match event {
                        Event::Audio(piece) if !piece.is_empty() => Some(piece),
                        _ => None,
                    }));
                }
                Some(AnswerItem::Settled(_)) => this.items = None,
                Some(AnswerItem::Failed(_)) | None => {
                    this.items = None;
                    return Poll::Ready(Some(Err(BrokenOff)));
                }
            }
        }
    }
}
