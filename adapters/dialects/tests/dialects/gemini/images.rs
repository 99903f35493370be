//! Images that Gemini's models make: asked for alone or in a conversation, and told to clients of other dialects.

use bytes::Bytes;
use hub_dialects::AnswerStyle;
use hub_dialects::gemini::{
    StreamDecoder, ThinkingControl, UpstreamTarget, decode_images, decode_whole, encode_request,
};
use hub_dialects::openai::decode_images as decode_request;
use hub_domain::meter::Meter;
use hub_domain::vocabulary::{Dialect, Event, Frame, ImageData, Request, Source};
use serde_json::{Value, json};

use crate::stage::{receipt, style, whole_as, written_as};

const TARGET: UpstreamTarget<'static> =
    UpstreamTarget { model: "m", output_limit: None, thinking: ThinkingControl::None };
const ANSWER: &str = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Here."},
    {"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}},
    {"thought":true,"inlineData":{"mimeType":"image/png","data":"AAAA"}},
    {"inlineData":{"mimeType":"audio/wav","data":"AAAA"}}]},"finishReason":"STOP"}],
    "usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1292,"totalTokenCount":1297,
    "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]},"modelVersion":"m"}"#;

fn asked(body: &str) -> Request {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let canonical = decode_request(&body).unwrap();
    Request { source: Some(Source::of(Dialect::OpenAi, body)), canonical }
}

#[test]
fn an_image_is_asked_for_in_a_conversation_of_one_prompt() {
    let encoded = encode_request(
        &asked(r#"{"model":"x","prompt":"a cat","size":"1536x1024","quality":"high"}"#),
        &TARGET,
    )
    .unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!(body["contents"][0]["parts"][0]["text"], "a cat");
    assert_eq!(
        body["generationConfig"],
        json!({ "responseModalities": ["TEXT", "IMAGE"], "imageConfig": { "aspectRatio": "3:2" } })
    );
    assert_eq!(encoded.dropped, ["quality"]);
    let refused = encode_request(&asked(r#"{"model":"x","prompt":"a cat","n":2}"#), &TARGET).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("n"));
}

#[test]
fn what_was_delivered_is_counted_beside_its_tokens() {
    let body = Bytes::from_static(ANSWER.as_bytes());
    let frame = decode_images(body.clone()).unwrap();
    let usage = frame.events.iter().find_map(|event| match event {
        Event::Usage(usage) => Some(usage.quantities),
        _ => None,
    });
    let of = |meter| usage.unwrap().get(meter);
    assert_eq!(
        (of(Meter::Image), of(Meter::Input), of(Meter::Output), of(Meter::OutputImage)),
        (1, 5, 2, 1290)
    );
    let image = frame.events.iter().find_map(|event| match event {
        Event::Image { image: ImageData::Base64(digits), .. } => Some(digits.clone()),
        _ => None,
    });
    assert!(body.as_ptr_range().contains(&image.unwrap().as_ptr()), "it was not copied");
    for none in [
        r#"{"candidates":[{"content":{"parts":[{"text":"No."}]},"finishReason":"STOP"}]}"#,
        r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":1}}"#,
        "{}",
    ] {
        assert!(decode_images(Bytes::from_static(none.as_bytes())).is_err(), "{none}");
    }
}

#[test]
fn an_image_in_a_conversation_reaches_clients_of_other_dialects() {
    let frame = decode_whole(Bytes::from_static(ANSWER.as_bytes())).unwrap();
    assert_eq!(frame.events.iter().filter(|event| matches!(event, Event::Image { .. })).count(), 1);
    let told = |style: AnswerStyle| -> Value {
        serde_json::from_str(&whole_as(style, std::slice::from_ref(&frame), &receipt())).unwrap()
    };
    let openai = told(style());
    assert_eq!(openai["choices"][0]["message"]["content"], "Here.");
    assert_eq!(
        openai["choices"][0]["message"]["images"],
        json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } }])
    );
    let aigne = told(AnswerStyle { dialect: Dialect::Aigne, ..style() });
    let file = json!([{ "type": "file", "data": "iVBORw0KGgo=", "mimeType": "image/png" }]);
    assert_eq!((&aigne["text"], &aigne["files"]), (&json!("Here."), &file));
}

#[test]
fn a_streamed_image_is_a_piece_of_the_answer() {
    let mut frames = std::collections::VecDeque::new();
    let mut decoder = StreamDecoder::new();
    let event = format!("data: {}\n\n", ANSWER.replace('\n', " "));
    decoder.push(Bytes::from(event), &mut frames).unwrap();
    decoder.finish(&mut frames).unwrap();
    let frames: Vec<Frame> = frames.into();
    let openai = written_as(style(), &frames, &receipt());
    assert!(openai.contains(r#""delta":{"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}"#), "{openai}");
    let aigne = written_as(AnswerStyle { dialect: Dialect::Aigne, ..style() }, &frames, &receipt());
    assert!(aigne.contains(r#""files":[{"type":"file","data":"iVBORw0KGgo=""#), "{aigne}");
}
