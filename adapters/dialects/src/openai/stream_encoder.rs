//! A streamed answer as server-sent events.

use bytes::{BufMut, Bytes, BytesMut};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Dialect, Event, Frame, ImageData, Receipt};
use smallvec::SmallVec;

use super::finish::finish_reason;
use super::{error_answer, image_stream, usage};
use crate::answer_style::AnswerStyle;
use crate::outline::{member, with_member, without_member};
use crate::wire::text::{one_line, string};
use crate::wire::written_event::unnamed_event;

/// A comment that keeps a silent stream open; clients skip it.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

const DONE: &[u8] = b"data: [DONE]\n\n";

/// Writes a streamed answer.
///
/// What an upstream of this dialect sent goes out byte for byte, apart from usage, which waits for the
/// settlement; padding against guesses by length (`obfuscation`) is kept, for it protects this
/// stretch of the way too. What has no bytes is written from its events.
#[derive(Debug)]
pub struct StreamEncoder {
    style: AnswerStyle,
    /// Of the answer; the upstream's where it is known.
    id: String,
    model: String,
    created: u64,
    /// An upstream's bytes went out, and its own first pieces with them.
    has_raw: bool,
    /// Choices whose role was said.
    begun: SmallVec<[u32; 1]>,
    /// The upstream's usage chunk, to be sent with what the call cost.
    usage_chunk: Option<Bytes>,
    /// The upstream's last usage object, wherever it stood.
    usage: Option<String>,
}

impl StreamEncoder {
    pub fn new(style: AnswerStyle) -> Self {
        Self {
            id: format!("chatcmpl-{}", style.call),
            model: style.model.clone(),
            created: style.call.unix_millis() / 1_000,
            style,
            has_raw: false,
            begun: SmallVec::new(),
            usage_chunk: None,
            usage: None,
        }
    }

    pub fn frame(&mut self, frame: &Frame, out: &mut BytesMut) {
        let raw = frame.raw.as_ref().filter(|(dialect, _)| *dialect == Dialect::OpenAi).map(|(_, raw)| raw);
        let mut has_usage = false;
        let mut is_whole = false;
        for event in &frame.events {
            match event {
                Event::Start { id, model, created } => {
                    self.start(id, raw.map(|_| model.as_str()), *created);
                }
                Event::Usage(_) => has_usage = true,
                Event::End => is_whole = raw.is_some(),
                _ => {}
            }
        }
        match raw {
            // Not a piece but all of it, from an upstream that does not stream.
            Some(raw) if is_whole => {
                self.usage = owned_member(raw, "usage");
                frame.events.iter().for_each(|event| self.event(event, out));
            }
            Some(raw) if has_usage => self.with_usage(raw, out),
            Some(raw) => self.raw(raw, out),
            None => frame.events.iter().for_each(|event| self.event(event, out)),
        }
    }

    /// The answer is whole and paid for: what it cost, and the end.
    pub fn settled(&mut self, receipt: &Receipt, out: &mut BytesMut) {
        if self.style.include_usage {
            let usage = usage::settled(self.usage.as_deref(), receipt, self.style.call_type);
            let chunk = self.usage_chunk.take().and_then(|chunk| {
                with_member(std::str::from_utf8(&chunk).ok()?, "usage", |_| Some(usage.clone()))
            });
            match chunk {
                Some(chunk) => {
                    self.raw(chunk.as_bytes(), out);
                }
                None => {
                    self.head(out);
                    out.put_slice(b"\"choices\":[],\"usage\":");
                    one_line(out, usage.as_bytes());
                    out.put_slice(b"}\n\n");
                }
            }
        }
        out.put_slice(DONE);
    }

    /// The answer broke off. Clients know by the missing `[DONE]` too.
    pub fn failed(&mut self, error: &CallError, out: &mut BytesMut) {
        error_answer::write_stream_error(error, out);
    }

    fn start(&mut self, id: &str, model: Option<&str>, created: Option<i64>) {
        if !id.is_empty() {
            id.clone_into(&mut self.id);
        }
        if let Some(model) = model.filter(|model| !model.is_empty()) {
            model.clone_into(&mut self.model);
        }
        if let Some(created) = created.and_then(|created| u64::try_from(created).ok()) {
            self.created = created;
        }
    }

    fn raw(&mut self, raw: &[u8], out: &mut BytesMut) {
        self.has_raw = true;
        unnamed_event(raw, out);
    }

    /// A chunk that reports usage. Alone it waits; else the rest of it goes out without.
    fn with_usage(&mut self, raw: &Bytes, out: &mut BytesMut) {
        let usage = owned_member(raw, "usage").filter(|usage| usage != "null");
        let of_groq = || Some(member(&owned_member(raw, "x_groq")?, "usage")?.to_owned());
        self.usage = usage.or_else(of_groq);
        let choices = owned_member(raw, "choices").unwrap_or_default();
        if choices.bytes().all(|byte| matches!(byte, b'[' | b']') || byte.is_ascii_whitespace()) {
            self.has_raw = true;
            self.usage_chunk = Some(raw.clone());
            return;
        }
        match without_usage(raw, self.style.include_usage) {
            Some(chunk) => self.raw(chunk.as_bytes(), out),
            None => self.raw(raw, out),
        }
    }

    fn event(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Text { choice, text } => self.said(*choice, "content", text, out),
            Event::Thinking { choice, text } => self.said(*choice, "reasoning_content", text, out),
            Event::Refusal { choice, text } => self.said(*choice, "refusal", text, out),
            Event::ToolCallStart { choice, index, id, name } => self.delta(*choice, out, |out| {
                out.put_slice(b"\"tool_calls\":[{\"index\":");
                out.put_slice(index.to_string().as_bytes());
                out.put_slice(b",\"id\":");
                string(out, id);
                out.put_slice(b",\"type\":\"function\",\"function\":{\"name\":");
                string(out, name);
                out.put_slice(b",\"arguments\":\"\"}}]");
            }),
            Event::ToolCallArguments { choice, index, fragment } => self.delta(*choice, out, |out| {
                out.put_slice(b"\"tool_calls\":[{\"index\":");
                out.put_slice(index.to_string().as_bytes());
                out.put_slice(b",\"function\":{\"arguments\":");
                string(out, fragment);
                out.put_slice(b"}}]");
            }),
            // OpenAI's own models make none here; this is how those that do are commonly told.
            Event::Image { image, .. } => self.delta(0, out, |out| {
                out.put_slice(b"\"images\":[");
                image_part(image, out);
                out.put_u8(b']');
            }),
            Event::Finish { choice, reason } => {
                self.begin(*choice, out);
                self.choice(*choice, Some(finish_reason(reason)), out, |_| {});
            }
            // Clients of this dialect could not hand these back.
            Event::ThinkingSignature { .. } | Event::RedactedThinking { .. } => {}
            Event::Start { .. }
            | Event::Embedding { .. }
            | Event::Sketch(_)
            | Event::Audio(_)
            | Event::Usage(_)
            | Event::End => {}
        }
    }

    fn said(&mut self, choice: u32, field: &str, text: &str, out: &mut BytesMut) {
        self.delta(choice, out, |out| {
            string(out, field);
            out.put_u8(b':');
            string(out, text);
        });
    }

    fn delta(&mut self, choice: u32, out: &mut BytesMut, delta: impl FnOnce(&mut BytesMut)) {
        self.begin(choice, out);
        self.choice(choice, None, out, delta);
    }

    /// The role comes first, once for each choice; an upstream has said its own.
    fn begin(&mut self, choice: u32, out: &mut BytesMut) {
        if self.has_raw || self.begun.contains(&choice) {
            return;
        }
        self.begun.push(choice);
        self.choice(choice, None, out, |out| {
            out.put_slice(b"\"role\":\"assistant\",\"content\":\"\",\"refusal\":null");
        });
    }

    fn choice(
        &self,
        choice: u32,
        finish_reason: Option<&str>,
        out: &mut BytesMut,
        delta: impl FnOnce(&mut BytesMut),
    ) {
        self.head(out);
        out.put_slice(b"\"choices\":[{\"index\":");
        out.put_slice(choice.to_string().as_bytes());
        out.put_slice(b",\"delta\":{");
        delta(out);
        out.put_slice(b"},\"logprobs\":null,\"finish_reason\":");
        match finish_reason {
            Some(reason) => string(out, reason),
            None => out.put_slice(b"null"),
        }
        out.put_slice(if self.style.include_usage { b"}],\"usage\":null}\n\n" } else { b"}]}\n\n" });
    }

    /// What all chunks of an answer share.
    fn head(&self, out: &mut BytesMut) {
        out.put_slice(b"data: {\"id\":");
        string(out, &self.id);
        out.put_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        out.put_slice(self.created.to_string().as_bytes());
        out.put_slice(b",\"model\":");
        string(out, &self.model);
        out.put_u8(b',');
    }
}

/// An image inside a message.
pub(super) fn image_part(image: &ImageData, out: &mut BytesMut) {
    out.put_slice(b"{\"type\":\"image_url\",\"image_url\":{\"url\":");
    string(out, &image_stream::url(image));
    out.put_slice(b"}}");
}

fn owned_member(json: &[u8], key: &str) -> Option<String> {
    member(std::str::from_utf8(json).ok()?, key).map(str::to_owned)
}

/// `null` is what OpenAI sends before the usage chunk to those who asked for it.
fn without_usage(chunk: &[u8], as_null: bool) -> Option<String> {
    let text = std::str::from_utf8(chunk).ok()?;
    if as_null {
        with_member(text, "usage", |_| Some("null".to_owned()))
    } else {
        without_member(text, "usage")
    }
}
