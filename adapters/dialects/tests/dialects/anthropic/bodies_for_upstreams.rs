//! What Anthropic and OpenAI are sent, whichever dialect the client spoke.

use bytes::Bytes;
use hub_dialects::anthropic::{self, Generation, Purpose, UpstreamTarget, decode_messages};
use hub_dialects::openai::{self, LimitField};
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::{Dialect, Request, Source};
use serde_json::{Value, json};

use crate::stage;

const OLDER: Generation = Generation { budget: true, sampling: true, max_output_tokens: 8_192 };
const NEWER: Generation = Generation { budget: false, sampling: false, max_output_tokens: 8_192 };

fn target(output_limit: Option<u64>, generation: Generation) -> UpstreamTarget<'static> {
    UpstreamTarget { model: "claude-x", output_limit, generation }
}

fn messages(body: &str) -> Request {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let canonical = decode_messages(&body, Purpose::Answer).unwrap();
    Request { source: Some(Source::of(Dialect::Anthropic, body)), canonical }
}

fn to_anthropic(request: &Request, target: &UpstreamTarget<'_>) -> (Value, Vec<String>) {
    let encoded = anthropic::encode_request(request, target).unwrap();
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.dropped)
}

fn chat(members: &str) -> Request {
    stage::request(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}]{members}}}"#))
}

fn refusal(request: &Request) -> ProviderError {
    anthropic::encode_request(request, &target(None, OLDER)).unwrap_err()
}

#[test]
fn the_clients_own_text_survives_but_for_model_and_limit() {
    let body = r#"{"model":"anthropic/claude-x","max_tokens":1000,"messages":[{"role":"user","content":"x"}],"new":1.50,"Max_Tokens":9}"#;
    let encoded = anthropic::encode_request(&messages(body), &target(Some(500), OLDER)).unwrap();
    let text = String::from_utf8(encoded.body.to_vec()).unwrap();
    assert_eq!(
        text,
        r#"{"model":"claude-x","max_tokens":500,"messages":[{"role":"user","content":"x"}],"new":1.50}"#
    );
    assert!(encoded.dropped.is_empty());
}

#[test]
fn thoughts_leave_room_for_an_answer_where_the_limit_is_lowered() {
    let body = r#"{"model":"m","max_tokens":9000,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled","budget_tokens":8000}}"#;
    let sent = |limit| to_anthropic(&messages(body), &target(Some(limit), OLDER)).0;
    assert_eq!(sent(9_000)["thinking"]["budget_tokens"], 8_000);
    assert_eq!(sent(5_000)["thinking"]["budget_tokens"], 4_999);
    assert_eq!(sent(1_000)["thinking"], Value::Null);
}

#[test]
fn an_openai_conversation_becomes_turns() {
    let request = stage::request(
        r#"{"model":"m","max_tokens":100,"messages":[
          {"role":"system","content":"Be kind."},{"role":"developer","content":"Be brief."},
          {"role":"user","content":"Weather?"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]},
          {"role":"assistant","content":null,"tool_calls":[
            {"id":"call_1","type":"function","function":{"name":"w","arguments":"{\"city\":\"Bern\",\"n\":1.50}"}},
            {"id":"call_2","type":"function","function":{"name":"w","arguments":""}}]},
          {"role":"tool","tool_call_id":"call_1","content":"sunny"},{"role":"tool","tool_call_id":"call_2","content":"rain"},
          {"role":"user","content":"Thanks"}],
        "tools":[{"type":"function","function":{"name":"w","description":"d","parameters":{"type":"object"},"strict":true}}],
        "tool_choice":"required","parallel_tool_calls":false,"stop":["END"],"user":"u","seed":1}"#,
    );
    let encoded = anthropic::encode_request(&request, &target(Some(50), OLDER)).unwrap();
    let text = String::from_utf8(encoded.body.to_vec()).unwrap();
    assert!(text.contains(r#""input":{"city":"Bern","n":1.50}"#), "numbers keep their digits: {text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&body["model"], &body["max_tokens"]), (&json!("claude-x"), &json!(50)));
    assert_eq!(
        body["system"],
        json!([{ "type": "text", "text": "Be kind." }, { "type": "text", "text": "Be brief." }])
    );
    let turns = body["messages"].as_array().unwrap();
    let roles: Vec<_> = turns.iter().map(|turn| turn["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(
        turns[0]["content"][1],
        json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } })
    );
    assert_eq!(turns[1]["content"][1]["input"], json!({}));
    let kinds: Vec<_> =
        turns[2]["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "text"], "results come first");
    assert_eq!(body["tools"][0]["input_schema"], json!({ "type": "object" }));
    assert_eq!(body["tool_choice"], json!({ "type": "any", "disable_parallel_tool_use": true }));
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(encoded.dropped, ["seed", "user", "detail"]);
}

#[test]
fn what_a_generation_takes_is_sent_and_the_rest_is_named() {
    let request = chat(r#","temperature":1.7,"top_p":0.5,"reasoning_effort":"high","max_tokens":20000"#);
    let (older, dropped) = to_anthropic(&request, &target(None, OLDER));
    assert_eq!(older["thinking"], json!({ "type": "enabled", "budget_tokens": 16_384 }));
    assert_eq!(older["temperature"], Value::Null, "thoughts and sampling exclude each other");
    assert_eq!(dropped, ["temperature", "top_p"]);
    let (newer, _) = to_anthropic(&request, &target(None, NEWER));
    assert_eq!(
        (&newer["thinking"], &newer["output_config"]),
        (&json!({ "type": "adaptive" }), &json!({ "effort": "high" }))
    );
    let (plain, dropped) = to_anthropic(&chat(r#","temperature":1.7,"top_p":0.5"#), &target(None, OLDER));
    assert_eq!((&plain["temperature"], &plain["max_tokens"]), (&json!(1), &json!(8_192)));
    assert_eq!(dropped, ["top_p"]);
}

#[test]
fn structured_output_is_asked_for_in_anthropics_words() {
    let format =
        r#","response_format":{"type":"json_schema","json_schema":{"name":"o","schema":{"type":"object"}}}"#;
    let (body, _) = to_anthropic(&chat(format), &target(None, OLDER));
    assert_eq!(
        body["output_config"]["format"],
        json!({ "type": "json_schema", "schema": { "type": "object" } })
    );
    let (body, _) = to_anthropic(&chat(r#","response_format":{"type":"json_object"}"#), &target(None, OLDER));
    assert!(body["system"][0]["text"].as_str().unwrap().contains("JSON"));
}

#[test]
fn what_would_change_the_meaning_is_refused_by_name() {
    let part = |part: &str| {
        stage::request(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#))
    };
    for (request, field) in [
        (chat(r#","n":2"#), "n"),
        (chat(r#","logprobs":true"#), "logprobs"),
        (chat(r#","modalities":["text","audio"]"#), "modalities"),
        (part(r#"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}"#), "messages"),
        (part(r#"{"type":"image_url","image_url":{"url":"data:image/tiff;base64,AAAA"}}"#), "messages"),
        (part(r#"{"type":"file","file":{"file_id":"file-1"}}"#), "messages"),
    ] {
        let error = refusal(&request);
        assert_eq!((error.class, error.param.as_deref()), (UpstreamClass::InvalidRequest, Some(field)));
        assert!(!error.maybe_executed, "nothing was sent");
    }
    let arguments = stage::request(
        r#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"[1"}}]},{"role":"tool","tool_call_id":"c","content":"r"}]}"#,
    );
    assert_eq!(refusal(&arguments).param.as_deref(), Some("messages"));
}

#[test]
fn cache_marks_and_sealed_thoughts_come_back_to_anthropic() {
    let body = r#"{"model":"m","max_tokens":10,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]},
        {"role":"user","content":"x"}]}"#;
    let request = Request { source: None, ..messages(body) };
    let (sent, _) = to_anthropic(&request, &target(None, OLDER));
    assert_eq!(sent["system"][0]["cache_control"], json!({ "type": "ephemeral" }));
    let blocks = &sent["messages"][0]["content"];
    assert_eq!(blocks[0], json!({ "type": "thinking", "thinking": "hm", "signature": "sig" }));
    assert_eq!(blocks[1], json!({ "type": "redacted_thinking", "data": "d" }));
    assert_eq!(blocks[2]["cache_control"], json!({ "type": "ephemeral", "ttl": "1h" }));
}

fn to_openai(body: &str, limit_field: LimitField) -> Result<(Value, Vec<String>), ProviderError> {
    let target = openai::UpstreamTarget {
        model: "gpt",
        output_limit: None,
        limit_field,
        quirks: openai::Quirks::default(),
        speech_events: false,
    };
    let encoded = openai::encode_request(&messages(body), &target)?;
    Ok((serde_json::from_slice(&encoded.body).unwrap(), encoded.dropped))
}

#[test]
fn an_anthropic_conversation_becomes_openais_messages() {
    let body = r#"{"model":"m","max_tokens":100,"system":"Be kind.","messages":[
        {"role":"user","content":[{"type":"text","text":"Weather?","cache_control":{"type":"ephemeral"}}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"tool_use","id":"toolu_1","name":"w","input":{"n":1.50}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":"no"},{"type":"text","text":"Again"}]}],
        "tools":[{"name":"w","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"},"top_k":4,"thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":5000,"stream":true}"#;
    let (sent, dropped) = to_openai(body, LimitField::MaxTokens).unwrap();
    assert_eq!(sent["messages"][0], json!({ "role": "system", "content": "Be kind." }));
    let call = &sent["messages"][2]["tool_calls"][0];
    assert_eq!((&call["id"], &call["function"]["arguments"]), (&json!("toolu_1"), &json!("{\"n\":1.50}")));
    assert_eq!(sent["messages"][2]["reasoning_content"], Value::Null, "sealed thoughts are nobody else's");
    assert_eq!(
        sent["messages"][3],
        json!({ "role": "tool", "tool_call_id": "toolu_1", "content": "Error: no" })
    );
    assert_eq!(sent["messages"][4], json!({ "role": "user", "content": "Again" }));
    assert_eq!((&sent["tool_choice"], &sent["max_tokens"]), (&json!("required"), &json!(5_000)));
    assert_eq!(sent["stream_options"]["include_usage"], true);
    assert_eq!(dropped, ["top_k", "thinking", "cache_control"]);
    let (sent, dropped) = to_openai(body, LimitField::OnlyMaxCompletionTokens).unwrap();
    assert_eq!(sent["reasoning_effort"], "low");
    assert!(!dropped.contains(&"thinking".to_owned()));
}

#[test]
fn what_only_anthropic_has_is_refused_elsewhere_by_name() {
    let hosted = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#;
    assert_eq!(to_openai(hosted, LimitField::MaxTokens).unwrap_err().param.as_deref(), Some("tools[0]"));
    let block = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"search_result","title":"t"}]}]}"#;
    assert_eq!(to_openai(block, LimitField::MaxTokens).unwrap_err().param.as_deref(), Some("messages"));
}
