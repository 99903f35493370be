//! Transcriptions: what is asked, what is sent on, and what is read and written of an answer.

use bytes::Bytes;
use hub_dialects::openai::{
    TranscriptPrices, asked_format, decode_transcript, decode_transcript_events, decode_transcription,
    late_field, sent_field,
};
use hub_dialects::{AnswerStyle, MediaAnswer};
use hub_domain::error::{CallError, ProviderError};
use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{
    AskedFormat, CallType, Canonical, Event, Frame, Receipt, TranscriptFormat, TranscriptionRequest, Upload,
    UploadForm,
};
use proptest::prelude::*;

use crate::stage::{frame, receipt, style, text, whole_as, written_as};

const BY_SECONDS: TranscriptPrices = TranscriptPrices { by_seconds: true, by_tokens: false };
const BY_TOKENS: TranscriptPrices = TranscriptPrices { by_seconds: false, by_tokens: true };

fn asked(fields: &[(&str, &str)], translate: bool) -> Result<TranscriptionRequest, CallError> {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let upload = Upload::new(1, Bytes::new(), Box::pin(futures_util::stream::empty()));
    match decode_transcription(UploadForm { fields, upload }, translate)? {
        Canonical::Transcription(transcription) => Ok(transcription),
        _ => panic!("no transcription"),
    }
}

fn param(error: CallError) -> Option<String> {
    match error {
        CallError::InvalidRequest { param, .. } => param,
        other => panic!("{other}"),
    }
}

#[test]
fn fields_of_a_form_are_read() {
    let fields = [("model", "m"), ("response_format", "srt"), ("include[]", "a"), ("include[]", "b")];
    let transcription = asked(&fields, false).unwrap();
    assert_eq!((transcription.model.as_str(), transcription.format.get()), ("m", TranscriptFormat::Srt));
    assert!(!transcription.stream);
    assert!(asked(&[("model", "m"), ("stream", "true")], false).unwrap().stream);
}

#[test]
fn fields_at_fault_are_named() {
    for (fields, named) in [
        (&[("prompt", "x")][..], "model"),
        (&[("model", "m"), ("model", "n")], "model"),
        (&[("model", "m"), ("response_format", "doc")], "response_format"),
        (&[("model", "m"), ("stream", "x")], "stream"),
    ] {
        assert_eq!(param(asked(fields, false).unwrap_err()).as_deref(), Some(named));
    }
    assert_eq!(
        param(asked(&[("model", "m"), ("stream", "true")], true).unwrap_err()).as_deref(),
        Some("stream")
    );
}

#[test]
fn a_field_behind_the_file_may_name_the_format_and_nothing_that_is_decided() {
    let format = AskedFormat::default();
    let earlier = [("model".to_owned(), "m".to_owned())];
    late_field(&format, &earlier, "response_format", "vtt").unwrap();
    assert_eq!(format.get(), TranscriptFormat::Vtt);
    late_field(&format, &earlier, "stream", "false").unwrap();
    for (name, value) in [("stream", "true"), ("model", "n"), ("response_format", "doc")] {
        assert_eq!(param(late_field(&format, &earlier, name, value).unwrap_err()).as_deref(), Some(name));
    }
}

#[test]
fn only_what_reports_its_use_is_asked_for() {
    use TranscriptFormat::{DiarizedJson, Json, Srt, Text, VerboseJson};
    for (format, model, prices, sent) in [
        (Text, "whisper-1", BY_SECONDS, VerboseJson),
        (Json, "whisper-1", BY_SECONDS, VerboseJson),
        (Json, "gpt-4o-transcribe", BY_SECONDS, Json),
        (Text, "gpt-4o-transcribe", BY_TOKENS, Json),
        (Srt, "whisper-1", BY_SECONDS, VerboseJson),
        (DiarizedJson, "gpt-4o-transcribe-diarize", BY_TOKENS, DiarizedJson),
    ] {
        assert_eq!(asked_format(format, model, prices), sent, "{format:?} of {model}");
    }
    assert_eq!(sent_field("model", "x", "m", BY_SECONDS), None);
    assert_eq!(sent_field("Model", "x", "m", BY_SECONDS), None);
    assert_eq!(sent_field("response_format", "srt", "m", BY_SECONDS).as_deref(), Some("verbose_json"));
    assert_eq!(sent_field("x_new", "1", "m", BY_SECONDS).as_deref(), Some("1"));
}

fn usage(body: &str, prices: TranscriptPrices) -> Option<Usage> {
    let frame = decode_transcript(Bytes::copy_from_slice(body.as_bytes()), prices).unwrap();
    frame.events.iter().find_map(|event| match event {
        Event::Usage(usage) => Some(*usage),
        _ => None,
    })
}

fn seconds(seconds: u64) -> Option<Usage> {
    Some(Usage { quantities: Quantities::default().with(Meter::Second, seconds), ..Usage::default() })
}

const TOKENS: &str = r#"{"text":"x","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":45,"total_tokens":59}}"#;

#[test]
fn a_use_counts_where_it_tells_what_is_priced() {
    let by_duration = r#"{"text":"x","usage":{"type":"duration","seconds":9}}"#;
    assert_eq!(usage(by_duration, BY_SECONDS), seconds(9));
    assert_eq!(usage(r#"{"text":"x","duration":8.47}"#, BY_SECONDS), seconds(9));
    assert_eq!(usage(by_duration, BY_TOKENS), None, "seconds say nothing of tokens");
    assert_eq!(usage(TOKENS, BY_SECONDS), None);
    let quantities = usage(TOKENS, BY_TOKENS).unwrap().quantities;
    let of = |meter| quantities.get(meter);
    assert_eq!((of(Meter::Input), of(Meter::InputAudio), of(Meter::Output)), (4, 10, 45));
    assert_eq!(usage(r#"{"text":"x"}"#, TranscriptPrices::default()), None);
}

#[test]
fn what_is_no_transcription_is_an_error_and_plain_text_is_one() {
    for body in [r#"{"error":{"message":"no"}}"#, "{}", "{", r#"{"text":7}"#] {
        assert!(decode_transcript(Bytes::copy_from_slice(body.as_bytes()), BY_SECONDS).is_err(), "{body}");
    }
    let plain = decode_transcript(Bytes::from_static(b"Hello.\n"), BY_SECONDS).unwrap();
    assert_eq!(plain.events[1], text(0, "Hello."));
}

fn asking(format: TranscriptFormat) -> AnswerStyle {
    let audio = Some(MediaAnswer::Transcript(AskedFormat::new(format)));
    AnswerStyle { call_type: CallType::AudioGeneration, media: audio, ..style() }
}

#[test]
fn an_upstreams_object_is_kept_in_the_length_that_was_asked_for() {
    let body = r#"{"task":"transcribe","duration":8.5,"text":"Hi.","segments":[],"x_new":1,"usage":{"type":"duration","seconds":9}}"#;
    let frame = decode_transcript(Bytes::from_static(body.as_bytes()), BY_SECONDS).unwrap();
    let receipt = Receipt { usage: seconds(9).unwrap(), ..receipt() };
    let told = |format| whole_as(asking(format), std::slice::from_ref(&frame), &receipt);
    let long = told(TranscriptFormat::VerboseJson);
    assert!(long.contains(r#""segments":[]"#) && long.contains(r#""seconds":9,"modelCallId""#), "{long}");
    let short = told(TranscriptFormat::Json);
    assert!(!short.contains("segments") && short.contains(r#""x_new":1"#), "{short}");
    assert_eq!(told(TranscriptFormat::Text), "Hi.\n");
}

#[test]
fn what_has_no_segments_is_one_subtitle() {
    let frame = frame([text(0, "Hi."), Event::End]);
    let receipt = Receipt { usage: seconds(61).unwrap(), ..receipt() };
    let told = whole_as(asking(TranscriptFormat::Srt), &[frame], &receipt);
    assert_eq!(told, "1\n00:00:00,000 --> 00:01:01,000\nHi.\n\n");
}

const STREAM: &str = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hi\"}\n\n\
    data: {\"type\":\"transcript.text.segment\",\"id\":\"s\"}\n\n\
    data: {\"type\":\"transcript.text.delta\",\"delta\":\" you.\"}\n\n\
    data: {\"type\":\"transcript.text.done\",\"text\":\"Hi you.\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":5,\"output_tokens\":2,\"total_tokens\":7}}\n\n";

fn read(pieces: Vec<Bytes>) -> Vec<Result<Frame, ProviderError>> {
    let stream = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, ProviderError>));
    futures_executor::block_on_stream(decode_transcript_events(stream, BY_TOKENS)).collect()
}

fn events(frames: Vec<Result<Frame, ProviderError>>) -> Vec<Event> {
    frames.into_iter().flat_map(|frame| frame.unwrap().events).collect()
}

proptest! {
    #[test]
    fn a_cut_anywhere_changes_nothing(at in 0..STREAM.len()) {
        let all = Bytes::from_static(STREAM.as_bytes());
        let cut = read(vec![all.slice(..at), all.slice(at..)]);
        prop_assert_eq!(events(cut), events(read(vec![all])));
    }

    #[test]
    fn no_answer_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let bytes = Bytes::from(bytes);
        let _ = decode_transcript(bytes.clone(), BY_SECONDS);
        read(vec![bytes]);
    }
}

#[test]
fn an_upstreams_events_pass_and_others_are_made() {
    let frames: Vec<_> = read(vec![Bytes::from_static(STREAM.as_bytes())]).into_iter().flatten().collect();
    let out = written_as(asking(TranscriptFormat::Json), &frames, &receipt());
    assert!(out.contains("transcript.text.segment") && out.matches("transcript.text.done").count() == 1);
    assert!(out.trim_end().rsplit("\n\n").next().unwrap().contains("\"aigneHubCredits\":0.000016"));

    let frames = [frame([text(0, "Hi")]), frame([text(0, " you.")]), frame([Event::End])];
    let out = written_as(asking(TranscriptFormat::Json), &frames, &receipt());
    let pieces: Vec<_> = out.split_terminator("\n\n").collect();
    assert_eq!(
        pieces[..2],
        [
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hi\"}",
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\" you.\"}",
        ]
    );
    assert!(pieces[2].contains("\"type\":\"transcript.text.done\",\"text\":\"Hi you.\""));
}
