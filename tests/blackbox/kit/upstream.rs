//! An upstream that speaks OpenAI's API over real sockets, does what the test tells it, and remembers
//! what it saw.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::eventually::eventually;
use super::reply::{Reply, Step, Tokens};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    pub model: String,
    /// Number of the connection it came on.
    pub connection: usize,
    headers: Vec<(String, String)>,
    pub text: String,
    /// When the answer was written to its end.
    pub answered: Option<Instant>,
    /// When the other side closed the connection under the answer.
    pub hung_up: Option<Instant>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// A field of the form that arrived.
    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.text, name)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the hub sends JSON")
    }
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, VecDeque<Reply>>,
    seen: Vec<Seen>,
    connections: usize,
}

/// What every answer of an upstream without a script uses.
pub const USUAL: Tokens = Tokens::of(10, 3);

#[derive(Clone)]
pub struct Upstream {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Upstream {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let serving = upstream.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(socket));
            }
        });
        upstream
    }

    /// What the next calls of a model get, one after the other; the last reply repeats.
    pub fn script(&self, model: &str, replies: impl IntoIterator<Item = Reply>) {
        self.state.lock().unwrap().scripts.insert(model.to_owned(), replies.into_iter().collect());
    }

    /// Every request for a model, in the order in which they came.
    pub fn seen(&self, model: &str) -> Vec<Seen> {
        let state = self.state.lock().unwrap();
        state.seen.iter().filter(|seen| seen.model == model).cloned().collect()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    pub fn all_seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// The moment at which the hub closed the connection of the first request for a model.
    pub async fn hung_up_on(&self, model: &str) -> Instant {
        eventually("the upstream connection is closed", async || self.seen(model).first()?.hung_up).await
    }

    /// Waits until a request for a model has arrived.
    pub async fn reached_by(&self, model: &str) -> Seen {
        eventually("the request arrives upstream", async || self.seen(model).first().cloned()).await
    }

    fn reply_to(&self, seen: &Seen) -> Reply {
        let mut state = self.state.lock().unwrap();
        match state.scripts.get_mut(&seen.model) {
            Some(script) if script.len() > 1 => script.pop_front().unwrap(),
            Some(script) => script[0].clone(),
            None => usual(seen),
        }
    }

    async fn serve(self, socket: TcpStream) {
        // The streams of tests are small writes.
        let _ = socket.set_nodelay(true);
        let connection = {
            let mut state = self.state.lock().unwrap();
            state.connections += 1;
            state.connections
        };
        let (reader, writer) = socket.into_split();
        let mut wire = Wire { reader, writer, input: Vec::new() };
        while let Ok(Some(seen)) = wire.request(connection).await {
            let reply = self.reply_to(&seen);
            let index = {
                let mut state = self.state.lock().unwrap();
                state.seen.push(seen);
                state.seen.len() - 1
            };
            let played = wire.play(reply).await;
            let mut state = self.state.lock().unwrap();
            match played {
                Ok(true) => state.seen[index].answered = Some(Instant::now()),
                Ok(false) => return,
                Err(_) => {
                    state.seen[index].hung_up = Some(Instant::now());
                    return;
                }
            }
        }
    }
}

/// What a model without a script answers.
fn usual(seen: &Seen) -> Reply {
    if seen.path.ends_with("/models") {
        return Reply::json(200, r#"{"object":"list","data":[]}"#);
    }
    let request = seen.json();
    if seen.path.ends_with("/embeddings") {
        let data = json!([{ "object": "embedding", "index": 0, "embedding": [0.25, -0.5] }]);
        let usage = json!({ "prompt_tokens": USUAL.input, "total_tokens": USUAL.input });
        let answer = json!({ "object": "list", "data": data, "model": seen.model, "usage": usage });
        return Reply::json(200, answer.to_string());
    }
    match request["stream"].as_bool() {
        Some(true) => Reply::stream().say("Hello").say(" there").say(".").end(USUAL),
        _ => Reply::chat("Hello there.", Some(USUAL)),
    }
}

/// Gemini has the model in its path: `/v1beta/models/{model}:{method}`.
fn model_in(path: &str) -> Option<&str> {
    path.split_once("/models/")?.1.split_once(':').map(|(model, _)| model)
}

/// A field of a form.
fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = form.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
    rest.split_once("\r\n").map(|(value, _)| value)
}

struct Wire {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    input: Vec<u8>,
}

impl Wire {
    /// The next request; `None` when the connection ends between two.
    async fn request(&mut self, connection: usize) -> io::Result<Option<Seen>> {
        let end = loop {
            if let Some(end) = self.input.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if self.reader.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        };
        let head = String::from_utf8_lossy(&self.input[..end]).into_owned();
        self.input.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
        while self.input.len() < length {
            if self.reader.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
        let mut text = String::from_utf8_lossy(&self.input[..length]).into_owned();
        self.input.drain(..length);
        if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
            let Some(body) = self.chunked().await? else { return Ok(None) };
            text = String::from_utf8_lossy(&body).into_owned();
        }
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let named = body["model"].as_str().or_else(|| model_in(&path)).or_else(|| field(&text, "model"));
        let model = named.unwrap_or_default().to_owned();
        Ok(Some(Seen { path, model, connection, headers, text, answered: None, hung_up: None }))
    }

    /// A body in chunks; `None` where it breaks off.
    async fn chunked(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        loop {
            let size = loop {
                if let Some(end) = self.input.windows(2).position(|window| window == b"\r\n") {
                    break String::from_utf8_lossy(&self.input.drain(..end + 2).collect::<Vec<_>>())
                        .into_owned();
                }
                if self.reader.read_buf(&mut self.input).await? == 0 {
                    return Ok(None);
                }
            };
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            while self.input.len() < size + 2 {
                if self.reader.read_buf(&mut self.input).await? == 0 {
                    return Ok(None);
                }
            }
            body.extend(self.input.drain(..size + 2).take(size));
            if size == 0 {
                return Ok(Some(body));
            }
        }
    }

    /// Plays a reply; `false` when it cut the connection itself, an error when the hub did.
    async fn play(&mut self, reply: Reply) -> io::Result<bool> {
        for step in reply.0 {
            let Self { reader, writer, input } = self;
            let cut = tokio::select! {
                biased;
                gone = hung_up(reader, input) => return Err(gone),
                cut = take(step, writer) => cut?,
            };
            if cut {
                return Ok(false);
            }
        }
        self.writer.write_all(b"0\r\n\r\n").await?;
        Ok(true)
    }
}

/// Returns once the other side is gone. What it sends meanwhile is kept.
async fn hung_up(reader: &mut OwnedReadHalf, input: &mut Vec<u8>) -> io::Error {
    loop {
        match reader.read_buf(input).await {
            Ok(0) => return io::ErrorKind::ConnectionAborted.into(),
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

/// Takes one step; `true` when the connection is to be cut.
async fn take(step: Step, writer: &mut OwnedWriteHalf) -> io::Result<bool> {
    match step {
        Step::Head { status, headers } => {
            let mut head = format!("HTTP/1.1 {status} Fake\r\ntransfer-encoding: chunked\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            writer.write_all(format!("{head}x-request-id: fake-request\r\n\r\n").as_bytes()).await?;
        }
        Step::Send(text) => {
            writer.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await?;
        }
        Step::Pause(time) => tokio::time::sleep(time).await,
        Step::Gate(gate) => gate.passed().await,
        Step::Hang => std::future::pending().await,
        Step::Cut => return Ok(true),
    }
    Ok(false)
}
