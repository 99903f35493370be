//! An upstream that does what a test wrote.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// What the upstream does next.
#[derive(Debug, Clone)]
enum Act {
    Send(Bytes),
    Pause(Duration),
    /// An orderly end of the connection.
    Close,
    /// The other kind.
    Reset,
    /// Nothing, until the other side leaves.
    Wait,
    /// The same piece again and again, until the other side leaves.
    Flood(Bytes),
}

/// How one request is answered.
#[derive(Debug, Clone, Default)]
pub struct Reply(Vec<Act>);

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Counts the connections from 0.
    pub connection: usize,
    pub head: String,
    pub body: Vec<u8>,
}

pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    departures: mpsc::UnboundedReceiver<Instant>,
}

impl Reply {
    pub fn raw(text: impl Into<Bytes>) -> Self {
        Self::default().then(text)
    }

    /// A whole answer.
    pub fn whole(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len().to_string();
        let mut reply = head(status, &[headers, &[("content-length", &length)]].concat());
        reply.extend_from_slice(body);
        Self::raw(reply)
    }

    pub fn json(status: u16, body: &str) -> Self {
        Self::whole(status, &[("content-type", "application/json")], body)
    }

    /// The head of a stream; pieces follow.
    pub fn stream() -> Self {
        Self::chunked(&[("content-type", "text/event-stream")])
    }

    pub fn chunked(headers: &[(&str, &str)]) -> Self {
        Self::raw(head(200, &[headers, &[("transfer-encoding", "chunked")]].concat()))
    }

    pub fn piece(self, piece: impl AsRef<[u8]>) -> Self {
        let piece = piece.as_ref();
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend_from_slice(piece);
        chunk.extend_from_slice(b"\r\n");
        self.then(chunk)
    }

    /// The end of a stream's body.
    pub fn end(self) -> Self {
        self.then("0\r\n\r\n")
    }

    pub fn then(mut self, bytes: impl Into<Bytes>) -> Self {
        self.0.push(Act::Send(bytes.into()));
        self
    }

    pub fn pause(mut self, time: Duration) -> Self {
        self.0.push(Act::Pause(time));
        self
    }

    pub fn close(mut self) -> Self {
        self.0.push(Act::Close);
        self
    }

    pub fn reset(mut self) -> Self {
        self.0.push(Act::Reset);
        self
    }

    pub fn wait(mut self) -> Self {
        self.0.push(Act::Wait);
        self
    }

    pub fn flood(mut self, piece: &[u8]) -> Self {
        self.0.push(Act::Flood(Bytes::copy_from_slice(piece)));
        self
    }
}

fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Something\r\n{headers}\r\n").into_bytes()
}

impl Upstream {
    /// Answers the requests in their order; the last reply serves all that follow.
    pub async fn new<const COUNT: usize>(replies: [Reply; COUNT]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (left, departures) = mpsc::unbounded_channel();
        let desk = Desk { replies: Arc::new(replies.into()), seen: Arc::clone(&seen), left };
        tokio::spawn(async move {
            for number in 0.. {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(desk.clone().serve(number, connection));
            }
        });
        Self { address, seen, departures }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request that came.
    pub fn only(&self) -> Seen {
        let [only] = &self.seen()[..] else { panic!("not one request: {:?}", self.seen()) };
        only.clone()
    }

    /// When the other side left in the middle of an answer.
    pub async fn departure(&mut self) -> Instant {
        timeout(Duration::from_secs(5), self.departures.recv()).await.expect("nobody left").unwrap()
    }
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Clone)]
struct Desk {
    replies: Arc<Vec<Reply>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    left: mpsc::UnboundedSender<Instant>,
}

impl Desk {
    async fn serve(self, connection: usize, mut stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        while let Some((head, body)) = request(&mut stream).await {
            let turn = {
                let mut seen = self.seen.lock().unwrap();
                seen.push(Seen { connection, head, body });
                seen.len() - 1
            };
            let reply = self.replies[turn.min(self.replies.len() - 1)].clone();
            for act in reply.0 {
                let goes_on = match act {
                    Act::Send(bytes) => stream.write_all(&bytes).await.is_ok(),
                    Act::Pause(time) => {
                        sleep(time).await;
                        true
                    }
                    Act::Close => false,
                    Act::Reset => {
                        stream.set_zero_linger().unwrap();
                        false
                    }
                    Act::Wait => {
                        while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
                        false
                    }
                    Act::Flood(piece) => {
                        while stream.write_all(&piece).await.is_ok() {}
                        false
                    }
                };
                if !goes_on {
                    let _ = self.left.send(Instant::now());
                    return;
                }
            }
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = read.split_off(end + 4);
            while body.len() < length.unwrap_or(0) {
                read_some(stream, &mut body).await?;
            }
            return Some((head, body));
        }
        read_some(stream, &mut read).await?;
    }
}

async fn read_some(stream: &mut TcpStream, into: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(into).await.ok()?;
    (count > 0).then_some(())
}
