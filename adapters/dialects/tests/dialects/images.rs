//! Images: what is asked, what is read of an answer, and what was delivered.

use bytes::Bytes;
use hub_dialects::aigne;
use hub_dialects::openai::{decode_image_edit, decode_image_events, decode_images, decode_whole};
use hub_domain::error::{CallError, ProviderError};
use hub_domain::meter::Meter;
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{CallType, Canonical, Event, Frame, ImageData, ImagesRequest};
use proptest::prelude::*;

fn asked(body: &str) -> Result<ImagesRequest, CallError> {
    match decode_images(&Bytes::copy_from_slice(body.as_bytes()))? {
        Canonical::Images(images) => Ok(images),
        _ => panic!("no images"),
    }
}

fn read(body: &str) -> Frame {
    decode_whole(Bytes::copy_from_slice(body.as_bytes()), CallType::ImageGeneration).unwrap()
}

fn usage(frame: &Frame) -> Usage {
    let usages = frame.events.iter().filter_map(|event| match event {
        Event::Usage(usage) => Some(*usage),
        _ => None,
    });
    usages.last().unwrap()
}

#[test]
fn a_request_says_what_and_how_many() {
    let images = asked(r#"{"model":"m","prompt":"a cat","n":3,"size":"1024x1024","quality":"low"}"#).unwrap();
    assert_eq!((images.model.as_str(), images.prompt.as_str(), images.images), ("m", "a cat", 3));
    assert_eq!((images.size.as_deref(), images.quality.as_deref()), (Some("1024x1024"), Some("low")));
    assert_eq!(asked(r#"{"model":"m","prompt":"a cat","n":null}"#).unwrap().images, 1);
}

#[test]
fn a_request_that_can_not_be_priced_is_refused() {
    for (body, code) in [
        (r#"{"model":"m"}"#, "missing_required_parameter"),
        (r#"{"model":"m","prompt":"a","n":11}"#, "integer_above_max_value"),
        (r#"{"model":"m","prompt":"a","n":0}"#, "integer_below_min_value"),
        (r#"{"model":"m","prompt":"a","partial_images":4}"#, "integer_above_max_value"),
    ] {
        assert_eq!(asked(body).unwrap_err().code(), code, "{body}");
    }
}

#[test]
fn an_image_is_a_slice_of_its_answer() {
    let body =
        Bytes::from_static(br#"{"created":1,"data":[{"b64_json":"QUJD"},{"url":"https://e.org/a.png"}]}"#);
    let frame = decode_whole(body.clone(), CallType::ImageGeneration).unwrap();
    let Event::Image { image: ImageData::Base64(digits), .. } = &frame.events[1] else { panic!("no digits") };
    assert_eq!(digits, "QUJD");
    assert!(body.as_ptr_range().contains(&digits.as_ptr()), "it was not copied");
    assert!(
        matches!(&frame.events[2], Event::Image { index: 1, image: ImageData::Url(url), .. } if url == "https://e.org/a.png")
    );
    assert_eq!(usage(&frame).quantities.get(Meter::Image), 2);
}

#[test]
fn an_answer_without_images_is_an_error() {
    for body in [r#"{"created":1,"data":[]}"#, r#"{"data":[{}]}"#, r#"{"error":{"message":"no"}}"#, "{}"] {
        assert!(
            decode_whole(Bytes::from_static(body.as_bytes()), CallType::ImageGeneration).is_err(),
            "{body}"
        );
    }
}

#[test]
fn tokens_of_images_are_told_apart() {
    let quantities = usage(&read(
        r#"{"data":[{"b64_json":"QQ=="}],"usage":{"input_tokens":50,"output_tokens":1056,"total_tokens":1106,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"text_tokens":6,"image_tokens":1050}}}"#,
    ))
    .quantities;
    let counted = [Meter::Input, Meter::InputImage, Meter::Output, Meter::OutputImage, Meter::Image];
    assert_eq!(counted.map(|meter| quantities.get(meter)), [10, 40, 6, 1_050, 1]);
}

proptest! {
    #[test]
    fn no_token_is_counted_twice(input in 0..9_000_u64, image in 0..9_000_u64, output in 0..9_000_u64, text in 0..9_000_u64, n in 1..10_usize) {
        let data = vec![r#"{"b64_json":"QQ=="}"#; n].join(",");
        let body = format!(
            r#"{{"data":[{data}],"usage":{{"input_tokens":{input},"output_tokens":{output},"input_tokens_details":{{"image_tokens":{image}}},"output_tokens_details":{{"text_tokens":{text}}}}}}}"#
        );
        let usage = usage(&read(&body));
        prop_assert_eq!(usage.quantities.input_tokens(), input);
        prop_assert_eq!(usage.quantities.output_tokens(), output);
        prop_assert_eq!(usage.quantities.get(Meter::Image), u64::try_from(n).unwrap());
        prop_assert_eq!(usage.inconsistent, image > input || text > output);
    }
}

#[test]
fn images_that_others_are_made_out_of_are_counted() {
    let edit = |body: &str| match decode_image_edit(&Bytes::copy_from_slice(body.as_bytes()))? {
        Canonical::Images(images) => Ok(images.edit.unwrap().inputs),
        _ => panic!("no images"),
    };
    assert_eq!(
        edit(r#"{"model":"m","prompt":"a","images":[{"file_id":"f"}],"mask":{"file_id":"m"}}"#).unwrap(),
        2
    );
    for (body, code) in [
        (r#"{"model":"m","prompt":"a"}"#, "missing_required_parameter"),
        (r#"{"model":"m","prompt":"a","images":[]}"#, "empty_array"),
        (r#"{"model":"m","images":[{}]}"#, "missing_required_parameter"),
    ] {
        let error: CallError = edit(body).unwrap_err();
        assert_eq!(error.code(), code, "{body}");
    }
}

const STREAM: &str = "data: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"QQ==\",\"partial_image_index\":0}\n\n\
    data: {\"type\":\"image_generation.completed\",\"b64_json\":\"QUJD\",\"usage\":{\"input_tokens\":5,\"output_tokens\":9,\"total_tokens\":14}}\n\n\
    data: {\"type\":\"image_generation.completed\",\"b64_json\":\"QUJE\",\"usage\":{\"input_tokens\":5,\"output_tokens\":9,\"total_tokens\":14}}\n\n";

fn streamed(pieces: Vec<Bytes>) -> Vec<Event> {
    let pieces = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, ProviderError>));
    let frames = futures_executor::block_on_stream(decode_image_events(pieces));
    frames.flat_map(|frame| frame.unwrap().events).collect()
}

#[test]
fn images_in_pieces_are_summed_up() {
    let events = streamed(vec![Bytes::from_static(STREAM.as_bytes())]);
    assert_eq!(events[1], Event::Sketch(ImageData::Base64(Bytes::from_static(b"QQ=="))));
    assert_eq!(events.last(), Some(&Event::End));
    let usages = events.iter().filter_map(|event| match event {
        Event::Usage(usage) => Some(usage.quantities),
        _ => None,
    });
    let all = usages.last().unwrap();
    let of = |meter| all.get(meter);
    assert_eq!((of(Meter::Image), of(Meter::Input), of(Meter::OutputImage)), (2, 10, 18));
    let (begun, _) = STREAM.split_once("data: {\"type\":\"image_generation.completed\"").unwrap();
    assert!(!streamed(vec![Bytes::copy_from_slice(begun.as_bytes())]).contains(&Event::End), "cut");
}

proptest! {
    #[test]
    fn a_cut_anywhere_changes_no_image(at in 0..STREAM.len()) {
        let all = Bytes::from_static(STREAM.as_bytes());
        prop_assert_eq!(streamed(vec![all.slice(..at), all.slice(at..)]), streamed(vec![all]));
    }
}

#[test]
fn a_request_in_aignes_words_is_told_in_openais() {
    let told = |body: &str| aigne::flat_images(&Bytes::copy_from_slice(body.as_bytes()));
    let flat = told(
        r#"{"input":{"prompt":"a","outputFormat":"png","image":{"type":"url","url":"u"},"modelOptions":{"model":"m","n":2}}}"#,
    )
    .unwrap();
    let body: serde_json::Value = serde_json::from_slice(&flat.body).unwrap();
    assert!(flat.edit);
    assert_eq!(
        body,
        serde_json::json!({ "prompt": "a", "output_format": "png", "images": [{ "image_url": "u" }], "model": "m", "n": 2 })
    );
    for body in [
        "{}",
        r#"{"input":7}"#,
        r#"{"input":{"prompt":"a","modelOptions":7}}"#,
        r#"{"input":{"image":[{"type":"local"}]}}"#,
    ] {
        assert!(told(body).is_err(), "{body}");
    }
}
