//! A client that shows the wire as it is: one connection for each request, every byte its own, and it
//! can leave in the middle.

use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::answer::{Answer, Flow};
use super::eventually::PATIENCE;

/// Who asks, and where.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    key: Option<String>,
    base: String,
}

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Ask {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    None,
    Json(Value),
    Bytes(Vec<u8>),
}

impl Client {
    pub fn new(address: SocketAddr, key: &str) -> Self {
        Self { address, key: Some(key.to_owned()), base: String::new() }
    }

    pub fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    pub fn without_key(&self) -> Self {
        Self { key: None, ..self.clone() }
    }

    /// With a prefix before every path.
    pub fn under(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let bearer = self.key.iter().map(|key| ("authorization".to_owned(), format!("Bearer {key}")));
        Ask {
            address: self.address,
            method: method.to_owned(),
            path: format!("{}{path}", self.base),
            headers: bearer.collect(),
            body: Body::None,
        }
    }

    pub fn get(&self, path: &str) -> Ask {
        self.ask("GET", path)
    }

    pub fn post(&self, path: &str, body: Value) -> Ask {
        let ask = self.ask("POST", path).header("content-type", "application/json");
        Ask { body: Body::Json(body), ..ask }
    }

    /// A body that need not be JSON.
    pub fn post_bytes(&self, path: &str, body: impl Into<Vec<u8>>) -> Ask {
        let ask = self.ask("POST", path).header("content-type", "application/json");
        Ask { body: Body::Bytes(body.into()), ..ask }
    }

    /// A form; a part with a file's name is a file.
    pub fn post_form(&self, path: &str, parts: &[(&str, Option<&str>, &str)]) -> Ask {
        let ask = self.ask("POST", path).header("content-type", "multipart/form-data; boundary=B");
        Ask { body: Body::Bytes(form(parts).into_bytes()), ..ask }
    }

    /// A chat call of the fake upstream's model.
    pub fn chat(&self, model: &str) -> Ask {
        self.chat_at("/v1/chat/completions", model)
    }

    pub fn chat_at(&self, path: &str, model: &str) -> Ask {
        let model = if model.contains('/') { model.to_owned() } else { format!("fake/{model}") };
        let messages = json!([{ "role": "user", "content": "Say something nice." }]);
        self.post(path, json!({ "model": model, "messages": messages }))
    }
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self
    }

    /// With a field of the JSON body set.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        let Body::Json(body) = &mut self.body else { panic!("there is no JSON body") };
        body[field] = value.into();
        self
    }

    pub fn saying(self, text: &str) -> Self {
        self.with("messages", json!([{ "role": "user", "content": text }]))
    }

    pub fn streamed(self) -> Self {
        self.with("stream", true)
    }

    /// Streamed, and with the usage at its end.
    pub fn streamed_with_usage(self) -> Self {
        self.streamed().with("stream_options", json!({ "include_usage": true }))
    }

    pub fn idempotency_key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// The same request to another address.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    fn bytes(&self) -> Vec<u8> {
        let body = match &self.body {
            Body::None => Vec::new(),
            Body::Json(value) => value.to_string().into_bytes(),
            Body::Bytes(bytes) => bytes.clone(),
        };
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !matches!(self.body, Body::None) {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        [head.as_bytes(), b"\r\n", &body].concat()
    }

    /// Sends the request and waits for nothing.
    pub async fn dispatch(&self) -> io::Result<TcpStream> {
        let mut socket = TcpStream::connect(self.address).await?;
        // A server that has refused the head may close before it has read all of the body.
        let sent = socket.write_all(&self.bytes()).await;
        match sent {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(socket),
        }
    }

    pub async fn try_open(&self) -> io::Result<Flow> {
        let opening = async { Flow::begin(self.dispatch().await?).await };
        timeout(PATIENCE, opening).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Sends the request and reads the head of the answer.
    pub async fn open(&self) -> Flow {
        self.try_open().await.expect("the hub answers")
    }

    pub async fn try_send(&self) -> io::Result<Answer> {
        let flow = self.try_open().await?;
        timeout(PATIENCE, flow.whole()).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Sends the request and reads the whole answer.
    pub async fn send(&self) -> Answer {
        self.try_send().await.expect("the hub answers to the end")
    }
}

fn form(parts: &[(&str, Option<&str>, &str)]) -> String {
    let part = |(name, file, value): &(&str, Option<&str>, &str)| {
        let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
    };
    parts.iter().map(part).chain(["--B--\r\n".to_owned()]).collect()
}
