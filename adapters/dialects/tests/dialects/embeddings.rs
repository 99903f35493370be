//! Embeddings, there and back.

use bytes::Bytes;
use hub_dialects::AnswerStyle;
use hub_dialects::openai::{
    LimitField, Quirks, UpstreamTarget, decode_embeddings, decode_whole, encode_request,
};
use hub_domain::error::{CallError, UpstreamClass};
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{
    CallType, Canonical, Dialect, EmbeddingInput, EmbeddingVector, EmbeddingsRequest, Event, Receipt,
    Request, Source,
};
use serde_json::{Value, json};

use crate::stage::{frame, receipt, style, usage, whole};

fn decode(members: &str) -> Result<EmbeddingsRequest, CallError> {
    match decode_embeddings(&Bytes::from(format!("{{\"model\":\"e\",{members}}}")))? {
        Canonical::Embeddings(embeddings) => Ok(embeddings),
        _ => panic!("not embeddings"),
    }
}

fn input(json: &str) -> Vec<EmbeddingInput> {
    decode(&format!("\"input\":{json}")).unwrap().inputs
}

fn refusal(members: &str) -> (String, &'static str) {
    match decode(members).expect_err(members) {
        CallError::InvalidRequest { param, code, .. } => (param.unwrap_or_default(), code),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_form_of_input_is_read() {
    let text = |text: &str| EmbeddingInput::Text(text.into());
    assert_eq!(input("\"a\""), [text("a")]);
    assert_eq!(input("[\"a\",\"b\"]"), [text("a"), text("b")]);
    assert_eq!(input("[1,2,3]"), [EmbeddingInput::Tokens(vec![1, 2, 3])]);
    assert_eq!(input("[[1],[2,3]]"), [EmbeddingInput::Tokens(vec![1]), EmbeddingInput::Tokens(vec![2, 3])]);
    let all =
        decode(r#""input":"a","dimensions":256,"encoding_format":"base64","user":"u","unknown":1"#).unwrap();
    assert_eq!((all.dimensions, all.base64, all.user.as_deref()), (Some(256), true, Some("u")));
}

#[test]
fn what_is_wrong_is_named() {
    for (members, param, code) in [
        (r#""x":1"#, "input", "missing_required_parameter"),
        (r#""input":[]"#, "input", "empty_array"),
        (r#""input":"""#, "input", "empty_string"),
        (r#""input":["a",""]"#, "input[1]", "empty_string"),
        (r#""input":[[1],[]]"#, "input[1]", "empty_array"),
        (r#""input":5"#, "input", "invalid_type"),
        (r#""input":["a",5]"#, "input[1]", "invalid_type"),
        (r#""input":["a",[5]]"#, "input[1]", "invalid_type"),
        (r#""input":[[1,"a"]]"#, "input[0][1]", "invalid_type"),
        (r#""input":[-1]"#, "input[0]", "invalid_type"),
        (r#""input":[1.5]"#, "input[0]", "invalid_type"),
        (r#""input":[{}]"#, "input[0]", "invalid_type"),
        (r#""input":[4294967296]"#, "input[0]", "invalid_type"),
        (r#""input":"a","dimensions":0"#, "dimensions", "integer_below_min_value"),
        (r#""input":"a","dimensions":1e9"#, "dimensions", "integer_above_max_value"),
        (r#""input":"a","encoding_format":"hex""#, "encoding_format", "invalid_value"),
        (r#""input":"a","encoding_format":5"#, "encoding_format", "invalid_type"),
        (r#""input":"a","model":"""#, "model", "empty_string"),
        (r#""input":"a","model":null"#, "model", "missing_required_parameter"),
    ] {
        assert_eq!(refusal(members), (param.to_owned(), code), "{members}");
    }
    let many = vec!["\"a\""; 2_049].join(",");
    assert_eq!(refusal(&format!("\"input\":[{many}]")), ("input".into(), "array_above_max_length"));
    assert_eq!(refusal("\"input\""), (String::new(), "invalid_json"));
}

#[test]
fn the_clients_text_is_sent_with_the_upstreams_model() {
    let body = Bytes::from_static(
        br#"{"model":"p/e","input":"not this","input":["a"],"encoding_format":"base64","z":1.0,"Input":"x"}"#,
    );
    let canonical = decode_embeddings(&body).unwrap();
    let source = Some(Source::of(Dialect::OpenAi, body));
    let target = UpstreamTarget {
        model: "up",
        output_limit: None,
        limit_field: LimitField::MaxTokens,
        quirks: Quirks::default(),
        speech_events: false,
    };
    let sent = encode_request(&Request { source, canonical: canonical.clone() }, &target).unwrap();
    assert_eq!(sent.body, r#"{"model":"up","input":["a"],"encoding_format":"base64","z":1.0}"#);
    let sent = encode_request(&Request { source: None, canonical }, &target).unwrap();
    assert_eq!(sent.body, r#"{"model":"up","input":["a"],"encoding_format":"base64"}"#);
}

fn asked(base64: bool) -> AnswerStyle {
    AnswerStyle { call_type: CallType::Embedding, base64, ..style() }
}

fn charged() -> Receipt {
    Receipt { usage: usage(5, 0), ..receipt() }
}

fn answer(body: &'static str, base64: bool) -> Value {
    let frame = decode_whole(Bytes::from_static(body.as_bytes()), CallType::Embedding).unwrap();
    serde_json::from_str(&whole(asked(base64), &[frame], &charged())).unwrap()
}

const NUMBERS: &str = r#"{"object":"list","model":"e-up","data":[{"object":"embedding","index":1,"embedding":[0.5]},{"object":"embedding","index":0,"embedding":[1, -0.5]}],"usage":{"prompt_tokens":5,"total_tokens":5},"x":1}"#;

#[test]
fn vectors_in_the_form_that_was_asked_for_are_kept() {
    let ordered = r#"{"object":"list","data":[{"index":0,"embedding":"AACAPw=="}],"model":"e-up","usage":{"prompt_tokens":5,"total_tokens":5,"y":2},"x":1}"#;
    let frame = decode_whole(Bytes::from_static(ordered.as_bytes()), CallType::Embedding).unwrap();
    let out = whole(asked(true), &[frame], &charged());
    let annotated =
        "\"y\":2,\"modelCallId\":\"0193577a-5e2c-7c41-9b0e-6d1f2a3b4c5d\",\"aigneHubCredits\":0.000016}";
    assert_eq!(out, ordered.replace("\"y\":2}", annotated));
}

#[test]
fn vectors_in_the_other_form_are_converted_in_order() {
    let out = answer(NUMBERS, true);
    let vectors: Vec<&Value> =
        out["data"].as_array().unwrap().iter().map(|item| &item["embedding"]).collect();
    assert_eq!(vectors, [&json!("AACAPwAAAL8="), &json!("AAAAPw==")]);
    assert_eq!((&out["object"], &out["model"]), (&json!("list"), &json!("e-up")));
    assert_eq!(out["usage"]["aigneHubCredits"], json!(0.000016));
    let digits = r#"{"data":[{"index":0,"embedding":"AACAPwAAAL8="}],"model":"e-up","usage":{"prompt_tokens":5,"total_tokens":5}}"#;
    assert_eq!(answer(digits, false)["data"][0]["embedding"], json!([1, -0.5]));
    assert_eq!(answer(NUMBERS, false)["data"][0]["index"], 0, "by index");
}

#[test]
fn vectors_of_events_are_listed() {
    let vector = Event::Embedding { index: 0, vector: EmbeddingVector::Json("[1,2]".into()) };
    let out = whole(asked(false), &[frame([vector, Event::Usage(usage(5, 0)), Event::End])], &charged());
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["data"], json!([{"object": "embedding", "index": 0, "embedding": [1, 2]}]));
    assert_eq!((&out["model"], &out["usage"]["prompt_tokens"]), (&json!("openai/gpt-5-mini"), &json!(5)));
}

#[test]
fn usage_of_embeddings_is_input_only() {
    let frame = decode_whole(Bytes::from_static(NUMBERS.as_bytes()), CallType::Embedding).unwrap();
    let reported: Vec<Usage> = frame
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Usage(usage) => Some(*usage),
            _ => None,
        })
        .collect();
    assert_eq!(reported, [usage(5, 0)]);
    for broken in [r#"{"data":[{"index":0}]}"#, r#"{"data":[{"embedding":5}]}"#, "{\"data\":5}"] {
        let error = decode_whole(Bytes::from_static(broken.as_bytes()), CallType::Embedding).unwrap_err();
        assert_eq!(error.class, UpstreamClass::BadAnswer, "{broken}");
    }
}
