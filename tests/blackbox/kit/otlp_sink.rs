//! A collector that takes OTLP over HTTP and keeps the bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
pub struct OtlpSink {
    pub address: SocketAddr,
    exports: Arc<Mutex<Vec<Export>>>,
}

/// One export: its path and its protobuf.
#[derive(Clone)]
pub struct Export {
    pub path: String,
    pub content_type: String,
    body: Vec<u8>,
}

impl Export {
    /// Whether a text, or any bytes, stand in it. Protobuf writes texts as they are.
    pub fn contains(&self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        self.body.windows(bytes.len()).any(|window| window == bytes)
    }
}

impl OtlpSink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { address: listener.local_addr().unwrap(), exports: Arc::default() };
        let exports = Arc::clone(&sink.exports);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(take(socket, Arc::clone(&exports)));
            }
        });
        sink
    }

    pub fn exports(&self) -> Vec<Export> {
        self.exports.lock().unwrap().clone()
    }
}

/// Takes the exports of one connection.
async fn take(mut socket: TcpStream, exports: Arc<Mutex<Vec<Export>>>) -> Option<()> {
    let mut input = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            (socket.read_buf(&mut input).await.ok()? > 0).then_some(())?;
        };
        let head = String::from_utf8_lossy(&input[..end]).into_owned();
        input.drain(..end + 4);
        let header = |name: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(':'));
            headers.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let length: usize = header("content-length")?.parse().ok()?;
        while input.len() < length {
            (socket.read_buf(&mut input).await.ok()? > 0).then_some(())?;
        }
        let export = Export {
            path: head.split(' ').nth(1)?.to_owned(),
            content_type: header("content-type").unwrap_or_default().to_owned(),
            body: input.drain(..length).collect(),
        };
        exports.lock().unwrap().push(export);
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.ok()?;
    }
}
