//! What came back: a whole answer, or one that is still coming.

use std::io;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::amount::{self, Units};

/// Status and headers.
#[derive(Debug, Clone)]
pub struct Head {
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    fn parse(text: &str) -> io::Result<Self> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, format!("no HTTP answer: {text:?}"));
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(broken)?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':').ok_or_else(broken)?;
            Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.filter(|line| !line.is_empty()).map(header).collect::<io::Result<_>>()?;
        Ok(Self { status, headers })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The id under which the call is recorded.
    pub fn call_id(&self) -> String {
        self.header("x-aigne-hub-call-id").expect("a call's answer names the call").to_owned()
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub head: Head,
    pub body: String,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub fn call_id(&self) -> String {
        self.head.call_id()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// Fails unless the status is this one; shows the body then.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.head.status, status, "{}", self.body);
        self
    }

    /// The text of the first choice.
    #[track_caller]
    pub fn text(&self) -> String {
        self.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
    }

    /// The exact cost; `None` while the settlement is pending.
    pub fn cost(&self) -> Option<Units> {
        amount::shown(&self.body)
    }

    /// The data of each event of a streamed answer.
    pub fn events(&self) -> Vec<String> {
        self.body.split("\n\n").filter_map(data_of).collect()
    }

    /// `error.code`.
    #[track_caller]
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// The text of all content deltas.
pub fn delivered(events: &[String]) -> String {
    let deltas = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    deltas
        .map(|event| event["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// The data of one event; comments have none.
fn data_of(block: &str) -> Option<String> {
    let lines = block.lines().filter_map(|line| line.strip_prefix("data:"));
    let data: Vec<_> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    if data.is_empty() { None } else { Some(data.join("\n")) }
}

/// An answer that is still coming. Dropping it closes the connection.
pub struct Flow {
    pub head: Head,
    socket: TcpStream,
    framing: Framing,
    /// Read and not decoded yet.
    raw: Vec<u8>,
    /// Decoded and not taken yet.
    body: Vec<u8>,
    is_over: bool,
}

enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Flow {
    /// Reads the head; the body follows when it is asked for.
    pub async fn begin(mut socket: TcpStream) -> io::Result<Self> {
        let mut raw = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") {
                    break end;
                }
                if socket.read_buf(&mut raw).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            };
            let head = Head::parse(&String::from_utf8_lossy(&raw[..end]))?;
            raw.drain(..end + 4);
            if head.status == 100 {
                continue;
            }
            let framing = match (head.header("content-length"), head.header("transfer-encoding")) {
                (Some(length), _) => Framing::Length(length.parse().map_err(io::Error::other)?),
                (None, Some("chunked")) => Framing::Chunked,
                _ if head.status == 204 || head.status == 304 => Framing::Length(0),
                _ => Framing::UntilClose,
            };
            return Ok(Self { head, socket, framing, raw, body: Vec::new(), is_over: false });
        }
    }

    /// Fails unless the status is this one; shows the body then.
    pub async fn expect(self, status: u16) -> Self {
        if self.head.status != status {
            self.rest().await.0.expect(status);
            unreachable!("the status is another one");
        }
        self
    }

    /// Decodes what is at hand; `false` when more has to be read first.
    fn decode(&mut self) -> io::Result<bool> {
        match &mut self.framing {
            Framing::Length(left) => {
                let taken = (*left).min(self.raw.len());
                self.body.extend(self.raw.drain(..taken));
                *left -= taken;
                self.is_over = *left == 0;
                Ok(self.is_over || taken > 0)
            }
            Framing::UntilClose => {
                let any = !self.raw.is_empty();
                self.body.append(&mut self.raw);
                Ok(any)
            }
            Framing::Chunked => {
                let Some(line) = self.raw.windows(2).position(|window| window == b"\r\n") else {
                    return Ok(false);
                };
                let digits = String::from_utf8_lossy(&self.raw[..line]).into_owned();
                let size = usize::from_str_radix(digits.trim(), 16).map_err(io::Error::other)?;
                let (start, end) = (line + 2, line + 2 + size);
                if self.raw.len() < end + 2 {
                    return Ok(false);
                }
                self.body.extend_from_slice(&self.raw[start..end]);
                self.raw.drain(..end + 2);
                self.is_over = size == 0;
                Ok(true)
            }
        }
    }

    /// Brings more of the body; `false` at its end. A body that breaks off is an error.
    async fn more(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        while !self.decode()? {
            if self.socket.read_buf(&mut self.raw).await? == 0 {
                self.is_over = true;
                return match self.framing {
                    Framing::UntilClose => Ok(false),
                    _ => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
        Ok(true)
    }

    /// The data of the next event; `None` at the end of the stream.
    pub async fn try_next(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.body.windows(2).position(|window| window == b"\n\n") {
                let block: Vec<_> = self.body.drain(..end + 2).collect();
                if let Some(data) = data_of(&String::from_utf8_lossy(&block)) {
                    return Ok(Some(data));
                }
            } else if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// The data of the next event of a stream that goes on.
    pub async fn next(&mut self) -> String {
        self.try_next().await.expect("the stream does not break off").expect("the stream goes on")
    }

    /// Reads on until an event has this in it.
    pub async fn next_with(&mut self, text: &str) -> String {
        loop {
            let event = self.next().await;
            if event.contains(text) {
                return event;
            }
        }
    }

    /// The rest, as far as it came, and whether it came to its proper end.
    pub async fn rest(mut self) -> (Answer, io::Result<()>) {
        let end = loop {
            match self.more().await {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        (Answer { head: self.head, body: String::from_utf8_lossy(&self.body).into_owned() }, end)
    }

    pub async fn whole(self) -> io::Result<Answer> {
        let (answer, end) = self.rest().await;
        end.map(|()| answer)
    }
}
