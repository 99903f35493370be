//! The body of an answer as a stream: with time-outs, unpacked, and with a word for why it failed.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt;
use hub_domain::error::ProviderError;
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::gunzip::Gunzip;
use super::{Limits, failure};

/// How long a connection whose answer is whole may take to say so.
const DRAIN: Duration = Duration::from_secs(1);

type Pieces = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// Dropping it before its end closes the connection (or the stream of an HTTP/2 connection).
pub struct Body {
    /// `None` once it has ended or failed.
    pieces: Option<Pieces>,
    length: Option<u64>,
    gunzip: Option<Gunzip>,
    idle: Duration,
    total: Instant,
    /// Since when there was nothing to read.
    waiting: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    watch: Arc<Watch>,
}

/// What a decoder of the body's text can't tell.
#[derive(Default)]
pub struct Watch {
    fault: Mutex<Option<ProviderError>>,
    ended: AtomicBool,
}

impl Watch {
    /// The answer is whole: what may still come is nothing but the end of the body.
    pub fn ended(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Why reading failed, if it did.
    pub fn take_fault(&self) -> Option<ProviderError> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Body {
    pub fn new(response: Response, limits: Limits) -> Result<Self, ProviderError> {
        let encoding =
            response.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
        let gunzip = match encoding.as_deref() {
            None | Some(b"" | b"identity") => None,
            Some(b"gzip" | b"x-gzip") => Some(Gunzip::new()),
            Some(_) => return Err(failure::unknown_encoding()),
        };
        let Limits { idle, total, .. } = limits;
        Ok(Self {
            length: response.content_length().filter(|_| gunzip.is_none()),
            pieces: Some(Box::pin(response.bytes_stream())),
            gunzip,
            idle,
            total,
            waiting: None,
            alarm: Box::pin(sleep_until((Instant::now() + idle).min(total))),
            watch: Arc::default(),
        })
    }

    pub fn watch(&self) -> Arc<Watch> {
        Arc::clone(&self.watch)
    }

    /// All of it.
    pub async fn whole(mut self, limit: usize) -> Result<Bytes, ProviderError> {
        let expected = self.length.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if expected.is_some_and(|length| length > limit) {
            return Err(failure::too_large());
        }
        let Some(first) = self.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.next().await.transpose()? else {
            return Ok(first);
        };
        let mut all = BytesMut::with_capacity(expected.unwrap_or(0).max(first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while all.len() <= limit {
            match self.next().await.transpose()? {
                Some(piece) => all.extend_from_slice(&piece),
                None => return Ok(all.freeze()),
            }
        }
        Err(failure::too_large())
    }

    /// As much of it as comes in a while; a failure ends it.
    pub async fn beginning(mut self, limit: usize, time: Duration) -> Vec<u8> {
        let mut all = Vec::new();
        let reading = async {
            while let Some(Ok(piece)) = self.next().await {
                all.extend_from_slice(&piece[..piece.len().min(limit - all.len())]);
                if all.len() >= limit {
                    break;
                }
            }
        };
        let _ = timeout(time, reading).await;
        all
    }

    fn fail(&mut self, error: ProviderError) -> Poll<Option<Result<Bytes, ProviderError>>> {
        self.pieces = None;
        *self.watch.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, ProviderError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let Some(pieces) = &mut this.pieces else {
                return Poll::Ready(None);
            };
            match pieces.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => {
                    this.waiting = None;
                    let piece = match &mut this.gunzip {
                        None => piece,
                        Some(gunzip) => match gunzip.push(&piece) {
                            Ok(piece) => piece,
                            Err(error) => return this.fail(failure::badly_packed(&error)),
                        },
                    };
                    if !piece.is_empty() {
                        return Poll::Ready(Some(Ok(piece)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return this.fail(failure::in_the_body(&error)),
                Poll::Ready(None) => {
                    this.pieces = None;
                    let rest = this.gunzip.as_mut().map_or(Ok(Bytes::new()), Gunzip::finish);
                    return match rest {
                        Ok(rest) if rest.is_empty() => Poll::Ready(None),
                        Ok(rest) => Poll::Ready(Some(Ok(rest))),
                        Err(error) => this.fail(failure::badly_packed(&error)),
                    };
                }
                Poll::Pending => {
                    let since = *this.waiting.get_or_insert_with(Instant::now);
                    // Set anew only when it rings, not for each piece.
                    ready!(this.alarm.as_mut().poll(cx));
                    let now = Instant::now();
                    if now >= this.total {
                        return this.fail(failure::out_of_time());
                    }
                    if now >= since + this.idle {
                        return this.fail(failure::silent());
                    }
                    this.alarm.as_mut().reset((since + this.idle).min(this.total));
                }
            }
        }
    }
}

/// An answer can be whole before its body is. Reading on for a moment saves the connection.
impl Drop for Body {
    fn drop(&mut self) {
        let Some(mut pieces) = self.pieces.take().filter(|_| self.watch.ended.load(Ordering::Relaxed)) else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            // More data instead of the end is nothing that anybody asked for: dropped, and the connection closed.
            runtime.spawn(async move { timeout(DRAIN, pieces.next()).await.is_ok() });
        }
    }
}
