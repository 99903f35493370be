//! Speech: what is asked, and what is read and written of an answer.

use bytes::Bytes;
use hub_dialects::openai::{SpokenUsage, decode_speech, decode_speech_events};
use hub_dialects::{AnswerStyle, MediaAnswer};
use hub_domain::error::{CallError, ProviderError};
use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{AudioFormat, CallType, Canonical, Event, Frame, SpeechRequest};
use proptest::prelude::*;

use crate::stage::{frame, receipt, style, written_as};

const USAGE: SpokenUsage = SpokenUsage { characters: 7, by_tokens: true };

fn asked(body: &str) -> Result<SpeechRequest, CallError> {
    match decode_speech(&Bytes::copy_from_slice(body.as_bytes()))? {
        Canonical::Speech(speech) => Ok(speech),
        _ => panic!("no speech"),
    }
}

#[test]
fn what_is_asked_is_read() {
    let speech = asked(
        r#"{"model":"m","input":"hi","voice":{"id":"v"},"speed":1.25,"response_format":"wav","stream_format":"sse"}"#,
    )
    .unwrap();
    assert_eq!((speech.input.as_str(), speech.format), ("hi", AudioFormat::Wav));
    assert_eq!((speech.voice.as_deref(), speech.speed.as_deref()), (Some(r#"{"id":"v"}"#), Some("1.25")));
    assert!(speech.events);
}

#[test]
fn what_is_wrong_is_named() {
    for (body, param) in [
        (r#"{"model":"m"}"#, "input"),
        (r#"{"input":"x"}"#, "model"),
        (r#"{"model":"m","input":""}"#, "input"),
        (r#"{"model":"m","input":["x"]}"#, "input"),
        (r#"{"model":"m","input":"x","response_format":"mp4"}"#, "response_format"),
        (r#"{"model":"m","input":"x","stream_format":"ws"}"#, "stream_format"),
    ] {
        let Err(CallError::InvalidRequest { param: told, .. }) = asked(body) else { panic!("{body}") };
        assert_eq!(told.as_deref(), Some(param), "{body}");
    }
}

const STREAM: &str = "data: {\"type\":\"speech.audio.delta\",\"audio\":\"SUQz\"}\n\n\
    event: speech.audio.delta\ndata: {\"type\":\"speech.audio.delta\",\"audio\":\"AAE=\"}\n\n\
    data: {\"type\":\"speech.new\",\"x\":1}\n\n\
    data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":4,\"output_tokens\":20,\"total_tokens\":24}}\n\n";

fn read(pieces: Vec<Bytes>) -> Vec<Result<Frame, ProviderError>> {
    let stream = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, ProviderError>));
    futures_executor::block_on_stream(decode_speech_events(stream, USAGE)).collect()
}

fn events(frames: Vec<Result<Frame, ProviderError>>) -> Vec<Event> {
    frames.into_iter().flat_map(|frame| frame.unwrap().events).collect()
}

#[test]
fn audio_is_read_out_of_its_events() {
    let events = events(read(vec![Bytes::from_static(STREAM.as_bytes())]));
    let usage = Usage {
        quantities: Quantities::default()
            .with(Meter::Character, 7)
            .with(Meter::Input, 4)
            .with(Meter::OutputAudio, 20),
        ..Usage::default()
    };
    assert_eq!(
        events[1..],
        [
            Event::Audio(Bytes::from_static(b"ID3")),
            Event::Audio(Bytes::from_static(b"\x00\x01")),
            Event::Usage(usage),
            Event::End
        ]
    );
}

#[test]
fn a_stream_that_stops_is_cut_and_one_with_an_error_fails() {
    let (begun, _) = STREAM.split_once("data: {\"type\":\"speech.audio.done\"").unwrap();
    let frames = read(vec![Bytes::from_static(begun.as_bytes())]);
    assert!(!events(frames).contains(&Event::End));
    for broken in [
        "data: {\"error\":{\"message\":\"no\"}}\n\n",
        "data: {\"type\":\"error\",\"message\":\"no\"}\n\n",
        "data: {\"type\":\"speech.audio.delta\",\"audio\":\"?\"}\n\n",
        "data: {\"type\":\"speech.audio.delta\"}\n\n",
        "data: [1]\n\n",
    ] {
        assert!(read(vec![Bytes::from_static(broken.as_bytes())]).iter().any(Result::is_err), "{broken}");
    }
}

proptest! {
    #[test]
    fn a_cut_anywhere_changes_nothing(at in 0..STREAM.len()) {
        let whole = Bytes::from_static(STREAM.as_bytes());
        let cut = read(vec![whole.slice(..at), whole.slice(at..)]);
        prop_assert_eq!(events(cut), events(read(vec![whole])));
    }

    #[test]
    fn no_stream_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(vec![Bytes::from(bytes)]);
    }
}

fn spoken() -> AnswerStyle {
    AnswerStyle { call_type: CallType::AudioGeneration, media: Some(MediaAnswer::Speech), ..style() }
}

#[test]
fn an_upstreams_events_pass_and_the_last_one_tells_the_cost() {
    let frames: Vec<_> = read(vec![Bytes::from_static(STREAM.as_bytes())]).into_iter().flatten().collect();
    let out = written_as(spoken(), &frames, &receipt());
    assert!(out.contains("data: {\"type\":\"speech.new\",\"x\":1}\n\n"));
    let last = out.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.contains("\"type\":\"speech.audio.done\"") && last.contains("\"aigneHubCredits\":0.000016"));
    assert_eq!(out.matches("speech.audio.done").count(), 1);
}

#[test]
fn bytes_become_events_for_those_who_want_them() {
    let frames = [frame([Event::Audio(Bytes::from_static(b"ID3"))]), frame([Event::End])];
    let out = written_as(spoken(), &frames, &receipt());
    let (first, last) = out.split_once("\n\n").unwrap();
    assert_eq!(first, "data: {\"type\":\"speech.audio.delta\",\"audio\":\"SUQz\"}");
    assert!(last.contains("\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":8"));
}
