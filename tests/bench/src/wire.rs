//! As much of HTTP/1.1 as a benchmark needs: where a message ends, and nothing else. Parsing costs time
//! on the core that makes the load, so it is kept to a search for a few bytes.

use std::io;

use bytes::{Buf, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEAD_END: &[u8] = b"\r\n\r\n";
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";
const LENGTH: &[u8] = b"content-length:";

/// One connection, and what was read of it beyond the last message.
pub struct Connection {
    stream: TcpStream,
    read: BytesMut,
}

/// How an answer went.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The value of `content-length` in a head, in whatever case it stands.
fn content_length(head: &[u8]) -> Option<usize> {
    let lower = head.to_ascii_lowercase();
    let rest = &lower[memmem::find(&lower, LENGTH)? + LENGTH.len()..];
    let line = rest.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

impl Connection {
    pub async fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        Ok(Self::of(stream))
    }

    pub fn of(stream: TcpStream) -> Self {
        // A connection without it works too, only slower.
        let _ = stream.set_nodelay(true);
        Self { stream, read: BytesMut::with_capacity(16 * 1024) }
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    async fn head(&mut self) -> io::Result<usize> {
        loop {
            if let Some(end) = memmem::find(&self.read, HEAD_END) {
                return Ok(end + HEAD_END.len());
            }
            self.more().await?;
        }
    }

    /// Reads a request that has a `content-length`; `None` when the peer is done.
    pub async fn request(&mut self) -> io::Result<Option<Vec<u8>>> {
        let head = match self.head().await {
            Ok(head) => head,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = content_length(&self.read[..head]).unwrap_or(0);
        while self.read.len() < head + length {
            self.more().await?;
        }
        let whole = self.read[..head + length].to_vec();
        self.read.advance(head + length);
        Ok(Some(whole))
    }

    /// Waits until the first `bytes` of an answer are there, and leaves them for [`Self::answer`].
    pub async fn begun(&mut self, bytes: usize) -> io::Result<()> {
        while self.read.len() < bytes {
            self.more().await?;
        }
        Ok(())
    }

    /// Reads an answer to its end.
    pub async fn answer(&mut self) -> io::Result<Answer> {
        let head = self.head().await?;
        let status = self.read.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
        let status = status.and_then(|digits| digits.parse().ok()).ok_or_else(|| broken("no status"))?;
        let end = match content_length(&self.read[..head]) {
            Some(length) => {
                while self.read.len() < head + length {
                    self.more().await?;
                }
                head + length
            }
            None => self.last_chunk(head).await?,
        };
        let body = self.read[head..end].to_vec();
        self.read.advance(end);
        Ok(Answer { status, body })
    }

    /// Where a chunked body ends. What was searched is not searched again.
    async fn last_chunk(&mut self, head: usize) -> io::Result<usize> {
        let mut from = head.saturating_sub(2);
        loop {
            if let Some(at) = memmem::find(&self.read[from..], LAST_CHUNK) {
                return Ok(from + at + LAST_CHUNK.len());
            }
            from = self.read.len().saturating_sub(LAST_CHUNK.len()).max(from);
            self.more().await?;
        }
    }
}
