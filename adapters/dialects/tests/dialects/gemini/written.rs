//! What Gemini's clients get: an upstream's own bytes, or responses that are made.

use bytes::{Bytes, BytesMut};
use hub_dialects::gemini::{ThinkingControl, UpstreamTarget, decode_generate, decode_whole, encode_request};
use hub_dialects::{AnswerStyle, StreamEncoder, WholeEncoder};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Dialect, Event, FinishReason, Frame, Request, Source};
use serde_json::{Value, json};

use super::answers::{STREAM, frames};
use crate::stage::{frame, receipt, style, text};

fn asked(json_array: bool) -> AnswerStyle {
    AnswerStyle { dialect: Dialect::Gemini, json_array, ..style() }
}

fn written(json_array: bool, frames: &[Frame]) -> String {
    let mut encoder = StreamEncoder::new(asked(json_array));
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(&receipt(), &mut out);
    assert_eq!(encoder.keep_alive(), None, "its clients fail on anything else");
    String::from_utf8(out.to_vec()).unwrap()
}

/// As Google's own client reads it: each block is one `data:` line, and nothing is left over.
fn events(stream: &str) -> Vec<Value> {
    let blocks = stream.strip_suffix("\r\n\r\n").unwrap().split("\r\n\r\n");
    blocks.map(|block| serde_json::from_str(block.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

fn whole(frames: &[Frame]) -> String {
    let mut encoder = WholeEncoder::new(asked(false));
    frames.iter().for_each(|frame| encoder.push(frame));
    String::from_utf8(encoder.finish(&receipt()).to_vec()).unwrap()
}

fn said() -> Vec<Frame> {
    let call = Event::ToolCallStart { choice: 0, index: 0, id: "call_1".into(), name: "f".into() };
    let arguments =
        |fragment: &str| Event::ToolCallArguments { choice: 0, index: 0, fragment: fragment.into() };
    vec![
        frame([Event::Thinking { choice: 0, text: "hm".into() }]),
        frame([text(0, "Hel")]),
        frame([text(0, "lo"), call, arguments("{\"n\":1")]),
        frame([arguments(".50}"), Event::Finish { choice: 0, reason: FinishReason::ToolCalls }]),
        frame([Event::End]),
    ]
}

#[test]
fn another_upstreams_answer_becomes_responses() {
    let stream = written(false, &said());
    assert!(stream.contains(r#""args":{"n":1.50}"#), "numbers keep their digits: {stream}");
    let events = events(&stream);
    let part = |at: usize| events[at]["candidates"][0]["content"]["parts"][0].clone();
    assert_eq!(part(0), json!({ "text": "hm", "thought": true }));
    assert_eq!((part(1), part(2)), (json!({ "text": "Hel" }), json!({ "text": "lo" })));
    assert_eq!(part(3)["functionCall"]["name"], "f", "a call comes whole, and once");
    let last = events.last().unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    let usage = &last["usageMetadata"];
    assert_eq!(
        (&usage["promptTokenCount"], &usage["candidatesTokenCount"], &usage["totalTokenCount"]),
        (&json!(8), &json!(2), &json!(10))
    );
    assert_eq!(usage["aigneHubCredits"].to_string(), "0.000016");
    assert!(events[..events.len() - 1].iter().all(|event| event["usageMetadata"].is_null()));
}

#[test]
fn a_stream_may_be_one_array() {
    let all: Vec<Value> = serde_json::from_str(&written(true, &said())).unwrap();
    assert_eq!(all.len(), 5);
    let empty: Vec<Value> = serde_json::from_str(&written(true, &[])).unwrap();
    assert_eq!(empty[0]["usageMetadata"]["modelCallId"], style().call.to_string());
}

#[test]
fn an_upstreams_own_responses_pass_and_the_last_shows_the_cost() {
    let events = events(&written(false, &frames(STREAM)));
    assert_eq!(events.len(), 3);
    assert_eq!(events[1]["candidates"][0]["content"]["parts"][1]["thoughtSignature"], "c2ln", "seals pass");
    assert!(events[0]["usageMetadata"].is_null(), "numbers that nothing was charged by are not shown");
    assert_eq!(events[2]["candidates"][0]["finishReason"], "STOP");
    assert_eq!(events[2]["usageMetadata"]["modelCallId"], style().call.to_string());
}

#[test]
fn an_upstreams_own_whole_response_is_kept() {
    let own = r#"{"candidates":[{"content":{"parts":[{"text":"Hi","new":1}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":2,"totalTokenCount":10,"trafficType":"x"},"new":1.50}"#;
    let text = whole(&[decode_whole(Bytes::from_static(own.as_bytes())).unwrap()]);
    let usage = format!(r#""trafficType":"x","modelCallId":"{}","aigneHubCredits":0.000016}}"#, style().call);
    assert_eq!(text, own.replace(r#""trafficType":"x"}"#, &usage));
}

#[test]
fn a_whole_response_is_put_together() {
    let answer: Value = serde_json::from_str(&whole(&said())).unwrap();
    let candidate = &answer["candidates"][0];
    assert_eq!(candidate["content"]["parts"][1], json!({ "text": "Hello" }));
    assert_eq!(candidate["content"]["parts"][2]["functionCall"]["args"], json!({ "n": 1.5 }));
    assert_eq!(
        (&candidate["finishReason"], &answer["usageMetadata"]["promptTokenCount"]),
        (&json!("STOP"), &json!(8))
    );
}

#[test]
fn an_answer_that_breaks_off_ends_with_an_error_that_clients_throw() {
    for json_array in [false, true] {
        let mut encoder = StreamEncoder::new(asked(json_array));
        let mut out = BytesMut::new();
        encoder.frame(&frame([text(0, "Hel")]), &mut out);
        encoder.failed(&CallError::Internal { detail: "x".into() }, &mut out);
        let text = std::str::from_utf8(&out).unwrap();
        let last = if json_array {
            serde_json::from_str::<Vec<Value>>(text).unwrap().pop().unwrap()
        } else {
            events(text).pop().unwrap()
        };
        assert_eq!((&last["error"]["code"], &last["error"]["status"]), (&json!(500), &json!("INTERNAL")));
    }
}

#[test]
fn the_clients_own_text_survives_but_for_the_limit() {
    let sent = |body: &'static str, limit| {
        let body = Bytes::from_static(body.as_bytes());
        let canonical = decode_generate(&body, "m", false).unwrap();
        let request = Request { source: Some(Source::of(Dialect::Gemini, body)), canonical };
        let target = UpstreamTarget { model: "m", output_limit: limit, thinking: ThinkingControl::None };
        String::from_utf8(encode_request(&request, &target).unwrap().body.to_vec()).unwrap()
    };
    let own = r#"{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"maxOutputTokens":100,"new":1.50},"tools":[{"googleSearch":{}}]}"#;
    assert_eq!(sent(own, Some(200)), own);
    assert_eq!(sent(own, Some(50)), own.replace("100", "50"));
    let odd = r#"{"contents":[{"parts":[{"text":"x"}]}],"generation_config":{"max_output_tokens":100}}"#;
    let rewritten: Value = serde_json::from_str(&sent(odd, Some(50))).unwrap();
    assert_eq!(rewritten["generationConfig"]["maxOutputTokens"], 50);
    assert!(rewritten["generation_config"].is_null());
}
