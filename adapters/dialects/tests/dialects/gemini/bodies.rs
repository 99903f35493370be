//! What Gemini is sent, whichever dialect the client spoke.

use bytes::Bytes;
use hub_dialects::anthropic::{Purpose, decode_messages};
use hub_dialects::gemini::{ThinkingControl, UpstreamTarget, encode_request};
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::{Dialect, Request, Source};
use serde_json::{Value, json};

use crate::stage;

fn target(output_limit: Option<u64>, thinking: ThinkingControl) -> UpstreamTarget<'static> {
    UpstreamTarget { model: "m", output_limit, thinking }
}

const PLAIN: UpstreamTarget<'static> =
    UpstreamTarget { model: "m", output_limit: None, thinking: ThinkingControl::None };

fn sent(request: &Request, target: &UpstreamTarget<'_>) -> (Value, Vec<String>) {
    let encoded = encode_request(request, target).unwrap();
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.dropped)
}

fn chat(members: &str) -> Request {
    stage::request(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}]{members}}}"#))
}

fn part(part: &str) -> Request {
    stage::request(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#))
}

fn refusal(request: &Request) -> ProviderError {
    encode_request(request, &PLAIN).unwrap_err()
}

#[test]
fn an_openai_conversation_becomes_contents() {
    let request = stage::request(
        r#"{"model":"m","max_tokens":100,"messages":[
          {"role":"system","content":"Be kind."},
          {"role":"user","content":[{"type":"text","text":"Weather?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
            {"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}}]},
          {"role":"assistant","content":null,"tool_calls":[
            {"id":"call_1","type":"function","function":{"name":"w","arguments":"{\"n\":1.50}"}},
            {"id":"call_2","type":"function","function":{"name":"t","arguments":""}}]},
          {"role":"tool","tool_call_id":"call_1","content":"sunny"},{"role":"tool","tool_call_id":"call_2","content":"{\"hour\":7}"},
          {"role":"user","content":"Thanks"}],
        "tools":[{"type":"function","function":{"name":"w","description":"d","parameters":{"type":"object"}}}],
        "tool_choice":{"type":"function","function":{"name":"w"}},"parallel_tool_calls":false,"stop":["END"],"temperature":1.70,"seed":7,"user":"u"}"#,
    );
    let encoded = encode_request(&request, &target(Some(50), ThinkingControl::None)).unwrap();
    let text = String::from_utf8(encoded.body.to_vec()).unwrap();
    assert!(
        text.contains(r#""args":{"n":1.50}"#) && text.contains(r#""temperature":1.70"#),
        "digits stay: {text}"
    );
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["systemInstruction"], json!({ "parts": [{ "text": "Be kind." }] }));
    let entries = body["contents"].as_array().unwrap();
    let roles: Vec<_> = entries.iter().map(|entry| entry["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "model", "user", "user"], "what tools answered stands alone");
    assert_eq!(entries[0]["parts"][1], json!({ "inlineData": { "mimeType": "image/png", "data": "AAAA" } }));
    assert_eq!(entries[0]["parts"][2], json!({ "inlineData": { "mimeType": "audio/wav", "data": "BBBB" } }));
    let calls = entries[1]["parts"].as_array().unwrap();
    assert!(calls[0]["thoughtSignature"].is_string() && calls[1]["thoughtSignature"].is_null());
    assert_eq!(calls[1]["functionCall"], json!({ "id": "call_2", "name": "t", "args": {} }));
    assert_eq!(
        entries[2]["parts"],
        json!([
            { "functionResponse": { "id": "call_1", "name": "w", "response": { "output": "sunny" } } },
            { "functionResponse": { "id": "call_2", "name": "t", "response": { "hour": 7 } } },
        ])
    );
    assert_eq!(
        body["tools"],
        json!([{ "functionDeclarations": [{ "name": "w", "description": "d", "parametersJsonSchema": { "type": "object" } }] }])
    );
    assert_eq!(
        body["toolConfig"]["functionCallingConfig"],
        json!({ "mode": "ANY", "allowedFunctionNames": ["w"] })
    );
    let config = &body["generationConfig"];
    assert_eq!(
        (&config["maxOutputTokens"], &config["seed"], &config["stopSequences"]),
        (&json!(50), &json!(7), &json!(["END"]))
    );
    assert_eq!(encoded.dropped, ["user", "parallel_tool_calls", "detail"]);
}

#[test]
fn an_anthropic_conversation_becomes_contents() {
    let body = Bytes::from_static(
        br#"{"model":"m","max_tokens":9000,"messages":[
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"tool_use","id":"t1","name":"w","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"no"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]}],
        "thinking":{"type":"enabled","budget_tokens":5000},"top_k":4}"#,
    );
    let canonical = decode_messages(&body, Purpose::Answer).unwrap();
    let request = Request { source: Some(Source::of(Dialect::Anthropic, body)), canonical };
    let (sent, dropped) = sent(&request, &target(None, ThinkingControl::Budget { min: 128, max: 4_000 }));
    let entries = sent["contents"].as_array().unwrap();
    let roles: Vec<_> = entries.iter().map(|entry| entry["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "model", "user", "user"], "a user begins");
    assert_eq!(entries[2]["parts"][0]["functionResponse"]["response"], json!({ "error": "no" }));
    assert!(entries[3]["parts"][0]["inlineData"].is_object());
    let config = &sent["generationConfig"];
    assert_eq!(config["thinkingConfig"], json!({ "thinkingBudget": 4_000, "includeThoughts": true }));
    assert_eq!(config["topK"], 4);
    assert_eq!(dropped, [""; 0]);
}

#[test]
fn a_generation_is_told_in_its_own_way_how_hard_to_think() {
    let config = |effort: &str, control| {
        let request = chat(&format!(r#","reasoning_effort":"{effort}""#));
        let (sent, dropped) = sent(&request, &target(None, control));
        (sent["generationConfig"]["thinkingConfig"].clone(), dropped)
    };
    let flash = ThinkingControl::Budget { min: 0, max: 24_576 };
    assert_eq!(config("none", flash).0, json!({ "thinkingBudget": 0, "includeThoughts": false }));
    assert_eq!(config("high", flash).0["thinkingBudget"], 24_576);
    assert_eq!(config("low", ThinkingControl::Level).0["thinkingLevel"], "low");
    assert_eq!(config("high", ThinkingControl::Level).0["thinkingLevel"], "high");
    assert_eq!(config("high", ThinkingControl::None), (Value::Null, vec!["reasoning_effort".to_owned()]));
    assert_eq!(
        sent(&chat(""), &target(None, flash)).0["generationConfig"],
        Value::Null,
        "who says nothing sends nothing"
    );
}

#[test]
fn structured_output_and_several_answers_are_asked_for() {
    let format = r#","n":2,"response_format":{"type":"json_schema","json_schema":{"name":"o","schema":{"type":"object"}}}"#;
    let config = &sent(&chat(format), &PLAIN).0["generationConfig"];
    assert_eq!(
        config,
        &json!({ "candidateCount": 2, "responseMimeType": "application/json", "responseJsonSchema": { "type": "object" } })
    );
}

#[test]
fn what_would_change_the_meaning_is_refused_by_name() {
    for (request, field) in [
        (chat(r#","logprobs":true"#), "logprobs"),
        (chat(r#","modalities":["text","audio"]"#), "modalities"),
        (part(r#"{"type":"image_url","image_url":{"url":"https://x.test/a.png"}}"#), "messages"),
        (part(r#"{"type":"file","file":{"file_id":"file-1"}}"#), "messages"),
    ] {
        let error = refusal(&request);
        assert_eq!((error.class, error.param.as_deref()), (UpstreamClass::InvalidRequest, Some(field)));
        assert!(!error.maybe_executed, "nothing was sent");
    }
}
