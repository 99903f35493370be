//! Whole answers as clients get them.

use bytes::Bytes;
use hub_dialects::AnswerStyle;
use hub_dialects::openai::decode_whole;
use hub_domain::error::UpstreamClass;
use hub_domain::vocabulary::{CallType, Event, FinishReason, Receipt};
use serde_json::{Value, json};

use crate::stage::{chunk, events, frame, frames, receipt, sse, style, text, usage, whole};

const UPSTREAMS: &str = r#"{
  "id": "chatcmpl-9", "object": "chat.completion", "created": 1700000000, "model": "gpt-5-mini-2025-08-07",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi!", "annotations": []}, "logprobs": {"content": [{"token": "Hi", "logprob": -0.10}]}, "finish_reason": "stop"}],
  "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10, "prompt_tokens_details": {"cached_tokens": 0}},
  "system_fingerprint": "fp_1"
}"#;

fn decoded(body: &str) -> hub_domain::vocabulary::Frame {
    decode_whole(Bytes::copy_from_slice(body.as_bytes()), CallType::ChatCompletion).unwrap()
}

#[test]
fn an_upstreams_object_is_kept_and_its_usage_annotated() {
    let out = whole(style(), &[decoded(UPSTREAMS)], &receipt());
    assert!(out.contains("\"logprob\": -0.10"), "{out}");
    let mut expected: Value = serde_json::from_str(UPSTREAMS).unwrap();
    expected["usage"]["modelCallId"] = json!("0193577a-5e2c-7c41-9b0e-6d1f2a3b4c5d");
    expected["usage"]["aigneHubCredits"] = json!(0.000016);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
}

#[test]
fn the_originals_clients_get_a_superset() {
    let style = AnswerStyle { superset: true, ..style() };
    let frames = [
        frame([Event::Start { id: "chatcmpl-1".into(), model: "x".into(), created: Some(1_700_000_000) }]),
        frame([text(0, "Hi"), text(0, "!")]),
        frame([Event::Finish { choice: 0, reason: FinishReason::Stop }, Event::End]),
    ];
    assert_eq!(
        whole(style.clone(), &frames, &receipt()),
        concat!(
            r#"{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"openai/gpt-5-mini","#,
            r#""choices":[{"index":0,"message":{"role":"assistant","content":"Hi!","refusal":null},"logprobs":null,"finish_reason":"stop"}],"#,
            r#""usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"#,
            r#""completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0},"modelCallId":"0193577a-5e2c-7c41-9b0e-6d1f2a3b4c5d","aigneHubCredits":0.000016},"#,
            r#""role":"assistant","text":"Hi!","content":"Hi!"}"#
        )
    );
    let kept: Value = serde_json::from_str(&whole(style.clone(), &[decoded(UPSTREAMS)], &receipt())).unwrap();
    assert_eq!(
        (&kept["role"], &kept["text"], &kept["content"]),
        (&json!("assistant"), &json!("Hi!"), &json!("Hi!"))
    );
    assert_eq!((kept.get("toolCalls"), &kept["system_fingerprint"]), (None, &json!("fp_1")));

    let calls = r#"[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"n\":12345678901234567890}"}}]"#;
    let body = format!(
        r#"{{"id":"c","choices":[{{"index":0,"message":{{"role":"assistant","content":null,"tool_calls":{calls}}},"finish_reason":"tool_calls"}}]}}"#
    );
    let kept: Value = serde_json::from_str(&whole(style, &[decoded(&body)], &receipt())).unwrap();
    assert_eq!(kept["toolCalls"], serde_json::from_str::<Value>(calls).unwrap());
    assert_eq!(kept["content"], "");
    assert_eq!(kept["usage"]["prompt_tokens"], 8, "an answer without usage gets what was counted");
}

#[test]
fn a_stream_becomes_a_whole_answer() {
    let stream = sse(&[
        &chunk(r#"{"role":"assistant","content":"Hi","reasoning_content":"hm"}"#, ""),
        &chunk(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}"#, ""),
        &chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#, "length"),
        "[DONE]",
    ]);
    let out: Value = serde_json::from_str(&whole(style(), &frames(&stream), &receipt())).unwrap();
    let message = json!({
        "role": "assistant", "content": "Hi", "refusal": null, "reasoning_content": "hm",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    });
    assert_eq!(
        out["choices"],
        json!([{"index": 0, "message": message, "logprobs": null, "finish_reason": "length"}])
    );
    assert_eq!((&out["id"], &out["object"]), (&json!("chatcmpl-1"), &json!("chat.completion")));
    assert_eq!(decoded(&stream).events.to_vec(), events(&stream));
}

#[test]
fn choices_are_in_order_whatever_order_they_came_in() {
    let events = [text(1, "b"), text(0, "a"), text(1, "c"), Event::Refusal { choice: 2, text: "no".into() }];
    let out: Value = serde_json::from_str(&whole(style(), &[frame(events)], &receipt())).unwrap();
    let contents: Vec<&Value> =
        out["choices"].as_array().unwrap().iter().map(|choice| &choice["message"]["content"]).collect();
    assert_eq!(contents, [&json!("a"), &json!("bc"), &Value::Null]);
}

#[test]
fn a_pending_charge_is_said() {
    let pending = Receipt { charged: None, ..receipt() };
    let out: Value = serde_json::from_str(&whole(style(), &[decoded(UPSTREAMS)], &pending)).unwrap();
    assert_eq!(
        (&out["usage"]["aigneHubCredits"], &out["usage"]["billingStatus"]),
        (&Value::Null, &json!("pending"))
    );
}

#[test]
fn another_hubs_annotations_are_replaced() {
    let theirs = UPSTREAMS.replace(
        "\"prompt_tokens\": 8",
        "\"modelCallId\":\"theirs\",\"aigneHubCredits\":99,\"prompt_tokens\": 8",
    );
    let out = whole(style(), &[decoded(&theirs)], &receipt());
    assert!(!out.contains("theirs") && !out.contains("99"), "{out}");
    assert_eq!(out.matches("aigneHubCredits").count(), 1);
}

#[test]
fn what_a_whole_answer_says_is_read() {
    let body = r#"{"id":"c","model":"up","created":5,"choices":[
        {"index":0,"message":{"content":null,"reasoning":"hm","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}},{"id":"b","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"},
        {"index":1,"message":{"content":"x","refusal":null},"finish_reason":"content_filter"}],
        "usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}"#;
    let frame = decoded(body);
    let call = |index, id: &str, name: &str| Event::ToolCallStart {
        choice: 0,
        index,
        id: id.into(),
        name: name.into(),
    };
    assert_eq!(
        frame.events[..],
        [
            Event::Start { id: "c".into(), model: "up".into(), created: Some(5) },
            Event::Thinking { choice: 0, text: "hm".into() },
            call(0, "a", "f"),
            call(1, "b", "g"),
            Event::ToolCallArguments { choice: 0, index: 1, fragment: "{}".into() },
            Event::Finish { choice: 0, reason: FinishReason::ToolCalls },
            text(1, "x"),
            Event::Finish { choice: 1, reason: FinishReason::ContentFilter },
            Event::Usage(usage(8, 2)),
            Event::End,
        ]
    );
    assert!(frame.raw.is_some());
}

#[test]
fn an_error_with_status_200_is_an_error() {
    for (body, class) in [
        (r#"{"error":{"message":"slow","code":429}}"#, UpstreamClass::RateLimited),
        (r#"{"choices":[],"error":{"message":"x","type":"server_error"}}"#, UpstreamClass::Server),
        (r#"{"message":"no such model","code":404}"#, UpstreamClass::ModelNotFound),
        (r#"{"choices":5}"#, UpstreamClass::BadAnswer),
        ("<html>", UpstreamClass::BadAnswer),
        ("", UpstreamClass::BadAnswer),
        ("[]", UpstreamClass::BadAnswer),
        ("{\"choices\":[]", UpstreamClass::BadAnswer),
    ] {
        let error = decode_whole(Bytes::from_static(body.as_bytes()), CallType::ChatCompletion).unwrap_err();
        assert_eq!(error.class, class, "{body}");
    }
}

#[test]
fn long_lists_of_probabilities_are_kept() {
    let many = format!("[{}0]", "0,".repeat(300_000));
    let body = UPSTREAMS.replace("\"annotations\": []", &format!("\"annotations\": {many}"));
    let out = whole(style(), &[decoded(&body)], &receipt());
    assert!(out.contains(&many) && out.contains("aigneHubCredits"));
}
