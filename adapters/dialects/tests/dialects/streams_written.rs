//! Streams as clients get them.

use bytes::BytesMut;
use hub_dialects::AnswerStyle;
use hub_dialects::openai::StreamEncoder;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{Event, FinishReason, Receipt};
use serde_json::{Value, json};

use crate::stage::{chunk, chunks, frame, frames, receipt, sse, style, text, usage, written};

fn with_usage() -> AnswerStyle {
    AnswerStyle { include_usage: true, ..style() }
}

/// 8 tokens in, 2 out, as an upstream tells it.
const USAGE_CHUNK: &str = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"up","service_tier":"default","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"queue_time":0.10}}"#;

fn upstream() -> Vec<String> {
    vec![
        chunk(r#"{"role":"assistant","content":"","refusal":null}"#, ""),
        chunk(r#"{"content":"Hi","x":1.50}"#, "")
            .replace("\"choices\"", "\"obfuscation\":\"aX\",\"choices\""),
        chunk("{}", "stop"),
    ]
}

fn stream(extra: &[&str]) -> String {
    let upstream = upstream();
    let all: Vec<&str> = upstream.iter().map(String::as_str).chain(extra.iter().copied()).collect();
    sse(&all)
}

#[test]
fn an_upstreams_chunks_go_out_byte_for_byte() {
    let out = written(style(), &frames(&stream(&[USAGE_CHUNK, "[DONE]"])), &receipt());
    assert_eq!(out, stream(&["[DONE]"]), "the usage chunk was not asked for");
}

#[test]
fn the_usage_chunk_waits_for_what_the_call_cost() {
    let out = written(with_usage(), &frames(&stream(&[USAGE_CHUNK, "[DONE]"])), &receipt());
    let annotated = USAGE_CHUNK.replace(
        "0.10}",
        "0.10,\"modelCallId\":\"0193577a-5e2c-7c41-9b0e-6d1f2a3b4c5d\",\"aigneHubCredits\":0.000016}",
    );
    assert_eq!(out, stream(&[&annotated, "[DONE]"]));
}

#[test]
fn a_usage_that_was_not_charged_is_not_shown() {
    let estimated =
        Receipt { usage: hub_domain::usage::Usage { estimated: true, ..usage(9, 3) }, ..receipt() };
    let out = written(with_usage(), &frames(&stream(&[USAGE_CHUNK, "[DONE]"])), &estimated);
    let last = chunks(&out).pop().unwrap();
    assert_eq!((&last["usage"]["prompt_tokens"], &last["usage"]["total_tokens"]), (&json!(9), &json!(12)));
    assert_eq!((&last["id"], &last["choices"]), (&json!("chatcmpl-1"), &json!([])));
}

#[test]
fn usage_beside_content_waits_too() {
    let usage = "\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":2},\"choices\"";
    let content = chunk(r#"{"content":"Hi"}"#, "stop").replace("\"choices\"", usage);
    let frames = frames(&sse(&[&content, "[DONE]"]));
    let out = chunks(&written(with_usage(), &frames, &receipt()));
    assert_eq!(out[0]["usage"], Value::Null);
    assert!(out[0].as_object().unwrap().contains_key("usage"), "as OpenAI does for those who asked");
    assert_eq!(out[1]["usage"]["completion_tokens"], 2);
    assert_eq!(
        (&out[1]["id"], &out[1]["model"], &out[1]["created"]),
        (&out[0]["id"], &out[0]["model"], &out[0]["created"])
    );
    let out = chunks(&written(style(), &frames, &receipt()));
    assert_eq!(out.len(), 1);
    assert!(!out[0].as_object().unwrap().contains_key("usage"));
}

#[test]
fn events_become_chunks_as_official_clients_want_them() {
    let frames = [
        frame([Event::Start { id: String::new(), model: "echo".into(), created: Some(1_700_000_000) }]),
        frame([Event::Thinking { choice: 0, text: "hm".into() }]),
        frame([text(0, "Hi \"é\"\n")]),
        frame([
            Event::ToolCallStart { choice: 0, index: 0, id: "call_1".into(), name: "f".into() },
            Event::ToolCallArguments { choice: 0, index: 0, fragment: "{\"a\":".into() },
        ]),
        frame([Event::Refusal { choice: 1, text: "no".into() }]),
        frame([
            Event::Finish { choice: 0, reason: FinishReason::ToolCalls },
            Event::Finish { choice: 1, reason: FinishReason::Other("eos".into()) },
        ]),
        frame([Event::Usage(usage(8, 2)), Event::End]),
    ];
    let out = chunks(&written(with_usage(), &frames, &receipt()));
    let deltas: Vec<(u64, Value, Value)> = out[..out.len() - 1]
        .iter()
        .map(|chunk| {
            let choice = &chunk["choices"][0];
            (choice["index"].as_u64().unwrap(), choice["delta"].clone(), choice["finish_reason"].clone())
        })
        .collect();
    let role = json!({"role": "assistant", "content": "", "refusal": null});
    let started = json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}]});
    let piece = json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\":"}}]});
    assert_eq!(
        deltas,
        [
            (0, role.clone(), Value::Null),
            (0, json!({"reasoning_content": "hm"}), Value::Null),
            (0, json!({"content": "Hi \"é\"\n"}), Value::Null),
            (0, started, Value::Null),
            (0, piece, Value::Null),
            (1, role, Value::Null),
            (1, json!({"refusal": "no"}), Value::Null),
            (0, json!({}), json!("tool_calls")),
            (1, json!({}), json!("stop")),
        ]
    );
    for chunk in &out {
        assert_eq!(chunk["id"], "chatcmpl-0193577a-5e2c-7c41-9b0e-6d1f2a3b4c5d");
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(
            (&chunk["model"], &chunk["created"]),
            (&json!("openai/gpt-5-mini"), &json!(1_700_000_000))
        );
        assert!(chunk.as_object().unwrap().contains_key("usage"));
    }
    let usage = &out.last().unwrap()["usage"];
    assert_eq!(
        (&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(8), &json!(2), &json!(10))
    );
    assert_eq!(usage["modelCallId"], "0193577a-5e2c-7c41-9b0e-6d1f2a3b4c5d");
}

#[test]
fn the_cost_is_an_exact_decimal() {
    let smallest = Receipt { charged: Some(hub_domain::money::Credits::from_units(1)), ..receipt() };
    let out = written(with_usage(), &frames(&stream(&[USAGE_CHUNK, "[DONE]"])), &smallest);
    assert!(out.contains("\"aigneHubCredits\":0.0000000001}"), "{out}");
    let pending = Receipt { charged: None, ..receipt() };
    let out = written(with_usage(), &frames(&stream(&[USAGE_CHUNK, "[DONE]"])), &pending);
    assert!(out.contains("\"aigneHubCredits\":null,\"billingStatus\":\"pending\"}"), "{out}");
}

#[test]
fn a_whole_answer_becomes_a_stream() {
    let body = r#"{"id":"c","object":"chat.completion","model":"up","created":5,"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2,"queue_time":1}}"#;
    let out = chunks(&written(with_usage(), &frames(body), &receipt()));
    assert_eq!(out.len(), 4);
    assert_eq!(out[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(out[1]["choices"][0]["delta"], json!({"content": "Hi"}));
    assert_eq!(out[2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        (&out[3]["usage"]["queue_time"], &out[3]["id"], &out[3]["model"]),
        (&json!(1), &json!("c"), &json!("up"))
    );
}

#[test]
fn a_finish_that_the_upstream_forgot_is_added_without_a_second_role() {
    let cut = sse(&[&upstream()[0], &upstream()[1], "[DONE]"]);
    let out = chunks(&written(style(), &frames(&cut), &receipt()));
    assert_eq!(out.len(), 3);
    assert_eq!(
        (&out[2]["choices"][0]["finish_reason"], &out[2]["id"]),
        (&json!("stop"), &json!("chatcmpl-1"))
    );
}

#[test]
fn a_chunk_over_several_lines_stays_one_event() {
    let raw = "data: {\"id\":\"1\",\ndata: \"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let out = written(style(), &frames(raw), &receipt());
    assert_eq!(chunks(&out)[0]["choices"][0]["delta"]["content"], "x");
}

#[test]
fn an_error_ends_a_stream_without_done() {
    let mut out = BytesMut::new();
    let error = CallError::Unavailable {
        message: "the hub is going away".into(),
        code: "shutting_down",
        retry_after: std::time::Duration::from_secs(1),
    };
    StreamEncoder::new(style()).failed(&error, &mut out);
    let out = String::from_utf8(out.to_vec()).unwrap();
    let json: Value = serde_json::from_str(out.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        json,
        json!({"error": {"message": "the hub is going away", "type": "service_unavailable_error", "param": null, "code": "shutting_down"}})
    );
    assert!(out.ends_with("}\n\n") && !out.contains("[DONE]"));
}
