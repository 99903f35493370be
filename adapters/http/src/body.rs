//! Reads request bodies: only so much, only so slowly, and only so many at once.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::{Instant, timeout_at};

use crate::BodyLimits;
use crate::refusal::Refusal;

/// A body slower than this is not worth waiting for …
pub(crate) const LEAST_BYTES_PER_SECOND: u64 = 8 * 1024;
/// … once it has had a start.
pub(crate) const HEAD_START: Duration = Duration::from_secs(5);

/// Bytes of bodies in memory, all together.
#[derive(Clone)]
pub(crate) struct BodyBudget(Arc<Budget>);

struct Budget {
    limit: usize,
    taken: AtomicUsize,
}

/// A share of the budget, given back when dropped.
pub(crate) struct BodyPermit {
    budget: Arc<Budget>,
    bytes: usize,
}

impl BodyBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Budget { limit, taken: AtomicUsize::new(0) }))
    }

    pub(crate) fn permit(&self) -> BodyPermit {
        BodyPermit { budget: Arc::clone(&self.0), bytes: 0 }
    }
}

impl BodyPermit {
    pub(crate) fn grow(&mut self, by: usize) -> Result<(), Refusal> {
        let before = self.budget.taken.fetch_add(by, Ordering::Relaxed);
        self.bytes += by;
        if before + by > self.budget.limit { Err(Refusal::BodiesInMemory) } else { Ok(()) }
    }
}

impl Drop for BodyPermit {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A body with its share of the budget. It is the owner of the [`Bytes`] that are handed out, so the share
/// is given back when the last of them is gone, be that with the request or long after.
struct Body {
    bytes: Bytes,
    _permit: BodyPermit,
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Refuses from the head alone what need not be read.
pub(crate) fn check_head(headers: &HeaderMap, limits: BodyLimits) -> Result<(), Refusal> {
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Refusal::ContentEncoding);
    }
    if !headers.get(CONTENT_TYPE).is_some_and(|value| is_json(value.as_bytes())) {
        return Err(Refusal::ContentType);
    }
    match announced_length(headers) {
        Some(length) if length > limits.max_bytes => Err(Refusal::BodyTooLarge { limit: limits.max_bytes }),
        _ => Ok(()),
    }
}

/// What the client says that it will send. A length beyond `usize` is as good as the largest one.
pub(crate) fn announced_length(headers: &HeaderMap) -> Option<usize> {
    let text = headers.get(CONTENT_LENGTH)?.to_str().ok()?;
    Some(text.parse().unwrap_or(usize::MAX))
}

/// `application/json`, with parameters or without. JSON is UTF-8, so another charset is refused.
fn is_json(content_type: &[u8]) -> bool {
    let mut parts = content_type.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case(b"application/json"));
    is_json
        && parts.all(|parameter| match parameter.split_at_checked(b"charset=".len()) {
            Some((name, value)) if name.eq_ignore_ascii_case(b"charset=") => {
                value.eq_ignore_ascii_case(b"utf-8") || value.eq_ignore_ascii_case(b"\"utf-8\"")
            }
            _ => true,
        })
}

/// Reads the body of a caller who is known.
pub(crate) async fn read(
    headers: &HeaderMap,
    payload: web::Payload,
    limits: BodyLimits,
    budget: &BodyBudget,
) -> Result<Bytes, Refusal> {
    check_head(headers, limits)?;
    let mut reader = Reader { payload, limits, permit: budget.permit(), read: 0 };
    let bytes = reader.whole(announced_length(headers)).await?;
    Ok(Bytes::from_owner(Body { bytes, _permit: reader.permit }))
}

struct Reader {
    payload: web::Payload,
    limits: BodyLimits,
    permit: BodyPermit,
    read: usize,
}

impl Reader {
    async fn whole(&mut self, announced: Option<usize>) -> Result<Bytes, Refusal> {
        let start = Instant::now();
        let Some(first) = self.chunk(start).await? else { return Ok(Bytes::new()) };
        // Most bodies come in one piece, which is taken as it is.
        let Some(second) = self.chunk(start).await? else { return Ok(first) };
        // Space grows with what has come, not with what was announced.
        let expected = announced.unwrap_or(0).min(self.read.saturating_mul(8));
        let mut whole = BytesMut::with_capacity(expected.max(self.read));
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        while let Some(chunk) = self.chunk(start).await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    async fn chunk(&mut self, start: Instant) -> Result<Option<Bytes>, Refusal> {
        let deadline = self.deadline(start);
        let payload = &mut self.payload;
        let next = poll_fn(|cx| Pin::new(&mut *payload).poll_next(cx));
        // `timeout_at` asks the body first, so that no timer is set for what is there already.
        let chunk = match timeout_at(deadline, next).await {
            Err(_) => return Err(Refusal::BodyTimeout),
            Ok(None) => return Ok(None),
            Ok(Some(Err(PayloadError::Overflow))) => {
                return Err(Refusal::BodyTooLarge { limit: self.limits.max_bytes });
            }
            Ok(Some(Err(_))) => return Err(Refusal::BrokenBody),
            Ok(Some(Ok(chunk))) => chunk,
        };
        self.read += chunk.len();
        if self.read > self.limits.max_bytes {
            return Err(Refusal::BodyTooLarge { limit: self.limits.max_bytes });
        }
        self.permit.grow(chunk.len())?;
        Ok(Some(chunk))
    }

    /// The end of the whole time, or sooner for a body that trickles.
    fn deadline(&self, start: Instant) -> Instant {
        let earned = u64::try_from(self.read).unwrap_or(u64::MAX) / LEAST_BYTES_PER_SECOND;
        start + self.limits.timeout.min(HEAD_START + Duration::from_secs(earned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf_8_is_json() {
        for right in
            ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
        {
            assert!(is_json(right.as_bytes()), "{right}");
        }
        for wrong in ["text/plain", "application/jsonp", "application/json; charset=latin1", ""] {
            assert!(!is_json(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn a_permit_gives_back_what_it_took() {
        let budget = BodyBudget::new(10);
        let mut first = budget.permit();
        first.grow(8).unwrap();
        let mut second = budget.permit();
        assert!(second.grow(8).is_err());
        drop(second);
        assert_eq!(budget.0.taken.load(Ordering::Relaxed), 8);
        drop(first);
        assert_eq!(budget.0.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_body_takes_its_share_until_the_last_piece_of_it_is_gone() {
        let budget = BodyBudget::new(10);
        let mut permit = budget.permit();
        permit.grow(6).unwrap();
        let body = Bytes::from_owner(Body { bytes: Bytes::from_static(b"{\"a\":1}"), _permit: permit });
        let piece = body.slice(1..3);
        drop(body);
        assert_eq!(budget.0.taken.load(Ordering::Relaxed), 6);
        drop(piece);
        assert_eq!(budget.0.taken.load(Ordering::Relaxed), 0);
    }
}
