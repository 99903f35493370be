//! What an upstream of Responses is sent, whichever dialect the client spoke.

use bytes::Bytes;
use hub_dialects::Encoded;
use hub_dialects::anthropic::{self, Generation, Purpose};
use hub_dialects::responses::{UpstreamTarget, decode_request, encode_request};
use hub_domain::bound::overhead;
use hub_domain::error::{ProviderError, UpstreamClass};
use hub_domain::vocabulary::{Dialect, Request, Source};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage;

fn target(output_limit: Option<u64>, is_reasoning: bool) -> UpstreamTarget<'static> {
    UpstreamTarget { model: "up", output_limit, is_reasoning }
}

fn native(body: &str) -> Request {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let canonical = decode_request(&body).unwrap();
    Request { source: Some(Source::of(Dialect::Responses, body)), canonical }
}

fn messages(body: &Value) -> Request {
    let body = Bytes::from(body.to_string());
    let canonical = anthropic::decode_messages(&body, Purpose::Answer).unwrap();
    Request { source: Some(Source::of(Dialect::Anthropic, body)), canonical }
}

fn chat(members: &str) -> Request {
    stage::request(&stage::with(members))
}

fn sent(request: &Request, target: &UpstreamTarget<'_>) -> (Value, Vec<String>) {
    let Encoded { body, dropped } = encode_request(request, target).unwrap();
    (serde_json::from_slice(&body).unwrap(), dropped)
}

fn refusal(request: &Request) -> ProviderError {
    encode_request(request, &target(None, true)).unwrap_err()
}

#[test]
fn the_clients_own_text_survives_but_for_model_limit_and_what_is_kept() {
    let body = r#"{"model":"p/m","input":[{"role":"user","content":"x","new":1.50}],"max_output_tokens":100,"Model":"other","new":[1.0],"store":null}"#;
    let text = |limit| {
        let encoded = encode_request(&native(body), &target(limit, false)).unwrap();
        assert!(encoded.dropped.is_empty());
        String::from_utf8(encoded.body.to_vec()).unwrap()
    };
    let written = |limit| {
        format!(
            r#"{{"model":"up","input":[{{"role":"user","content":"x","new":1.50}}],"max_output_tokens":{limit},"new":[1.0],"store":false}}"#
        )
    };
    assert_eq!(text(Some(50)), written(50));
    assert_eq!(text(Some(500)), written(100));
    assert_eq!(text(None), written(100));
}

#[test]
fn what_nobody_stores_is_handed_to_the_client_sealed() {
    let body = |members: &str| native(&format!(r#"{{"model":"m","input":"x"{members}}}"#));
    let seals = json!(["reasoning.encrypted_content"]);
    let (plain, _) = sent(&body(""), &target(None, true));
    assert_eq!((&plain["store"], &plain["include"]), (&json!(false), &seals));
    let (more, _) = sent(&body(r#","include":["message.output_text.logprobs"]"#), &target(None, true));
    assert_eq!(more["include"], json!(["message.output_text.logprobs", "reasoning.encrypted_content"]));
    let (there, _) = sent(&body(r#","include":["reasoning.encrypted_content"]"#), &target(None, true));
    assert_eq!(there["include"], seals);
    let (kept, _) = sent(&body(r#","store":true"#), &target(None, true));
    assert_eq!((&kept["store"], &kept["include"]), (&json!(true), &Value::Null), "the client says otherwise");
    assert_eq!(sent(&body(""), &target(None, false)).0["include"], Value::Null);
}

#[test]
fn thoughts_that_the_upstream_would_refuse_are_left_out() {
    let thought =
        |seal: Value| json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": seal });
    let full = json!({ "type": "reasoning", "summary": [], "content": [{ "type": "reasoning_text", "text": "hm" }] });
    let own = thought(json!("gAAA="));
    let user = json!({ "role": "user", "content": "x" });
    let mut body = json!({ "model": "m", "input": [
        user, thought(json!("hub.sealed.others")), thought(json!("hub.redacted.x")), thought(Value::Null), full, own] });
    let input = |body: &Value| sent(&native(&body.to_string()), &target(None, true)).0["input"].clone();
    assert_eq!(input(&body), json!([user, full, own]));
    body["store"] = json!(true);
    assert_eq!(input(&body), json!([user, thought(Value::Null), full, own]), "it has stored them");
}

#[test]
fn tools_that_the_provider_runs_are_refused_and_those_that_the_client_runs_pass() {
    let with = |tool: Value| native(&json!({ "model": "m", "input": "x", "tools": [tool] }).to_string());
    for kind in
        ["web_search", "file_search", "code_interpreter", "image_generation", "mcp", "shell", "brand_new"]
    {
        let error = refusal(&with(json!({ "type": kind })));
        assert_eq!((error.class, error.param.as_deref()), (UpstreamClass::InvalidRequest, Some("tools[0]")));
        assert!(error.message.contains(kind), "{}", error.message);
    }
    for tool in [
        json!({ "type": "function", "name": "f", "parameters": { "type": "object" }, "strict": true }),
        json!({ "type": "custom", "name": "f", "format": { "type": "grammar", "syntax": "lark", "definition": "x" } }),
        json!({ "type": "computer_use_preview", "display_width": 800, "display_height": 600, "environment": "linux" }),
        json!({ "type": "local_shell" }),
        json!({ "type": "apply_patch" }),
        json!({ "type": "shell", "environment": { "type": "local" } }),
    ] {
        assert_eq!(sent(&with(tool.clone()), &target(None, false)).0["tools"], json!([tool]));
    }
}

#[test]
fn members_that_nobody_here_knows_are_weighed() {
    let weight = |body: &str| overhead(&native(body).canonical);
    let plain = weight(r#"{"model":"m","input":[{"role":"user","content":"x"}]}"#);
    let (outer, inner) = (
        weight(r#"{"model":"m","input":[{"role":"user","content":"x"}],"new":"0123456789"}"#),
        weight(
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"x","new":"0123456789"}]}]}"#,
        ),
    );
    assert_eq!((outer, inner), (plain + 12, plain + 12));
}

#[test]
fn a_chat_becomes_instructions_and_items() {
    let request = stage::request(
        r#"{"model":"m","max_tokens":100,"temperature":0.5,"seed":7,"user":"u","messages":[
          {"role":"system","content":"Be kind."},{"role":"developer","content":"Be brief."},
          {"role":"user","content":[{"type":"text","text":"Weather?"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
            {"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA","filename":"a.pdf"}},
            {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]},
          {"role":"assistant","content":"Let me","reasoning_content":"hm","tool_calls":[
            {"id":"call_1","type":"function","function":{"name":"w","arguments":"{\"n\":1.50}"}},
            {"id":"call_2","type":"function","function":{"name":"w","arguments":""}}]},
          {"role":"tool","tool_call_id":"call_1","content":"sunny"},{"role":"tool","tool_call_id":"call_2","content":"rain"},
          {"role":"system","content":"Hurry."},{"role":"user","content":"Thanks"}],
        "tools":[{"type":"function","function":{"name":"w","description":"d","parameters":{"type":"object","x":1.50}}}],
        "tool_choice":{"type":"function","function":{"name":"w"}},"parallel_tool_calls":false,
        "response_format":{"type":"json_schema","json_schema":{"name":"o","schema":{"type":"object"},"strict":true}},
        "reasoning_effort":"low","stream":true}"#,
    );
    let encoded = encode_request(&request, &target(Some(60), true)).unwrap();
    assert!(std::str::from_utf8(&encoded.body).unwrap().contains(r#"{"type":"object","x":1.50}"#));
    let (body, dropped) = sent(&request, &target(Some(60), true));
    assert_eq!(
        body,
        json!({
            "model": "up", "instructions": "Be kind.\n\nBe brief.", "max_output_tokens": 60, "user": "u",
            "input": [
                { "role": "user", "content": [
                    { "type": "input_text", "text": "Weather?" },
                    { "type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low" },
                    { "type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf" },
                    { "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } }] },
                { "role": "assistant", "content": [{ "type": "output_text", "text": "Let me" }] },
                { "type": "function_call", "call_id": "call_1", "name": "w", "arguments": "{\"n\":1.50}" },
                { "type": "function_call", "call_id": "call_2", "name": "w", "arguments": "{}" },
                { "type": "function_call_output", "call_id": "call_1", "output": "sunny" },
                { "type": "function_call_output", "call_id": "call_2", "output": "rain" },
                { "role": "system", "content": [{ "type": "input_text", "text": "Hurry." }] },
                { "role": "user", "content": [{ "type": "input_text", "text": "Thanks" }] },
            ],
            "tools": [{ "type": "function", "name": "w", "description": "d",
                "parameters": { "type": "object", "x": 1.50 }, "strict": false }],
            "tool_choice": { "type": "function", "name": "w" }, "parallel_tool_calls": false,
            "text": { "format": { "type": "json_schema", "name": "o", "schema": { "type": "object" }, "strict": true } },
            "reasoning": { "effort": "low" }, "include": ["reasoning.encrypted_content"],
            "store": false, "stream": true,
        })
    );
    assert_eq!(dropped, ["temperature", "seed"]);
}

#[test]
fn models_that_do_not_think_take_sampling_and_no_effort() {
    let request = chat(r#""temperature":0.50,"top_p":0.9,"reasoning_effort":"low""#);
    let encoded = encode_request(&request, &target(None, false)).unwrap();
    assert!(std::str::from_utf8(&encoded.body).unwrap().contains(r#""temperature":0.50,"top_p":0.9"#));
    let (body, dropped) = sent(&request, &target(None, false));
    assert_eq!((&body["reasoning"], &body["include"]), (&Value::Null, &Value::Null));
    assert_eq!(dropped, ["reasoning_effort"]);
}

#[test]
fn what_it_has_no_word_for_and_the_answer_depends_on_is_refused() {
    for (members, param) in [
        (r#""n":2"#, "n"),
        (r#""stop":["x"]"#, "stop"),
        (r#""logprobs":true"#, "logprobs"),
        (r#""modalities":["text","audio"]"#, "modalities"),
    ] {
        let error = refusal(&chat(members));
        assert_eq!((error.class, error.param.as_deref()), (UpstreamClass::InvalidRequest, Some(param)));
    }
    let hosted =
        messages(&json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": "x" }],
        "tools": [{ "type": "web_search_20250305", "name": "web_search" }] }));
    assert_eq!(refusal(&hosted).param.as_deref(), Some("tools[0]"));
    let strange = messages(&json!({ "model": "m", "max_tokens": 9,
        "messages": [{ "role": "user", "content": [{ "type": "brand_new" }] }] }));
    assert!(refusal(&strange).message.contains("brand_new"));
}

#[test]
fn thoughts_and_results_of_an_anthropic_client_come_back() {
    let request = messages(&json!({ "model": "m", "max_tokens": 9000, "system": "s",
        "thinking": { "type": "enabled", "budget_tokens": 4000 },
        "messages": [
            { "role": "user", "content": "x" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "hub.responses.gAAA=" },
                { "type": "thinking", "thinking": "others", "signature": "EqQB" },
                { "type": "redacted_thinking", "data": "xyz" },
                { "type": "tool_use", "id": "toolu_1", "name": "f", "input": { "n": 1 } }] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [
                    { "type": "text", "text": "no" },
                    { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } }] },
                { "type": "text", "text": "y", "cache_control": { "type": "ephemeral" } }] }] }));
    let (body, dropped) = sent(&request, &target(None, true));
    assert_eq!(
        body["input"],
        json!([
            { "role": "user", "content": [{ "type": "input_text", "text": "x" }] },
            { "type": "reasoning", "summary": [{ "type": "summary_text", "text": "hm" }], "encrypted_content": "gAAA=" },
            { "type": "function_call", "call_id": "toolu_1", "name": "f", "arguments": "{\"n\":1}" },
            { "type": "function_call_output", "call_id": "toolu_1", "output": [
                { "type": "input_text", "text": "Error: no" },
                { "type": "input_image", "image_url": "data:image/png;base64,AAAA" }] },
            { "role": "user", "content": [{ "type": "input_text", "text": "y" }] },
        ])
    );
    assert_eq!(
        body["reasoning"],
        json!({ "effort": "medium", "summary": "auto" }),
        "who asks for thoughts is shown them"
    );
    assert_eq!(dropped, ["cache_control"]);
}

#[test]
fn a_seal_of_responses_is_none_to_anthropic() {
    let body = json!({ "model": "m", "input": [
        { "role": "user", "content": "x" },
        { "type": "reasoning", "summary": [{ "type": "summary_text", "text": "hm" }], "encrypted_content": "gAAA=" },
        { "type": "reasoning", "summary": [{ "type": "summary_text", "text": "so" }], "encrypted_content": "hub.sealed.EqQB" },
        { "role": "assistant", "content": "y" }, { "role": "user", "content": "z" }] });
    let generation = Generation { budget: true, sampling: true, max_output_tokens: 8_192 };
    let upstream = anthropic::UpstreamTarget { model: "up", output_limit: None, generation };
    let sent = anthropic::encode_request(&native(&body.to_string()), &upstream).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(
        sent["messages"][1]["content"],
        json!([{ "type": "thinking", "thinking": "so", "signature": "EqQB" }, { "type": "text", "text": "y" }])
    );
}

proptest! {
    /// What is sent can be read again, and means what was asked.
    #[test]
    fn a_conversation_survives(
        turns in prop::collection::vec((prop::bool::ANY, "\\PC{1,20}"), 1..8),
        limit in prop::option::of(1_u64..10_000),
        stored in prop::option::of(prop::bool::ANY),
    ) {
        let input: Vec<Value> = turns
            .iter()
            .map(|(user, text)| json!({ "role": if *user { "user" } else { "assistant" }, "content": text }))
            .collect();
        let mut body = json!({ "model": "m", "input": input, "store": stored });
        if let Some(limit) = limit {
            body["max_output_tokens"] = json!(limit);
        }
        let request = native(&body.to_string());
        for source in [request.source.clone(), None] {
            let request = Request { source, canonical: request.canonical.clone() };
            let encoded = encode_request(&request, &target(Some(77), true)).unwrap();
            let again = decode_request(&encoded.body).unwrap();
            let (hub_domain::vocabulary::Canonical::Chat(asked), hub_domain::vocabulary::Canonical::Chat(sent)) =
                (&request.canonical, &again) else { panic!() };
            prop_assert_eq!(&sent.messages, &asked.messages);
            prop_assert_eq!(sent.max_output_tokens, Some(limit.unwrap_or(77).min(77)));
        }
    }

    #[test]
    fn whatever_is_understood_is_sent_or_refused(body in "\\{\"model\":\"m\",\"input\":\\[\\{\"type\":\"(message|reasoning|function_call|x)\",\"role\":\"user\",\"content\":(\"x\"|\\[\\]|null),\"call_id\":\"c\",\"name\":\"n\",\"arguments\":\"\",\"encrypted_content\":(null|\"hub.sealed.x\"|7)\\}\\],\"store\":(true|null|7)\\}") {
        let body = Bytes::from(body);
        if let Ok(canonical) = decode_request(&body) {
            for source in [Some(Source::of(Dialect::Responses, body.clone())), None] {
                let _ = encode_request(&Request { source, canonical: canonical.clone() }, &target(Some(7), true));
            }
        }
    }
}
