//! What Anthropic's streams mean, wherever their bytes are cut.

use std::collections::VecDeque;

use bytes::Bytes;
use hub_dialects::anthropic::{StreamDecoder, decode_whole};
use hub_domain::error::UpstreamClass;
use hub_domain::meter::Meter;
use hub_domain::vocabulary::{Dialect, Event, FinishReason, Frame};
use proptest::prelude::*;

pub const STREAM: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm \u{1f914}\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"EqQB\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Let me\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"weather\",\"input\":{}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"city\\\":\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\\\"Bern\\\"}\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":3,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_2\",\"name\":\"now\",\"input\":{}}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":3}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":89,\"new\":1}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

pub fn read(pieces: &[&[u8]]) -> (Vec<Frame>, Option<UpstreamClass>) {
    let mut decoder = StreamDecoder::new();
    let mut frames = VecDeque::new();
    for piece in pieces {
        if let Err(error) = decoder.push(Bytes::copy_from_slice(piece), &mut frames) {
            return (frames.into(), Some(error.class));
        }
    }
    let error = decoder.finish(&mut frames).err();
    (frames.into(), error.map(|error| error.class))
}

fn events(frames: &[Frame]) -> Vec<Event> {
    frames.iter().flat_map(|frame| frame.events.iter().cloned()).collect()
}

#[test]
fn everything_that_a_stream_says_is_understood() {
    let (frames, error) = read(&[STREAM.as_bytes()]);
    assert_eq!(error, None);
    let events = events(&frames);
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
            Event::Start { id: "msg_1".into(), model: "claude-x".into(), created: None },
            Event::Thinking { choice, text: "Hm \u{1f914}".into() },
            Event::ThinkingSignature { choice, signature: "EqQB".into() },
            Event::Text { choice, text: "Let me".into() },
            call(0, "toolu_1", "weather"),
            arguments(0, "{\"city\":"),
            arguments(0, "\"Bern\"}"),
            call(1, "toolu_2", "now"),
            // A call without arguments says an empty object.
            arguments(1, "{}"),
            Event::Finish { choice, reason: FinishReason::ToolCalls },
            Event::End,
        ]
    );
    let usage = events.iter().rev().find_map(|event| match event {
        Event::Usage(usage) => Some(*usage),
        _ => None,
    });
    let usage = usage.unwrap().quantities;
    assert_eq!(
        (usage.get(Meter::Input), usage.get(Meter::InputCached), usage.get(Meter::Output)),
        (25, 5, 89),
        "the later report replaces what it names"
    );
    let raw = frames.iter().filter(|frame| matches!(frame.raw, Some((Dialect::Anthropic, _)))).count();
    assert_eq!(raw, 17, "each event but the ping is passed on as it came");
}

#[test]
fn a_stream_that_is_cut_is_not_whole() {
    let cut = STREAM.find("event: message_delta").unwrap();
    let (frames, _) = read(&[&STREAM.as_bytes()[..cut]]);
    assert!(!events(&frames).contains(&Event::End));
}

#[test]
fn a_stream_of_which_only_the_formal_end_is_missing_is_whole() {
    let end = STREAM.find("event: message_stop").unwrap();
    let (frames, error) = read(&[&STREAM.as_bytes()[..end]]);
    assert_eq!((events(&frames).last(), error), (Some(&Event::End), None));
}

#[test]
fn errors_in_the_stream_have_their_class() {
    for (kind, class) in [
        ("overloaded_error", UpstreamClass::Overloaded),
        ("rate_limit_error", UpstreamClass::RateLimited),
        ("api_error", UpstreamClass::Server),
        ("invalid_request_error", UpstreamClass::InvalidRequest),
        ("timeout_error", UpstreamClass::Timeout),
        ("permission_error", UpstreamClass::Permission),
        ("authentication_error", UpstreamClass::Authentication),
    ] {
        let event = format!(
            "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"no\"}}}}\n\n"
        );
        assert_eq!(read(&[event.as_bytes()]).1, Some(class), "{kind}");
    }
}

#[test]
fn stop_reasons_are_told_apart() {
    for (reason, finish) in [
        ("end_turn", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("refusal", FinishReason::Refusal),
        ("pause_turn", FinishReason::Paused),
        ("model_context_window_exceeded", FinishReason::ContextFull),
        ("brand_new", FinishReason::Other("brand_new".into())),
    ] {
        let body = format!(r#"{{"content":[{{"type":"text","text":"x"}}],"stop_reason":"{reason}"}}"#);
        let frame = decode_whole(Bytes::from(body)).unwrap();
        assert!(frame.events.contains(&Event::Finish { choice: 0, reason: finish }), "{reason}");
    }
    let body = r#"{"content":[],"stop_reason":"stop_sequence","stop_sequence":"END"}"#;
    let frame = decode_whole(Bytes::from(body)).unwrap();
    let finish = Event::Finish { choice: 0, reason: FinishReason::StopSequence("END".into()) };
    assert!(frame.events.contains(&finish));
}

proptest! {
    #[test]
    fn the_same_bytes_cut_anywhere_are_the_same_events(cuts in prop::collection::vec(0..STREAM.len(), 0..12)) {
        let bytes = STREAM.as_bytes();
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&bytes[from..cut]);
            from = cut;
        }
        pieces.push(&bytes[from..]);
        let whole = read(&[bytes]);
        let cut = read(&pieces);
        prop_assert_eq!(events(&cut.0), events(&whole.0));
        prop_assert_eq!(cut.1, None);
    }

    #[test]
    fn no_stream_panics(text in "(event: [a-z_]{0,12}\n)?data: \\PC{0,120}\n\n") {
        let _ = read(&[text.as_bytes()]);
    }

    #[test]
    fn no_event_panics(
        kind in prop::sample::select(vec!["message_start", "content_block_start", "content_block_delta",
            "content_block_stop", "message_delta", "message_stop", "new"]),
        rest in prop::sample::select(vec!["", ",\"index\":7", ",\"index\":\"x\"", ",\"delta\":{}", ",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"x\"}",
            ",\"content_block\":{\"type\":\"tool_use\"}", ",\"message\":{}", ",\"usage\":{\"output_tokens\":-1}"]),
    ) {
        let event = format!("data: {{\"type\":\"{kind}\"{rest}}}\n\n");
        let _ = read(&[event.as_bytes(), event.as_bytes()]);
    }
}

#[test]
fn a_stream_cut_at_every_byte_is_the_same() {
    let whole = events(&read(&[STREAM.as_bytes()]).0);
    for cut in 0..STREAM.len() {
        let (first, second) = STREAM.as_bytes().split_at(cut);
        assert_eq!(events(&read(&[first, second]).0), whole, "cut at {cut}");
    }
}
