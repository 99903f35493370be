//! Seals of thoughts go through clients of another dialect and come back to who made them, and to nobody else.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bytes::{Bytes, BytesMut};
use hub_dialects::anthropic::{self, Purpose, decode_messages};
use hub_dialects::gemini::{self, ThinkingControl, decode_generate};
use hub_dialects::{AnswerStyle, StreamEncoder, WholeEncoder};
use hub_domain::vocabulary::{Canonical, Dialect, Event, FinishReason, Frame, Part, Request, Source};
use serde_json::{Value, json};

use crate::gemini::answers;
use crate::stage::{frame, receipt, style};

fn streamed(dialect: Dialect, frames: &[Frame]) -> String {
    let mut encoder = StreamEncoder::new(AnswerStyle { dialect, ..style() });
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(&receipt(), &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

fn whole(dialect: Dialect, frames: &[Frame]) -> Value {
    let mut encoder = WholeEncoder::new(AnswerStyle { dialect, ..style() });
    frames.iter().for_each(|frame| encoder.push(frame));
    serde_json::from_slice(&encoder.finish(&receipt())).unwrap()
}

/// What Gemini is sent of a conversation in Anthropic's dialect.
fn to_gemini(body: &Value) -> Value {
    let body = Bytes::from(body.to_string());
    let canonical = decode_messages(&body, Purpose::Answer).unwrap();
    let request = Request { source: Some(Source::of(Dialect::Anthropic, body)), canonical };
    let target = gemini::UpstreamTarget { model: "m", output_limit: None, thinking: ThinkingControl::None };
    serde_json::from_slice(&gemini::encode_request(&request, &target).unwrap().body).unwrap()
}

#[test]
fn geminis_seal_goes_through_an_anthropic_client_and_back_to_its_call() {
    let answer = whole(Dialect::Anthropic, &answers::frames(answers::STREAM));
    let content = answer["content"].as_array().unwrap();
    let sealed =
        content.iter().find(|block| block["type"] == "thinking" && block["signature"] != "").unwrap();
    assert_ne!(sealed["signature"], "c2ln", "it is marked as Google's");
    assert!(streamed(Dialect::Anthropic, &answers::frames(answers::STREAM)).contains("signature_delta"));

    let calls = content.iter().filter(|block| block["type"] == "tool_use");
    let results: Vec<_> = calls
        .map(|call| json!({ "type": "tool_result", "tool_use_id": call["id"], "content": "sunny" }))
        .collect();
    let conversation = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "Weather?" },
        { "role": "assistant", "content": content },
        { "role": "user", "content": results },
    ] });
    let sent = to_gemini(&conversation);
    let parts = sent["contents"][1]["parts"].as_array().unwrap();
    let seals: Vec<_> = parts
        .iter()
        .filter(|part| part["functionCall"].is_object())
        .map(|part| part["thoughtSignature"].as_str())
        .collect();
    assert_eq!(seals, [Some("c2ln"), None], "on the first call and nowhere else");
}

#[test]
fn another_ones_seal_does_not_reach_gemini() {
    let thinking = json!({ "type": "thinking", "thinking": "hm", "signature": "anthropics" });
    let call = json!({ "type": "tool_use", "id": "toolu_1", "name": "f", "input": {} });
    let conversation = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "Weather?" },
        { "role": "assistant", "content": [thinking, call] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "toolu_1", "content": "x" }] },
    ] });
    let sent = to_gemini(&conversation).to_string();
    assert!(!sent.contains("anthropics") && sent.contains("skip_thought_signature_validator"), "{sent}");
}

fn thoughts() -> Vec<Frame> {
    let seal = |piece: &str| Event::ThinkingSignature { choice: 0, signature: piece.into() };
    vec![
        frame([Event::Thinking { choice: 0, text: "let ".into() }]),
        frame([Event::Thinking { choice: 0, text: "me".into() }]),
        frame([seal("sea"), seal("led==")]),
        frame([Event::RedactedThinking { choice: 0, data: "secret".into() }]),
        frame([Event::Text { choice: 0, text: "Hi".into() }]),
        frame([Event::Finish { choice: 0, reason: FinishReason::Stop }]),
        frame([Event::End]),
    ]
}

/// The parts of an answer as a Gemini client keeps them for its next request.
fn kept_by_a_client(stream: &str) -> Vec<Value> {
    let events = stream.split_terminator("\r\n\r\n").map(|block| block.strip_prefix("data: ").unwrap());
    let answers = events.map(|event| serde_json::from_str::<Value>(event).unwrap());
    answers
        .flat_map(|answer| {
            answer["candidates"][0]["content"]["parts"].as_array().cloned().unwrap_or_default()
        })
        .collect()
}

fn read_again(parts: &[Value]) -> Vec<Part> {
    let contents = json!([
        { "role": "user", "parts": [{ "text": "Hello" }] },
        { "role": "model", "parts": parts },
        { "role": "user", "parts": [{ "text": "Go on" }] },
    ]);
    let body = Bytes::from(json!({ "contents": contents }).to_string());
    let Canonical::Chat(chat) = decode_generate(&body, "m", false).unwrap() else { panic!("not a chat") };
    chat.messages[1].parts.clone()
}

#[test]
fn anthropics_seal_goes_through_a_gemini_client_and_back() {
    let mut parts = kept_by_a_client(&streamed(Dialect::Gemini, &thoughts()));
    let expected = [
        Part::Thinking { text: "let me".into(), signature: Some("sealed==".into()) },
        Part::RedactedThinking("secret".into()),
        Part::Text("Hi".into()),
    ];
    let read = read_again(&parts);
    assert_eq!(read[..3], expected, "{parts:?}");

    // Google's client writes bytes in the base64 of URLs.
    for part in &mut parts {
        if let Some(signature) = part["thoughtSignature"].as_str() {
            part["thoughtSignature"] = URL_SAFE.encode(STANDARD.decode(signature).unwrap()).into();
        }
    }
    assert_eq!(read_again(&parts)[..3], expected);
    let answer = whole(Dialect::Gemini, &thoughts());
    let parts = answer["candidates"][0]["content"]["parts"].as_array().unwrap().clone();
    assert_eq!(read_again(&parts), expected);
}

#[test]
fn a_seal_that_google_made_is_no_other_providers() {
    let read = read_again(&[json!({ "text": "hm", "thought": true, "thoughtSignature": "c2ln" })]);
    assert_eq!(read, [Part::Thinking { text: "hm".into(), signature: None }]);
}

#[test]
fn geminis_seal_does_not_reach_anthropic() {
    let sealed = whole(Dialect::Anthropic, &answers::frames(answers::STREAM));
    // As a client of another dialect would hand it on.
    let body = Bytes::from(
        json!({ "model": "m", "max_tokens": 9, "messages": [
            { "role": "user", "content": "Weather?" },
            { "role": "assistant", "content": sealed["content"] },
            { "role": "user", "content": "Go on" },
        ] })
        .to_string(),
    );
    let canonical = decode_messages(&body, Purpose::Answer).unwrap();
    let request = Request { source: None, canonical };
    let target = anthropic::UpstreamTarget {
        model: "m",
        output_limit: Some(9),
        generation: anthropic::Generation { budget: true, sampling: true, max_output_tokens: 9 },
    };
    let sent = anthropic::encode_request(&request, &target).unwrap();
    let sent = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(!sent.contains("hub.gemini"), "{sent}");
}
