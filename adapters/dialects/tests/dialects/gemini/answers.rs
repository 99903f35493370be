//! What Gemini's answers mean, wherever their bytes are cut.

use std::collections::VecDeque;

use bytes::Bytes;
use hub_dialects::gemini::{StreamDecoder, decode_whole};
use hub_domain::error::UpstreamClass;
use hub_domain::meter::Meter;
use hub_domain::vocabulary::{Event, FinishReason, Frame};
use proptest::prelude::*;

pub const STREAM: &str = concat!(
    "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hm \u{1f914}\",\"thought\":true}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":10,\"totalTokenCount\":10},\"modelVersion\":\"gemini-x\",\"responseId\":\"r1\"}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Let me\"},{\"functionCall\":{\"name\":\"weather\",\"args\":{\"city\":\"Bern\",\"n\":1.50}},\"thoughtSignature\":\"c2ln\"},{\"functionCall\":{\"id\":\"own\",\"name\":\"now\"}}]},\"index\":0}]}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":7,\"thoughtsTokenCount\":3,\"totalTokenCount\":20}}\r\n\r\n",
);

fn read(pieces: &[&[u8]]) -> (Vec<Event>, Option<UpstreamClass>) {
    let mut decoder = StreamDecoder::new();
    let mut frames: VecDeque<Frame> = VecDeque::new();
    for piece in pieces {
        if let Err(error) = decoder.push(Bytes::copy_from_slice(piece), &mut frames) {
            return (events(frames), Some(error.class));
        }
    }
    let error = decoder.finish(&mut frames).err();
    (events(frames), error.map(|error| error.class))
}

/// The frames of a stream that comes in one piece.
pub fn frames(stream: &str) -> Vec<Frame> {
    let mut decoder = StreamDecoder::new();
    let mut frames = VecDeque::new();
    decoder.push(Bytes::copy_from_slice(stream.as_bytes()), &mut frames).unwrap();
    decoder.finish(&mut frames).unwrap();
    frames.into()
}

fn events(frames: VecDeque<Frame>) -> Vec<Event> {
    frames.into_iter().flat_map(|frame| frame.events).collect()
}

#[test]
fn everything_that_a_stream_says_is_understood() {
    let (events, error) = read(&[STREAM.as_bytes()]);
    assert_eq!(error, None);
    let choice = 0;
    let call = |index, id: &str, name: &str| Event::ToolCallStart {
        choice,
        index,
        id: id.into(),
        name: name.into(),
    };
    let arguments =
        |index, fragment: &str| Event::ToolCallArguments { choice, index, fragment: fragment.into() };
    let said: Vec<_> = events.iter().filter(|event| !matches!(event, Event::Usage(_))).cloned().collect();
    assert_eq!(
        said,
        [
            Event::Start { id: "r1".into(), model: "gemini-x".into(), created: None },
            Event::Thinking { choice, text: "Hm \u{1f914}".into() },
            Event::Text { choice, text: "Let me".into() },
            // Marked, so that nobody but Google gets it back.
            Event::ThinkingSignature { choice, signature: "hub.gemini.c2ln".into() },
            call(0, "call_r1_0_0", "weather"),
            arguments(0, r#"{"city":"Bern","n":1.50}"#),
            call(1, "own", "now"),
            arguments(1, "{}"),
            Event::Finish { choice, reason: FinishReason::ToolCalls },
            Event::End,
        ]
    );
    let Some(Event::Usage(usage)) = events.iter().rev().find(|event| matches!(event, Event::Usage(_))) else {
        panic!("no usage");
    };
    let of = |meter| usage.quantities.get(meter);
    assert_eq!((of(Meter::Input), of(Meter::Output), of(Meter::OutputReasoning)), (10, 7, 3));
}

#[test]
fn a_stream_without_a_finish_is_not_whole() {
    let cut = STREAM.rfind("data:").unwrap();
    assert!(!read(&[&STREAM.as_bytes()[..cut]]).0.contains(&Event::End));
}

#[test]
fn a_blocked_prompt_ends_filtered_and_is_paid() {
    let body = r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":30,"totalTokenCount":30}}"#;
    let frame = decode_whole(Bytes::from_static(body.as_bytes())).unwrap();
    assert!(frame.events.contains(&Event::Finish { choice: 0, reason: FinishReason::ContentFilter }));
    assert!(
        frame
            .events
            .iter()
            .any(|event| matches!(event, Event::Usage(usage) if usage.quantities.input_tokens() == 30))
    );
    assert_eq!(frame.events.last(), Some(&Event::End));
}

#[test]
fn finish_reasons_are_told_apart() {
    for (reason, finish) in [
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("SAFETY", FinishReason::ContentFilter),
        ("IMAGE_SAFETY", FinishReason::ContentFilter),
        ("CONTINUATION", FinishReason::Paused),
        ("MALFORMED_FUNCTION_CALL", FinishReason::Other("malformed_function_call".into())),
    ] {
        let body = format!(r#"{{"candidates":[{{"finishReason":"{reason}"}}]}}"#);
        let frame = decode_whole(Bytes::from(body)).unwrap();
        assert!(frame.events.contains(&Event::Finish { choice: 0, reason: finish }), "{reason}");
    }
}

#[test]
fn errors_in_the_stream_have_their_class() {
    for (code, status, class) in [
        (429, "RESOURCE_EXHAUSTED", UpstreamClass::RateLimited),
        (503, "UNAVAILABLE", UpstreamClass::Overloaded),
        (500, "INTERNAL", UpstreamClass::Server),
    ] {
        let event =
            format!("data: {{\"error\":{{\"code\":{code},\"message\":\"no\",\"status\":\"{status}\"}}}}\n\n");
        assert_eq!(read(&[event.as_bytes()]).1, Some(class), "{status}");
    }
}

#[test]
fn a_stream_cut_at_every_byte_is_the_same() {
    let whole = read(&[STREAM.as_bytes()]).0;
    for cut in 0..STREAM.len() {
        let (first, second) = STREAM.as_bytes().split_at(cut);
        assert_eq!(read(&[first, second]).0, whole, "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn no_answer_panics(body in "\\PC{0,120}") {
        let _ = decode_whole(Bytes::from(body.clone()));
        let _ = read(&[format!("data: {body}\n\n").as_bytes()]);
    }

    #[test]
    fn no_structure_panics(candidate in prop::sample::select(vec![
        "null", "[]", "[{}]", "[{\"index\":-1}]", "[{\"content\":{\"parts\":[{}]}}]", "[{\"content\":{\"parts\":[{\"functionCall\":{}}]}}]",
        "[{\"finishReason\":\"NEW\"},{\"index\":0}]",
    ])) {
        let body = format!("{{\"candidates\":{candidate}}}");
        let _ = decode_whole(Bytes::from(body.clone()));
        let _ = read(&[format!("data: {body}\n\n").as_bytes()]);
    }
}
