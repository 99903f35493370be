//! Bytes that nobody sends in good faith: cut anywhere, and anything.

use bytes::{Bytes, BytesMut};
use hub_dialects::openai::{StreamEncoder, decode_error, decode_whole};
use hub_domain::vocabulary::{CallType, Frame};
use proptest::prelude::*;

use crate::stage::{chunk, decode, receipt, sse, style, whole};

type Told = (Vec<(Option<Bytes>, String)>, Option<String>);

fn told(pieces: &[&[u8]]) -> Told {
    let (frames, result) = decode(pieces);
    let told = |frame: Frame| (frame.raw.map(|(_, raw)| raw), format!("{:?}", frame.events));
    (frames.into_iter().map(told).collect(), result.err().map(|error| format!("{error:?}")))
}

/// An answer with everything in it.
fn recorded() -> String {
    let mut stream = String::from("\u{feff}: hello\r\n\r\n");
    stream.push_str(&sse(&[
        &chunk(r#"{"role":"assistant","content":""}"#, ""),
        &chunk(r#"{"reasoning_content":"hm é 😀"}"#, ""),
        &chunk(r#"{"content":"Hi \ud83d\ude00"}"#, ""),
        &chunk(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_","arguments":""}}]}"#, ""),
        &chunk(r#"{"tool_calls":[{"index":0,"function":{"name":"it","arguments":""}}]}"#, ""),
        &chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]}"#, ""),
        &chunk("{}", "tool_calls"),
    ]));
    stream.push_str("data: {\"id\":\"chatcmpl-1\",\r\ndata: \"choices\":[],\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":2}}\r\n\r\n");
    stream.push_str("data: [DONE]\n\n");
    stream
}

#[test]
fn a_recorded_answer_is_the_same_in_single_bytes() {
    let stream = recorded();
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    let told_at_once = told(&[stream.as_bytes()]);
    assert_eq!(told(&bytes), told_at_once);
    assert_eq!(told_at_once.1, None);
    for cut in 0..stream.len() {
        let (head, tail) = stream.as_bytes().split_at(cut);
        assert_eq!(told(&[head, tail]), told_at_once, "cut at {cut}");
    }
}

#[test]
fn blanks_before_anything_may_be_cut_too() {
    for body in ["\n\n \n{\"id\":\"c\",\"choices\":[]}", "\n\r\n\ndata: {\"choices\":[]}\n\n", " data: x\n\n"]
    {
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        assert_eq!(told(&bytes), told(&[body.as_bytes()]), "{body:?}");
    }
}

#[test]
fn a_recorded_answer_that_ends_anywhere_is_no_panic_and_no_false_end() {
    let stream = recorded();
    let finish = stream.find("\"tool_calls\"}").unwrap();
    for end in 0..stream.len() {
        let (frames, _) = decode(&[&stream.as_bytes()[..end]]);
        let is_whole = frames.last().is_some_and(|frame| format!("{:?}", frame.events).contains("End"));
        assert!(!is_whole || end > finish, "{end}");
    }
}

/// Everything that is done with an answer, on bytes that may be anything.
fn survive(bytes: &[u8]) {
    let (frames, _) = decode(&[bytes]);
    let mut encoder = StreamEncoder::new(style());
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(&receipt(), &mut out);
    whole(style(), &frames, &receipt());
    for call_type in [CallType::ChatCompletion, CallType::Embedding] {
        if let Ok(frame) = decode_whole(Bytes::copy_from_slice(bytes), call_type) {
            whole(hub_dialects::AnswerStyle { call_type, ..style() }, &[frame], &receipt());
        }
    }
    decode_error(500, None, bytes);
}

#[test]
fn deep_nesting_is_survived() {
    for open in ["[", "{\"a\":", "{\"choices\":[", "{\"choices\":[{\"delta\":{\"content\":["] {
        let deep = open.repeat(50_000);
        survive(format!("data: {deep}\n\n").as_bytes());
        survive(deep.as_bytes());
        let unknown = format!("{{\"x\":{}{},\"choices\":[]}}", "[".repeat(50_000), "]".repeat(50_000));
        survive(format!("data: {unknown}\n\n").as_bytes());
        survive(unknown.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survive(&bytes);
    }

    #[test]
    fn a_changed_answer_is_survived_and_cuts_change_nothing(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut stream = recorded().into_bytes();
        for (at, byte) in changes {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        survive(&stream);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&stream[from..cut]);
            from = cut;
        }
        pieces.push(&stream[from..]);
        prop_assert_eq!(told(&pieces), told(&[&stream]));
    }

    #[test]
    fn a_changed_whole_answer_is_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[{}\\[\\]\",:0-9a\\\\]{0,4}"), 1..4),
    ) {
        let mut body = String::from(r#"{"id":"c","choices":[{"index":0,"message":{"content":"Hi","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"data":[{"index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}"#);
        for (at, text) in changes {
            let at = at.index(body.len());
            body.replace_range(at..=at, &text);
        }
        survive(body.as_bytes());
        survive(format!("data: {body}\n\n").as_bytes());
    }
}
