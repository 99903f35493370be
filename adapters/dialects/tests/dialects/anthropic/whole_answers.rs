//! Answers in one piece, for clients of either dialect.

use bytes::Bytes;
use hub_dialects::anthropic::decode_whole;
use hub_dialects::{AnswerStyle, WholeEncoder};
use hub_domain::vocabulary::{Dialect, Event, FinishReason, Frame};
use serde_json::{Value, json};

use crate::stage::{frame, receipt, style, text};

const OWN: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Hi"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1.50}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":8,"output_tokens":2,"service_tier":"priority"},"new":1.50}"#;

fn written(dialect: Dialect, frames: &[Frame]) -> String {
    let mut encoder = WholeEncoder::new(AnswerStyle { dialect, ..style() });
    frames.iter().for_each(|frame| encoder.push(frame));
    String::from_utf8(encoder.finish(&receipt()).to_vec()).unwrap()
}

#[test]
fn an_upstreams_own_message_is_kept_with_all_that_nobody_here_knows() {
    let text = written(Dialect::Anthropic, &[decode_whole(Bytes::from_static(OWN.as_bytes())).unwrap()]);
    let usage = format!(
        r#""usage":{{"input_tokens":8,"output_tokens":2,"service_tier":"priority","modelCallId":"{}","aigneHubCredits":0.000016}}"#,
        style().call
    );
    let expected =
        OWN.replace(r#""usage":{"input_tokens":8,"output_tokens":2,"service_tier":"priority"}"#, &usage);
    assert_eq!(text, expected);
}

#[test]
fn an_openai_client_gets_claudes_answer() {
    let text = written(Dialect::OpenAi, &[decode_whole(Bytes::from_static(OWN.as_bytes())).unwrap()]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(
        (&choice["message"]["content"], &choice["message"]["reasoning_content"]),
        (&json!("Hi"), &json!("hm"))
    );
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!((&call["id"], &call["function"]["arguments"]), (&json!("toolu_1"), &json!("{\"a\":1.50}")));
    assert_eq!(answer["usage"]["prompt_tokens"], 8);
}

#[test]
fn an_anthropic_client_gets_gpts_answer() {
    let call = Event::ToolCallStart { choice: 0, index: 0, id: "call_1".into(), name: "f".into() };
    let arguments =
        |fragment: &str| Event::ToolCallArguments { choice: 0, index: 0, fragment: fragment.into() };
    let finish = Event::Finish { choice: 0, reason: FinishReason::ToolCalls };
    let said = frame([
        text(0, "Hel"),
        text(0, "lo"),
        call,
        arguments("{\"n\":1"),
        arguments(".50}"),
        finish,
        Event::End,
    ]);
    let text = written(Dialect::Anthropic, &[said]);
    assert!(text.contains("\"input\":{\"n\":1.50}"), "numbers keep their digits: {text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&answer["type"], &answer["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!(answer["content"][0], json!({ "type": "text", "text": "Hello" }));
    assert_eq!(answer["content"][1]["type"], "tool_use");
    assert_eq!(answer["stop_reason"], "tool_use");
    assert_eq!(answer["usage"]["input_tokens"], 8);
}

#[test]
fn arguments_that_were_cut_are_shown_and_not_repaired() {
    let call = Event::ToolCallStart { choice: 0, index: 0, id: "c".into(), name: "f".into() };
    let arguments = Event::ToolCallArguments { choice: 0, index: 0, fragment: "{\"a\":".into() };
    let finish = Event::Finish { choice: 0, reason: FinishReason::Length };
    let text = written(Dialect::Anthropic, &[frame([call, arguments, finish, Event::End])]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&answer["content"][0]["input"], &answer["stop_reason"]),
        (&json!("{\"a\":"), &json!("max_tokens"))
    );
}
