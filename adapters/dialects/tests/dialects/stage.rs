//! What the tests share: requests, decoded streams, encoders.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use hub_dialects::AnswerStyle;
use hub_dialects::openai::{self, StreamDecoder, StreamEncoder, WholeEncoder};
use hub_domain::error::{CallError, ProviderError};
use hub_domain::ids::CallId;
use hub_domain::meter::Meter;
use hub_domain::money::Credits;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{
    CallType, Canonical, ChatRequest, Dialect, Event, Frame, Receipt, Request, Source,
};
use serde_json::Value;

pub fn chat(body: &str) -> Result<ChatRequest, CallError> {
    match openai::decode_chat(&Bytes::copy_from_slice(body.as_bytes()))? {
        Canonical::Chat(chat) => Ok(chat),
        _ => panic!("not a chat"),
    }
}

/// A chat with one word, and more members.
pub fn with(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!("{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]{comma}{members}}}")
}

pub fn request(body: &str) -> Request {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let canonical = openai::decode_chat(&body).unwrap();
    Request { source: Some(Source::of(Dialect::OpenAi, body)), canonical }
}

/// A stream's frames, and how it ended.
pub fn decode(pieces: &[&[u8]]) -> (Vec<Frame>, Result<(), ProviderError>) {
    let mut decoder = StreamDecoder::new(CallType::ChatCompletion);
    let mut frames = VecDeque::new();
    let mut result = Ok(());
    for piece in pieces {
        result = result.and_then(|()| decoder.push(Bytes::copy_from_slice(piece), &mut frames));
    }
    result = result.and_then(|()| decoder.finish(&mut frames));
    (frames.into(), result)
}

pub fn frames(stream: &str) -> Vec<Frame> {
    let (frames, result) = decode(&[stream.as_bytes()]);
    result.unwrap();
    frames
}

pub fn events(stream: &str) -> Vec<Event> {
    frames(stream).into_iter().flat_map(|frame| frame.events).collect()
}

/// Server-sent events of these chunks.
pub fn sse(chunks: &[&str]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect()
}

/// A chunk with one choice.
pub fn chunk(delta: &str, finish: &str) -> String {
    let finish = if finish.is_empty() { "null".to_owned() } else { format!("\"{finish}\"") };
    format!(
        "{{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"up\",\
         \"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}"
    )
}

pub fn style() -> AnswerStyle {
    AnswerStyle {
        dialect: Dialect::OpenAi,
        call: "0193577a-5e2c-7c41-9b0e-6d1f2a3b4c5d".parse::<CallId>().unwrap(),
        model: "openai/gpt-5-mini".to_owned(),
        call_type: CallType::ChatCompletion,
        media: None,
        superset: false,
        json_output: false,
        plain_text: false,
        echo: None,
        json_array: false,
        batch: false,
        include_usage: false,
        base64: false,
    }
}

pub fn usage(input: u64, output: u64) -> Usage {
    let quantities = Quantities::default().with(Meter::Input, input).with(Meter::Output, output);
    Usage { quantities, ..Usage::default() }
}

/// 8 tokens in, 2 out, 0.000016 credits.
pub fn receipt() -> Receipt {
    Receipt { call: style().call, usage: usage(8, 2), charged: Some(Credits::from_units(160_000)) }
}

pub fn written(style: AnswerStyle, frames: &[Frame], receipt: &Receipt) -> String {
    let mut encoder = StreamEncoder::new(style);
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(receipt, &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

/// The JSON of each event, `[DONE]` not counted.
pub fn chunks(stream: &str) -> Vec<Value> {
    let (body, done) = stream.rsplit_once("data: [DONE]\n\n").unwrap();
    assert_eq!(done, "");
    let json = |event: &str| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    body.split_terminator("\n\n").map(json).collect()
}

pub fn whole(style: AnswerStyle, frames: &[Frame], receipt: &Receipt) -> String {
    let mut encoder = WholeEncoder::new(style);
    frames.iter().for_each(|frame| encoder.push(frame));
    String::from_utf8(encoder.finish(receipt).to_vec()).unwrap()
}

pub fn frame(events: impl IntoIterator<Item = Event>) -> Frame {
    Frame { raw: None, events: events.into_iter().collect() }
}

pub fn text(choice: u32, text: &str) -> Event {
    Event::Text { choice, text: text.to_owned() }
}

/// The same by whichever encoder fits the style.
pub fn written_as(style: AnswerStyle, frames: &[Frame], receipt: &Receipt) -> String {
    let mut encoder = hub_dialects::StreamEncoder::new(style);
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(receipt, &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

pub fn whole_as(style: AnswerStyle, frames: &[Frame], receipt: &Receipt) -> String {
    let mut encoder = hub_dialects::WholeEncoder::new(style);
    frames.iter().for_each(|frame| encoder.push(frame));
    String::from_utf8(encoder.finish(receipt).to_vec()).unwrap()
}
