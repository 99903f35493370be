//! What clients of Responses get from an upstream of Responses.

use bytes::BytesMut;
use hub_dialects::{AnswerStyle, StreamEncoder, WholeEncoder, responses};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Dialect, Frame, Receipt};
use serde_json::{Value, json};

use super::streams_read::{read, stream, told};
use crate::stage::{receipt, style};

fn asked() -> AnswerStyle {
    let echo = responses::echo(br#"{"model":"m","input":"x"}"#);
    AnswerStyle { dialect: Dialect::Responses, echo: Some(echo.into()), ..style() }
}

fn frames() -> Vec<Frame> {
    read(&[stream(&told()).as_bytes()]).0
}

fn json_of(event: &str) -> Value {
    serde_json::from_str(event.split_once("\ndata: ").unwrap().1).unwrap()
}

#[test]
fn every_event_but_the_last_goes_out_byte_for_byte() {
    let mut encoder = StreamEncoder::new(asked());
    let mut out = BytesMut::new();
    frames().iter().for_each(|frame| encoder.frame(frame, &mut out));
    let sent = stream(&told());
    let last = sent.rfind("event: response.completed").unwrap();
    assert_eq!(std::str::from_utf8(&out).unwrap(), &sent[..last], "the last one waits for its price");
    encoder.settled(&receipt(), &mut out);
    let written = std::str::from_utf8(&out).unwrap()[last..].trim_end();
    assert!(written.starts_with("event: response.completed\ndata: "));
    let (mut written, mut sent) = (json_of(written), json_of(sent[last..].trim_end()));
    let usage = written["response"]["usage"].take();
    sent["response"]["usage"].take();
    assert_eq!(written, sent);
    assert_eq!(usage["modelCallId"], style().call.to_string());
    assert_eq!(usage["aigneHubCredits"].to_string(), "0.000016");
}

#[test]
fn what_was_charged_is_shown_with_the_upstreams_own_words_on_it() {
    let frames = frames();
    let usage = frames.iter().flat_map(|frame| &frame.events).find_map(|event| match event {
        hub_domain::vocabulary::Event::Usage(usage) => Some(*usage),
        _ => None,
    });
    let receipt = Receipt { usage: usage.unwrap(), ..receipt() };
    let mut encoder = WholeEncoder::new(asked());
    frames.iter().for_each(|frame| encoder.push(frame));
    let whole: Value = serde_json::from_slice(&encoder.finish(&receipt)).unwrap();
    assert_eq!(whole["usage"]["new"], 2, "a member that nobody here knows stays");
    assert_eq!(whole["usage"]["input_tokens_details"]["cached_tokens"], 60);
    assert_eq!((&whole["id"], &whole["new"]), (&json!("resp_1"), &json!(1)));
}

#[test]
fn an_answer_that_broke_off_fails_as_the_response_that_it_was() {
    let mut encoder = StreamEncoder::new(asked());
    let mut out = BytesMut::new();
    frames()[..13].iter().for_each(|frame| encoder.frame(frame, &mut out));
    out.clear();
    encoder.failed(&CallError::Internal { detail: "secret".into() }, &mut out);
    let text = std::str::from_utf8(&out).unwrap();
    assert!(text.starts_with("event: response.failed\n") && !text.contains("secret"));
    let failed = json_of(text.trim_end());
    assert_eq!((&failed["type"], &failed["sequence_number"]), (&json!("response.failed"), &json!(13)));
    let response = &failed["response"];
    assert_eq!(
        (&response["id"], &response["status"], &response["error"]["code"]),
        (&json!("resp_1"), &json!("failed"), &json!("server_error"))
    );
}

#[test]
fn a_whole_answer_in_place_of_a_stream_is_streamed() {
    let whole = told().last().unwrap()["response"].to_string();
    let (frames, error) = read(&[whole.as_bytes()]);
    assert_eq!(error, None);
    let mut encoder = StreamEncoder::new(asked());
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(&receipt(), &mut out);
    let text = std::str::from_utf8(&out).unwrap();
    assert!(text.starts_with("event: response.created\n"), "{text}");
    let last = json_of(text.trim_end().rsplit_once("\n\n").unwrap().1);
    assert_eq!(last["response"]["output"][1]["content"][0]["text"], "Let me");
    assert_eq!(last["response"]["output"][0]["encrypted_content"], "gAAA=", "its own seal has no mark");
}
