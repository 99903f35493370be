//! Server-sent events out of bytes that are cut anywhere, by the rules of
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>. An event whose line lies within one
//! piece of the body is a slice of it; only what is cut is copied.

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2};

/// One event, and so one line, at most.
pub(crate) const MAX_EVENT: usize = 32 * 1024 * 1024;

/// An event that has data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// It is named `error`. Other names mean nothing here.
    pub is_error: bool,
    /// Its `data` lines, joined by LF.
    pub data: Bytes,
}

/// An event or a line is larger than [`MAX_EVENT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {MAX_EVENT} bytes")]
pub(crate) struct EventTooLarge;

/// Holds at most one incomplete event.
#[derive(Debug, Default)]
pub(crate) struct SseDecoder {
    /// The beginning of a line whose end has not come.
    line: BytesMut,
    data: Data,
    is_error: bool,
    past_first_line: bool,
    /// The last byte was a CR; an LF right after it belongs to it.
    after_cr: bool,
}

#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    /// The usual case.
    OneLine(Bytes),
    Lines(BytesMut),
}

impl Data {
    fn len(&self) -> usize {
        match self {
            Data::None => 0,
            Data::OneLine(line) => line.len(),
            Data::Lines(lines) => lines.len(),
        }
    }

    fn push(&mut self, line: Bytes) {
        *self = match std::mem::take(self) {
            Data::None => Data::OneLine(line),
            Data::OneLine(first) => {
                let mut lines = BytesMut::with_capacity(first.len() + 1 + line.len());
                lines.extend_from_slice(&first);
                Data::Lines(joined(lines, &line))
            }
            Data::Lines(lines) => Data::Lines(joined(lines, &line)),
        };
    }

    fn take(&mut self) -> Option<Bytes> {
        match std::mem::take(self) {
            Data::None => None,
            Data::OneLine(line) => Some(line),
            Data::Lines(lines) => Some(lines.freeze()),
        }
    }
}

fn joined(mut lines: BytesMut, line: &[u8]) -> BytesMut {
    lines.extend_from_slice(b"\n");
    lines.extend_from_slice(line);
    lines
}

impl SseDecoder {
    /// Feeds a piece of the body; emits the events that it completes, until `emit` says false.
    pub(crate) fn push(
        &mut self,
        mut piece: Bytes,
        emit: &mut impl FnMut(SseEvent) -> bool,
    ) -> Result<(), EventTooLarge> {
        if self.after_cr && !piece.is_empty() {
            self.after_cr = false;
            if piece[0] == b'\n' {
                piece = piece.slice(1..);
            }
        }
        while let Some(end) = line_end(&piece) {
            let line = self.complete(piece.slice(..end))?;
            let is_cr = piece[end] == b'\r';
            let mut next = end + 1;
            if is_cr {
                match piece.get(next) {
                    Some(b'\n') => next += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            piece = piece.slice(next..);
            if let Some(event) = self.take_line(line)?
                && !emit(event)
            {
                return Ok(());
            }
        }
        if self.line.len() + piece.len() > MAX_EVENT {
            return Err(EventTooLarge);
        }
        self.line.extend_from_slice(&piece);
        Ok(())
    }

    /// The body has ended. What the last event lacks is its blank line, or more: some servers forget
    /// it, and a cut one can't be told from theirs here.
    pub(crate) fn finish(&mut self) -> Option<SseEvent> {
        let line = self.line.split().freeze();
        let ended = if line.is_empty() { None } else { self.take_line(line).ok().flatten() };
        ended.or_else(|| self.dispatch())
    }

    fn complete(&mut self, rest: Bytes) -> Result<Bytes, EventTooLarge> {
        if self.line.len() + rest.len() > MAX_EVENT {
            return Err(EventTooLarge);
        }
        if self.line.is_empty() {
            return Ok(rest);
        }
        self.line.extend_from_slice(&rest);
        Ok(self.line.split().freeze())
    }

    fn take_line(&mut self, mut line: Bytes) -> Result<Option<SseEvent>, EventTooLarge> {
        if !self.past_first_line {
            self.past_first_line = true;
            if line.starts_with(b"\xEF\xBB\xBF") {
                line = line.slice(3..);
            }
        }
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let colon = memchr(b':', &line);
        let name = &line[..colon.unwrap_or(line.len())];
        let value = match colon {
            Some(colon) if line.get(colon + 1) == Some(&b' ') => colon + 2,
            Some(colon) => colon + 1,
            None => line.len(),
        };
        match name {
            b"data" => {
                if self.data.len() + line.len() > MAX_EVENT {
                    return Err(EventTooLarge);
                }
                self.data.push(line.slice(value..));
            }
            b"event" => self.is_error = &line[value..] == b"error",
            // Comments have an empty name.
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        let is_error = std::mem::take(&mut self.is_error);
        self.data.take().map(|data| SseEvent { is_error, data })
    }
}

fn line_end(piece: &[u8]) -> Option<usize> {
    memchr2(b'\n', b'\r', piece)
}

#[cfg(test)]
mod tests;
