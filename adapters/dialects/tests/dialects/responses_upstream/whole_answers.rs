//! Whole responses, read and kept.

use bytes::Bytes;
use hub_dialects::responses::decode_whole;
use hub_dialects::{AnswerStyle, WholeEncoder};
use hub_domain::error::UpstreamClass;
use hub_domain::vocabulary::{Dialect, Event, Frame};
use serde_json::{Value, json};

use super::streams_read::{said, split_usage, told};
use crate::stage::{receipt, style};

fn response() -> Value {
    told().last().unwrap()["response"].clone()
}

fn read(response: &Value) -> Frame {
    decode_whole(Bytes::from(response.to_string())).unwrap()
}

/// Pieces of one text as one.
fn text(events: &[Event]) -> (String, String, String) {
    let (mut text, mut thoughts, mut arguments) = (String::new(), String::new(), String::new());
    for event in events {
        match event {
            Event::Text { text: piece, .. } => text.push_str(piece),
            Event::Thinking { text: piece, .. } => thoughts.push_str(piece),
            Event::ToolCallArguments { fragment, .. } => arguments.push_str(fragment),
            _ => {}
        }
    }
    (text, thoughts, arguments)
}

#[test]
fn a_whole_answer_says_what_its_stream_says() {
    let (words, usage) = split_usage(read(&response()).events.into_vec());
    assert_eq!(text(&words), text(&said()));
    assert_eq!((words.first(), words.last()), (said().first(), Some(&Event::End)));
    assert!(words.contains(&Event::ThinkingSignature { choice: 0, signature: "hub.responses.gAAA=".into() }));
    assert_eq!(usage.len(), 1);
}

#[test]
fn what_failed_is_an_error() {
    let mut failed = response();
    failed["status"] = json!("failed");
    failed["error"] = json!({ "code": "rate_limit_exceeded", "message": "slow down" });
    let class = |body: &str| decode_whole(Bytes::copy_from_slice(body.as_bytes())).unwrap_err().class;
    assert_eq!(class(&failed.to_string()), UpstreamClass::RateLimited);
    assert_eq!(class(r#"{"error":{"code":"server_error","message":"x"}}"#), UpstreamClass::Server);
    for odd in ["{}", "[]", "7", "{\"output\":7}", "\u{7f}"] {
        assert_eq!(class(odd), UpstreamClass::BadAnswer, "{odd}");
    }
    // What runs in the background was not asked for.
    let mut queued = response();
    queued["status"] = json!("queued");
    assert!(decode_whole(Bytes::from(queued.to_string())).is_err());
}

fn written(dialect: Dialect, frames: &[Frame]) -> Value {
    let mut encoder = WholeEncoder::new(AnswerStyle { dialect, ..style() });
    frames.iter().for_each(|frame| encoder.push(frame));
    serde_json::from_slice(&encoder.finish(&receipt())).unwrap()
}

#[test]
fn a_response_is_kept_but_for_its_usage() {
    let mut kept = written(Dialect::Responses, &[read(&response())]);
    assert_eq!(kept["usage"]["aigneHubCredits"].to_string(), "0.000016");
    let mut original = response();
    kept["usage"] = Value::Null;
    original["usage"] = Value::Null;
    assert_eq!(kept, original);
}

#[test]
fn other_clients_get_it_in_their_own_words() {
    let frames = [read(&response())];
    let chat = written(Dialect::OpenAi, &frames);
    let message = &chat["choices"][0]["message"];
    assert_eq!((&message["content"], &message["tool_calls"][0]["id"]), (&json!("Let me"), &json!("call_1")));
    assert_eq!(chat["choices"][0]["finish_reason"], "tool_calls");
    let messages = written(Dialect::Anthropic, &frames);
    assert_eq!(messages["content"][0]["thinking"], "Hm \u{1f914}\n\nso");
    assert_eq!(messages["content"][0]["signature"], "hub.responses.gAAA=");
    assert_eq!(messages["content"][2]["input"], json!({ "n": 1.5 }));
    let gemini = written(Dialect::Gemini, &frames);
    assert!(gemini["candidates"][0]["content"]["parts"].as_array().unwrap().len() >= 4);
}
