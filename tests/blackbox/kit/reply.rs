//! What the fake upstream can be told to do with one request, step by step.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

/// One step of an answer.
#[derive(Debug, Clone)]
pub enum Step {
    /// Status and headers; what follows is chunked.
    Head {
        status: u16,
        headers: Vec<(String, String)>,
    },
    /// One chunk of the body.
    Send(String),
    Pause(Duration),
    /// Waits until the test opens the gate.
    Gate(Gate),
    /// Closes the connection, wherever the answer is.
    Cut,
    /// Says nothing any more, and keeps the connection.
    Hang,
}

/// Opened by the test, once and for all who wait at it.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub async fn passed(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|is_open| *is_open).await;
    }
}

/// An answer in the making.
#[derive(Debug, Clone, Default)]
pub struct Reply(pub Vec<Step>);

/// What OpenAI reports of an answer. Cached and reasoning tokens are parts of the others.
#[derive(Debug, Clone, Copy)]
pub struct Tokens {
    pub input: u64,
    pub cached: u64,
    pub output: u64,
    pub reasoning: u64,
}

impl Tokens {
    pub const fn of(input: u64, output: u64) -> Self {
        Self { input, cached: 0, output, reasoning: 0 }
    }

    fn json(self) -> Value {
        json!({
            "prompt_tokens": self.input,
            "completion_tokens": self.output,
            "total_tokens": self.input + self.output,
            "prompt_tokens_details": { "cached_tokens": self.cached, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": self.reasoning, "audio_tokens": 0 },
        })
    }
}

impl Reply {
    fn with(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    pub fn status(status: u16, headers: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::default().with(Step::Head { status, headers: headers.iter().map(own).collect() })
    }

    pub fn body(self, body: impl Into<String>) -> Self {
        self.with(Step::Send(body.into()))
    }

    /// A JSON answer with any body.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::status(status, &[("content-type", "application/json")]).body(body)
    }

    /// A whole chat answer. Without `tokens` it reports no usage.
    pub fn chat(text: &str, tokens: Option<Tokens>) -> Self {
        let message = json!({ "role": "assistant", "content": text, "refusal": null });
        Self::json(200, chat_completion(message, "stop", tokens).to_string())
    }

    /// The same after what the reply does already.
    pub fn chat_after(mut self, text: &str, tokens: Tokens) -> Self {
        self.0.extend(Self::chat(text, Some(tokens)).0);
        self
    }

    /// A whole answer that calls a tool.
    pub fn tool_call(name: &str, arguments: &str, tokens: Tokens) -> Self {
        let function = json!({ "name": name, "arguments": arguments });
        let call = json!({ "id": "call_1", "type": "function", "function": function });
        let message = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
        Self::json(200, chat_completion(message, "tool_calls", Some(tokens)).to_string())
    }

    /// An error in OpenAI's shape.
    pub fn failure(status: u16, code: &str) -> Self {
        Self::json(status, error_body(code).to_string())
    }

    pub fn failure_with(status: u16, code: &str, headers: &[(&str, &str)]) -> Self {
        let headers: Vec<_> = [("content-type", "application/json")].iter().chain(headers).copied().collect();
        Self::status(status, &headers).body(error_body(code).to_string())
    }

    /// A stream that has begun: the head and the chunk that names the role.
    pub fn stream() -> Self {
        Self::status(200, &[("content-type", "text/event-stream; charset=utf-8")])
            .chunk(json!({ "role": "assistant", "content": "" }), None)
    }

    fn chunk(self, delta: Value, finish: Option<&str>) -> Self {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish, "logprobs": null });
        self.event(&chat_chunk(json!([choice]), Value::Null))
    }

    /// Any event.
    pub fn event(self, data: &Value) -> Self {
        self.body(format!("data: {data}\n\n"))
    }

    /// A piece of the answer's text.
    pub fn say(self, text: &str) -> Self {
        self.chunk(json!({ "content": text }), None)
    }

    /// A tool call in fragments.
    pub fn call_tool(self, name: &str, fragments: &[&str]) -> Self {
        let function = json!({ "name": name, "arguments": "" });
        let first = json!({ "index": 0, "id": "call_1", "type": "function", "function": function });
        let begun = self.chunk(json!({ "tool_calls": [first] }), None);
        fragments.iter().fold(begun, |reply, fragment| {
            let call = json!({ "index": 0, "function": { "arguments": fragment } });
            reply.chunk(json!({ "tool_calls": [call] }), None)
        })
    }

    pub fn finish(self, reason: &str) -> Self {
        self.chunk(json!({}), Some(reason))
    }

    pub fn usage(self, tokens: Tokens) -> Self {
        self.event(&chat_chunk(json!([]), tokens.json()))
    }

    pub fn done(self) -> Self {
        self.body("data: [DONE]\n\n")
    }

    /// Finish, usage and `[DONE]`.
    pub fn end(self, tokens: Tokens) -> Self {
        self.finish("stop").usage(tokens).done()
    }

    pub fn pause(self, time: Duration) -> Self {
        self.with(Step::Pause(time))
    }

    pub fn gate(self, gate: &Gate) -> Self {
        self.with(Step::Gate(gate.clone()))
    }

    /// The same answer, once the gate is open.
    pub fn after(mut self, gate: &Gate) -> Self {
        self.0.insert(0, Step::Gate(gate.clone()));
        self
    }

    pub fn cut(self) -> Self {
        self.with(Step::Cut)
    }

    pub fn hang(self) -> Self {
        self.with(Step::Hang)
    }
}

fn chat_completion(message: Value, finish: &str, tokens: Option<Tokens>) -> Value {
    let mut answer = json!({
        "id": "chatcmpl-fake", "object": "chat.completion", "created": 1_700_000_000, "model": "fake-2026",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish, "logprobs": null }],
    });
    if let Some(tokens) = tokens {
        answer["usage"] = tokens.json();
    }
    answer
}

fn chat_chunk(choices: Value, usage: Value) -> Value {
    json!({
        "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_700_000_000,
        "model": "fake-2026", "choices": choices, "usage": usage,
    })
}

fn error_body(code: &str) -> Value {
    json!({ "error": { "message": format!("the fake says {code}"), "type": "fake_error", "param": null, "code": code } })
}
