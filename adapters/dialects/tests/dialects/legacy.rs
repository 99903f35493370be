//! The older dialect of `chat/completions`: requests into the vocabulary, and its own streams.

use bytes::{Bytes, BytesMut};
use hub_dialects::{AnswerStyle, StreamEncoder, legacy};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, Dialect, Event, FinishReason, Frame, ImageSource, OutputFormat, Part, ToolChoice,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::{frame, receipt, style, text};

fn decode(body: &Value) -> Result<ChatRequest, CallError> {
    match legacy::decode_chat(&Bytes::from(body.to_string()), false)? {
        Canonical::Chat(chat) => Ok(chat),
        other => panic!("{other:?}"),
    }
}

fn with(member: &str, value: Value) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": "hi" }] });
    body[member] = value;
    body
}

fn param(body: &Value) -> String {
    match decode(body).unwrap_err() {
        CallError::InvalidRequest { param, .. } => param.unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_prompt_is_one_message_of_the_user() {
    let chat = decode(&json!({ "prompt": "Say hi", "model": "" })).unwrap();
    assert_eq!(chat.model, "openai/gpt-5-mini");
    assert_eq!(chat.messages[0].parts, [Part::Text("Say hi".into())]);
    assert_eq!(param(&with("prompt", json!("again"))), "prompt");
    assert_eq!(param(&json!({ "prompt": "" })), "messages");
}

#[test]
fn numbers_may_be_texts_and_what_is_empty_is_absent() {
    let chat = decode(&json!({
        "prompt": "x", "temperature": "0.7", "topP": 0.5, "maxTokens": "12", "presencePenalty": "", "frequencyPenalty": null,
    }))
    .unwrap();
    assert_eq!(chat.sampling.temperature.as_deref(), Some("0.7"));
    assert_eq!((chat.sampling.top_p.as_deref(), chat.max_output_tokens), (Some("0.5"), Some(12)));
    assert_eq!((chat.sampling.presence_penalty, chat.sampling.frequency_penalty), (None, None));
}

#[test]
fn a_conversation_in_camel_case_is_understood() {
    let call = json!({ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let chat = decode(&json!({ "messages": [
        { "role": "system", "content": null },
        { "role": "user", "content": [
            { "type": "text", "text": "t" },
            { "type": "image_url", "imageUrl": { "url": "https://x.test/a.png" } }] },
        { "role": "assistant", "toolCalls": [call] },
        { "role": "tool", "toolCallId": "c", "content": "12 C" },
    ], "tools": [{ "type": "function", "function": { "name": "f" } }], "toolChoice": "required" }))
    .unwrap();
    let image = ImageSource::Url("https://x.test/a.png".into());
    assert_eq!(chat.messages[1].parts[1], Part::Image { source: image, detail: None });
    assert!(matches!(&chat.messages[2].parts[..], [Part::ToolCall { id, .. }] if id == "c"));
    assert!(matches!(&chat.messages[3].parts[..], [Part::ToolResult { call_id, .. }] if call_id == "c"));
    assert_eq!(chat.tool_choice, Some(ToolChoice::Required));
}

#[test]
fn only_a_schema_has_an_effect_on_the_answers_form() {
    let schema =
        json!({ "type": "json_schema", "jsonSchema": { "name": "o", "schema": { "type": "object" } } });
    let output = |format: Value| decode(&with("responseFormat", format)).unwrap().output;
    assert!(matches!(output(schema), OutputFormat::JsonSchema { .. }));
    assert_eq!(output(json!({ "type": "json_object" })), OutputFormat::Text);
}

#[test]
fn a_fault_is_told_in_the_names_that_the_client_used() {
    assert_eq!(param(&with("topP", json!(7))), "topP");
    assert_eq!(param(&with("maxTokens", json!("many"))), "maxTokens");
    assert_eq!(param(&with("toolChoice", json!("maybe"))), "toolChoice");
    assert_eq!(param(&json!({ "messages": [{ "role": "tool", "content": "x" }] })), "messages[0].toolCallId");
    assert_eq!(param(&json!({ "messages": [{ "role": "developer", "content": "x" }] })), "messages[0].role");
    let image = json!([{ "type": "image_url", "imageUrl": {} }]);
    let body = json!({ "messages": [{ "role": "user", "content": image }] });
    assert_eq!(param(&body), "messages[0].content[0].imageUrl.url");
    let schema = json!({ "type": "json_schema", "jsonSchema": { "schema": {} } });
    assert_eq!(param(&with("responseFormat", schema)), "responseFormat.jsonSchema.name");
}

#[test]
fn a_stream_is_asked_for_by_the_body_or_by_the_header() {
    assert!(!decode(&json!({ "prompt": "x" })).unwrap().stream);
    assert!(decode(&json!({ "prompt": "x", "stream": "true" })).unwrap().stream);
    let accepted = legacy::decode_chat(&Bytes::from_static(b"{\"prompt\":\"x\"}"), true).unwrap();
    assert!(accepted.is_stream());
}

fn said() -> Vec<Frame> {
    let call = |index, id: &str| Event::ToolCallStart { choice: 0, index, id: id.into(), name: "f".into() };
    let arguments =
        |index, fragment: &str| Event::ToolCallArguments { choice: 0, index, fragment: fragment.into() };
    vec![
        frame([text(0, "Hel"), Event::Thinking { choice: 0, text: "hm".into() }]),
        frame([text(0, "lo"), call(0, "c1"), call(1, "c2"), arguments(1, "{}"), arguments(0, "{\"a\"")]),
        frame([
            arguments(0, ":1}"),
            Event::Finish { choice: 0, reason: FinishReason::ToolCalls },
            Event::End,
        ]),
    ]
}

fn written(plain_text: bool) -> String {
    let mut encoder = StreamEncoder::new(AnswerStyle { dialect: Dialect::Legacy, plain_text, ..style() });
    let mut out = BytesMut::new();
    said().iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(&receipt(), &mut out);
    assert_eq!(encoder.keep_alive().is_some(), !plain_text);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn each_piece_of_content_and_each_call_is_told_exactly_once() {
    let stream = written(false);
    let json = |event: &str| serde_json::from_str::<Value>(event.strip_prefix("data: ").unwrap()).unwrap();
    let events: Vec<_> = stream.strip_suffix("\n\n").unwrap().split("\n\n").map(json).collect();
    let content: String = events.iter().filter_map(|event| event["delta"]["content"].as_str()).collect();
    assert_eq!(content, "Hello");
    assert_eq!(events[0], json!({ "delta": { "role": "assistant", "content": "Hel", "toolCalls": [] } }));
    let calls: Vec<_> =
        events.iter().filter_map(|event| event["delta"]["toolCalls"].as_array()).flatten().collect();
    let arguments: Vec<_> = calls.iter().map(|call| (&call["id"], &call["function"]["arguments"])).collect();
    assert_eq!(arguments, [(&json!("c1"), &json!("{\"a\":1}")), (&json!("c2"), &json!("{}"))]);
    let usage = &events.last().unwrap()["usage"];
    assert_eq!(
        (&usage["promptTokens"], &usage["completionTokens"], &usage["totalTokens"]),
        (&json!(8), &json!(2), &json!(10))
    );
    assert_eq!(usage["aigneHubCredits"].to_string(), "0.000016");
}

#[test]
fn a_stream_of_text_is_nothing_but_the_text() {
    assert_eq!(written(true), "Hello");
}

#[test]
fn a_break_is_told_in_each_form() {
    let error = CallError::ModelNotFound { model: "x".into() };
    for (plain_text, begins) in
        [(true, "ERROR: the model"), (false, "data: {\"error\":{\"message\":\"the model")]
    {
        let mut encoder = StreamEncoder::new(AnswerStyle { dialect: Dialect::Legacy, plain_text, ..style() });
        let mut out = BytesMut::new();
        encoder.failed(&error, &mut out);
        assert!(out.starts_with(begins.as_bytes()), "{out:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..256), accepts_events: bool) {
        let _ = legacy::decode_chat(&Bytes::from(bytes), accepts_events);
    }
}
