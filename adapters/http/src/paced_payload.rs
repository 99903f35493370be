//! A body that is passed on as it comes: only so large, and not slower than it is worth waiting for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::web;
use bytes::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::body::{HEAD_START, LEAST_BYTES_PER_SECOND};

pub(crate) struct PacedPayload {
    payload: web::Payload,
    limit: usize,
    read: usize,
    start: Instant,
    /// Set anew only when it rings.
    alarm: Pin<Box<Sleep>>,
}

impl PacedPayload {
    pub(crate) fn new(payload: web::Payload, limit: usize) -> Self {
        let start = Instant::now();
        Self { payload, limit, read: 0, start, alarm: Box::pin(sleep_until(start + HEAD_START)) }
    }

    fn deadline(&self) -> Instant {
        let earned = u64::try_from(self.read).unwrap_or(u64::MAX) / LEAST_BYTES_PER_SECOND;
        self.start + HEAD_START + Duration::from_secs(earned)
    }
}

impl Stream for PacedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Poll::Ready(polled) = Pin::new(&mut this.payload).poll_next(cx) {
                let piece = match polled {
                    Some(Ok(piece)) => piece,
                    other => return Poll::Ready(other),
                };
                this.read = this.read.saturating_add(piece.len());
                let is_within = this.read <= this.limit;
                return Poll::Ready(Some(if is_within { Ok(piece) } else { Err(PayloadError::Overflow) }));
            }
            ready!(this.alarm.as_mut().poll(cx));
            let deadline = this.deadline();
            if deadline <= Instant::now() {
                let slow = io::Error::from(io::ErrorKind::TimedOut);
                return Poll::Ready(Some(Err(PayloadError::Io(slow))));
            }
            this.alarm.as_mut().reset(deadline);
        }
    }
}
