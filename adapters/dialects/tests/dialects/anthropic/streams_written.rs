//! What Anthropic clients get of a stream: an upstream's own bytes, or events that are made.

use bytes::BytesMut;
use hub_dialects::{AnswerStyle, StreamEncoder};
use hub_domain::error::{CallError, ProviderError, UpstreamClass};
use hub_domain::vocabulary::{Dialect, Event, FinishReason, Frame};
use serde_json::Value;

use super::streams_read::{STREAM, read};
use crate::stage::{frame, receipt, style, text};

fn asked() -> AnswerStyle {
    AnswerStyle { dialect: Dialect::Anthropic, ..style() }
}

fn written(frames: &[Frame]) -> String {
    let mut encoder = StreamEncoder::new(asked());
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(&receipt(), &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

/// The events by name, each with its JSON; the name is the JSON's type.
fn parsed(stream: &str) -> Vec<Value> {
    stream
        .split_terminator("\n\n")
        .map(|event| {
            let (name, data) = event.split_once('\n').unwrap();
            let json: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(json["type"], name.strip_prefix("event: ").unwrap());
            json
        })
        .collect()
}

fn call(index: u32) -> Event {
    Event::ToolCallStart { choice: 0, index, id: format!("call_{index}"), name: "f".into() }
}

fn arguments(index: u32, fragment: &str) -> Event {
    Event::ToolCallArguments { choice: 0, index, fragment: fragment.into() }
}

fn finish(reason: FinishReason) -> [Event; 2] {
    [Event::Finish { choice: 0, reason }, Event::End]
}

/// Blocks as a client puts them together, checked for what its SDK relies on.
fn blocks(events: &[Value]) -> Vec<(Value, String)> {
    let mut blocks: Vec<(Value, String)> = Vec::new();
    let mut open = None;
    for event in events {
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(open, None, "blocks don't overlap");
                assert_eq!(event["index"], blocks.len(), "places are counted");
                open = Some(blocks.len());
                blocks.push((event["content_block"].clone(), String::new()));
            }
            "content_block_delta" => {
                assert_eq!(event["index"].as_u64(), open.map(|open| open as u64));
                let delta = event["delta"].as_object().unwrap();
                let said = delta.iter().find(|(key, _)| *key != "type").unwrap().1.as_str().unwrap();
                blocks.last_mut().unwrap().1.push_str(said);
            }
            "content_block_stop" => {
                assert_eq!(event["index"].as_u64(), open.take().map(|open| open as u64));
            }
            _ => {}
        }
    }
    assert_eq!(open, None, "the last block is closed");
    blocks
}

#[test]
fn an_upstreams_own_events_pass_and_the_last_usage_shows_the_cost() {
    let stream = written(&read(&[STREAM.as_bytes()]).0);
    let delta = stream.find("event: message_delta").unwrap();
    let own = STREAM.replace("event: ping\ndata: {\"type\": \"ping\"}\n\n", "");
    assert_eq!(stream[..delta], own[..own.find("event: message_delta").unwrap()], "byte for byte");
    let events = parsed(&stream);
    let [.., delta, stop] = &events[..] else { panic!("{events:?}") };
    assert_eq!(delta["delta"]["stop_reason"], "tool_use");
    assert_eq!(delta["usage"]["aigneHubCredits"].to_string(), "0.000016");
    assert_eq!(delta["usage"]["modelCallId"], style().call.to_string());
    assert_eq!(stop["type"], "message_stop");
}

#[test]
fn another_upstreams_answer_becomes_blocks() {
    let stream = written(&[
        frame([Event::Start { id: "chatcmpl-1".into(), model: "gpt".into(), created: None }]),
        frame([Event::Thinking { choice: 0, text: "hm".into() }]),
        frame([text(0, "Hel")]),
        frame([text(0, "lo")]),
        frame([call(0), arguments(0, "{\"a\":")]),
        frame([arguments(0, "1}")]),
        frame([call(1), arguments(1, "{}")]),
        frame(finish(FinishReason::ToolCalls)),
    ]);
    let events = parsed(&stream);
    let start = &events[0]["message"];
    assert_eq!((&start["role"], &start["model"]), (&"assistant".into(), &"openai/gpt-5-mini".into()));
    assert!(start["id"].as_str().unwrap().starts_with("msg_"));
    let blocks = blocks(&events);
    let kinds: Vec<_> =
        blocks.iter().map(|(block, said)| (block["type"].as_str().unwrap(), said.as_str())).collect();
    assert_eq!(kinds, [("thinking", "hm"), ("text", "Hello"), ("tool_use", "{\"a\":1}"), ("tool_use", "{}")]);
    assert_eq!((&blocks[3].0["id"], &blocks[3].0["input"]), (&"call_1".into(), &serde_json::json!({})));
    let delta = &events[events.len() - 2];
    assert_eq!(delta["delta"]["stop_reason"], "tool_use");
    assert_eq!((&delta["usage"]["input_tokens"], &delta["usage"]["output_tokens"]), (&8.into(), &2.into()));
}

#[test]
fn calls_whose_arguments_come_mixed_are_written_one_after_the_other() {
    let stream = written(&[
        frame([call(0), call(1)]),
        frame([arguments(0, "{\"a\":"), arguments(1, "{\"b\":")]),
        frame([arguments(1, "2}"), arguments(0, "1}")]),
        frame(finish(FinishReason::ToolCalls)),
    ]);
    let blocks = blocks(&parsed(&stream));
    let said: Vec<_> =
        blocks.iter().map(|(block, said)| (block["id"].as_str().unwrap(), said.as_str())).collect();
    assert_eq!(said, [("call_0", "{\"a\":1}"), ("call_1", "{\"b\":2}")]);
}

#[test]
fn a_whole_answer_becomes_a_stream() {
    let own = r#"{"id":"msg_1","model":"c","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":8,"output_tokens":2}}"#;
    let whole = hub_dialects::anthropic::decode_whole(own.into()).unwrap();
    let events = parsed(&written(&[whole]));
    assert_eq!(blocks(&events)[0].1, "Hi");
    assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "end_turn");
}

#[test]
fn an_empty_answer_is_a_message_all_the_same() {
    let events = parsed(&written(&[frame(finish(FinishReason::Length))]));
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["message_start", "message_delta", "message_stop"]);
    assert_eq!(events[1]["delta"]["stop_reason"], "max_tokens");
}

#[test]
fn an_answer_that_breaks_off_ends_with_an_error_event() {
    let mut encoder = StreamEncoder::new(asked());
    let mut out = BytesMut::new();
    encoder.frame(&frame([text(0, "Hel")]), &mut out);
    let error = ProviderError {
        class: UpstreamClass::Overloaded,
        status: None,
        code: None,
        param: None,
        message: "busy".into(),
        retry_after: None,
        maybe_executed: true,
    };
    encoder.failed(&CallError::Upstream(error), &mut out);
    let events = parsed(std::str::from_utf8(&out).unwrap());
    assert_eq!(events.last().unwrap()["error"]["type"], "overloaded_error");
    assert_eq!(encoder.keep_alive(), Some("event: ping\ndata: {\"type\": \"ping\"}\n\n"));
}
