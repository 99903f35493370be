//! A client that shows the wire as it is: it can send half a request, and leave in the middle.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// A request in the making.
pub struct Call {
    head: String,
    body: Vec<u8>,
    sends_length: bool,
}

pub fn get(path: &str) -> Call {
    Call::new("GET", path)
}

pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Call {
    let call = Call::new("POST", path).header("content-type", "application/json");
    Call { body: body.into(), sends_length: true, ..call }
}

impl Call {
    pub fn new(method: &str, path: &str) -> Self {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: hub\r\n");
        Self { head, body: Vec::new(), sends_length: false }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Without this header, and any other of its name.
    pub fn without(mut self, name: &str) -> Self {
        let is_other = |line: &&str| !line.to_lowercase().starts_with(&format!("{name}:"));
        self.head = self.head.split_inclusive("\r\n").filter(is_other).collect();
        self
    }

    pub fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// Announces a body of another length than it has.
    pub fn announcing(mut self, length: usize) -> Self {
        self.sends_length = false;
        self.header("content-length", &length.to_string())
    }

    fn head(&self) -> Vec<u8> {
        let length = match self.sends_length {
            true => format!("content-length: {}\r\n", self.body.len()),
            false => String::new(),
        };
        format!("{}{length}\r\n", self.head).into_bytes()
    }

    /// On a connection of its own.
    pub async fn send(self, hub: SocketAddr) -> Answer {
        let mut connection = Connection::open(hub).await;
        connection.send(self).await;
        connection.answer().await
    }
}

pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// The head of an answer.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Answer {
    pub head: Head,
    pub body: Vec<u8>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The code of an error; everything that an error must have is checked on the way.
    pub fn error_code(&self) -> String {
        let json = self.json();
        assert!(self.status() >= 400, "{json}");
        assert_eq!(json["error"]["message"], json["message"], "{json}");
        assert!(!json["message"].as_str().unwrap().is_empty(), "{json}");
        assert!(json["error"]["type"].is_string() && json["error"].get("param").is_some(), "{json}");
        assert!(matches!(self.header("x-should-retry"), Some("true" | "false")), "{:?}", self.head);
        assert!(self.header("x-request-id").is_some(), "{:?}", self.head);
        if matches!(self.status(), 429 | 503) {
            assert!(self.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
        }
        json["error"]["code"].as_str().unwrap().to_owned()
    }
}

impl Connection {
    pub async fn open(hub: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(hub).await.unwrap(), read: Vec::new() }
    }

    pub async fn send(&mut self, call: Call) {
        self.write(&call.head()).await;
        self.write(&call.body).await;
    }

    /// Only the head; the body may follow.
    pub async fn send_head(&mut self, call: &Call) {
        self.write(&call.head()).await;
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        // A server that has refused may close while it is still written to.
        let _ = self.stream.write_all(bytes).await;
    }

    /// More bytes, or false at the end.
    async fn fill(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut piece)).await.expect("the hub to say something");
        match read {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.read.extend_from_slice(&piece[..length]);
                true
            }
        }
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).collect();
                return String::from_utf8(line[..end].to_vec()).unwrap();
            }
            assert!(self.fill().await, "the connection ended within a line");
        }
    }

    pub async fn head(&mut self) -> Head {
        let status_line = self.line().await;
        let status = status_line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else { return Head { status, headers } };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            assert!(self.fill().await, "the connection ended within a body");
        }
        self.read.drain(..length).collect()
    }

    /// The next chunk of a chunked body; `None` at its end.
    pub async fn chunk(&mut self) -> Option<String> {
        let length = usize::from_str_radix(&self.line().await, 16).unwrap();
        let chunk = self.exactly(length).await;
        self.line().await;
        (length > 0).then(|| String::from_utf8(chunk).unwrap())
    }

    pub async fn answer(&mut self) -> Answer {
        let head = self.head().await;
        let mut body = Vec::new();
        if head.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                body.extend_from_slice(chunk.as_bytes());
            }
        } else if let Some(length) = head.header("content-length") {
            body = self.exactly(length.parse().unwrap()).await;
        }
        Answer { head, body }
    }

    /// Whether the hub closes without another word.
    pub async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && !self.fill().await
    }

    /// Leaves, as a client does that loses interest.
    pub fn leave(self) {
        drop(self.stream);
    }
}
