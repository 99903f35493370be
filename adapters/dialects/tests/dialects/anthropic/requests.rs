//! What Anthropic clients ask.

use bytes::Bytes;
use hub_dialects::anthropic::{Purpose, decode_messages};
use hub_domain::bound;
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    CacheTtl, Canonical, ChatRequest, ImageSource, MessageRole, OutputFormat, Part, ThinkingMode, ToolChoice,
};
use proptest::prelude::*;

fn decoded(body: &str) -> Result<ChatRequest, CallError> {
    match decode_messages(&Bytes::copy_from_slice(body.as_bytes()), Purpose::Answer)? {
        Canonical::Chat(chat) => Ok(chat),
        other => panic!("{other:?}"),
    }
}

fn with(members: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":4096,"messages":[{{"role":"user","content":"Hi"}}],{members}}}"#)
}

fn param(body: &str) -> String {
    match decoded(body).unwrap_err() {
        CallError::InvalidRequest { param, .. } => param.unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_conversation_with_everything_is_understood() {
    let chat = decoded(
        r#"{"model":"claude","max_tokens":4096,"system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
        "messages":[
          {"role":"user","content":[{"type":"text","text":"Look"},
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
            {"type":"document","title":"doc.pdf","source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},
            {"type":"redacted_thinking","data":"xyz"},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"b":1.50, "a":1e400}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,
            "content":[{"type":"text","text":"no"},{"type":"image","source":{"type":"url","url":"https://x.test/a.png"}}]},
            {"type":"text","text":"Go on"}]}],
        "stop_sequences":["END"],"temperature":0.70,"top_p":1,"top_k":40,"stream":true,
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object"}},{"type":"web_search_20250305","name":"web_search"}],
        "tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},
        "thinking":{"type":"enabled","budget_tokens":2048},
        "output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}},
        "metadata":{"user_id":"u"},"brand_new":{"a":1}}"#,
    )
    .unwrap();
    let roles: Vec<_> = chat.messages.iter().map(|message| message.role).collect();
    use MessageRole::{Assistant, System, Tool, User};
    assert_eq!(roles, [System, User, Assistant, Tool, User]);
    assert_eq!(chat.messages[0].parts[1], Part::CacheBreakpoint(CacheTtl::OneHour));
    assert_eq!(
        chat.messages[1].parts[1],
        Part::Image { source: ImageSource::Data("data:image/png;base64,AAAA".into()), detail: None }
    );
    assert_eq!(
        chat.messages[1].parts[2],
        Part::File { data: "data:application/pdf;base64,BBBB".into(), filename: Some("doc.pdf".into()) }
    );
    assert_eq!(
        chat.messages[2].parts,
        [
            Part::Thinking { text: "hm".into(), signature: Some("sig".into()) },
            Part::RedactedThinking("xyz".into()),
            Part::ToolCall {
                id: "toolu_1".into(),
                name: "f".into(),
                arguments: r#"{"b":1.50, "a":1e400}"#.into()
            },
        ]
    );
    assert_eq!(
        chat.messages[3].parts,
        [Part::ToolResult {
            call_id: "toolu_1".into(),
            text: "no".into(),
            images: vec![ImageSource::Url("https://x.test/a.png".into())],
            is_error: true,
        }]
    );
    assert_eq!(chat.messages[4].parts, [Part::Text("Go on".into())]);
    assert_eq!(chat.max_output_tokens, Some(4096));
    assert_eq!((chat.sampling.temperature.as_deref(), chat.sampling.top_k), (Some("0.70"), Some(40)));
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("f".into())));
    assert_eq!(chat.parallel_tool_calls, Some(false));
    assert_eq!(chat.thinking, Some(ThinkingMode::Budget(2048)));
    assert!(matches!(chat.output, OutputFormat::JsonSchema { .. }));
    assert_eq!(chat.tools[1].hosted.as_deref(), Some("web_search_20250305"));
    assert_eq!(chat.extensions, ["brand_new"]);
    assert!(chat.extension_bytes >= 7, "what nobody knows here is weighed");
    assert!(chat.stream);
}

#[test]
fn each_fault_names_its_field() {
    for (body, field) in [
        (r#"{"max_tokens":1,"messages":[]}"#, "model"),
        (r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#, "max_tokens"),
        (r#"{"model":"m","max_tokens":0,"messages":[]}"#, "max_tokens"),
        (r#"{"model":"m","max_tokens":1}"#, "messages"),
        (r#"{"model":"m","max_tokens":1,"messages":[]}"#, "messages"),
        (r#"{"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"x"}]}"#, "messages[0].role"),
        (r#"{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}"#, "messages[0].content"),
        (r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":1}]}"#, "messages[0].content"),
        (
            r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":1}]}]}"#,
            "messages[0].content[0].text",
        ),
        (
            r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]}"#,
            "messages[0].content[0].source",
        ),
        (
            r#"{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"b","input":[]}]}]}"#,
            "messages[0].content[0].input",
        ),
    ] {
        assert_eq!(param(body), field, "{body}");
    }
    for (members, field) in [
        (r#""temperature":1.5"#, "temperature"),
        (r#""top_k":-1"#, "top_k"),
        (r#""tools":[{"name":"f"}]"#, "tools[0].input_schema"),
        (r#""tools":[{"input_schema":{}}]"#, "tools[0].name"),
        (r#""tools":[7]"#, "tools[0]"),
        (r#""tool_choice":{"type":"some"}"#, "tool_choice.type"),
        (r#""thinking":{"type":"enabled"}"#, "thinking.budget_tokens"),
        (r#""thinking":{"type":"enabled","budget_tokens":100}"#, "thinking.budget_tokens"),
        (r#""thinking":{"type":"enabled","budget_tokens":4096}"#, "thinking.budget_tokens"),
        (r#""output_config":{"format":{"type":"xml"}}"#, "output_config.format.type"),
        (r#""system":7"#, "system"),
    ] {
        assert_eq!(param(&with(members)), field, "{members}");
    }
}

#[test]
fn a_count_needs_no_limit() {
    let body = Bytes::from_static(br#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#);
    assert!(decode_messages(&body, Purpose::Count).is_ok());
    assert!(decode_messages(&body, Purpose::Answer).is_err());
}

#[test]
fn a_block_that_nobody_here_knows_is_kept_and_bounded() {
    let chat = decoded(
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"container_upload","file_id":"f1"}]}]}"#,
    )
    .unwrap();
    let [Part::Other { kind, json }] = &chat.messages[0].parts[..] else { panic!("{:?}", chat.messages) };
    assert_eq!(
        (kind.as_str(), json.as_str()),
        ("container_upload", r#"{"type":"container_upload","file_id":"f1"}"#)
    );
    assert!(bound::overhead(&Canonical::Chat(chat)) > 10_000, "it may stand for a document");
}

#[test]
fn of_a_key_that_is_there_twice_the_last_one_counts() {
    let chat = decoded(
        r#"{"model":"a","model":"b","max_tokens":1,"messages":[{"role":"user","content":"no","content":"yes"}]}"#,
    )
    .unwrap();
    assert_eq!(chat.model, "b");
    assert_eq!(chat.messages[0].parts, [Part::Text("yes".into())]);
}

proptest! {
    #[test]
    fn no_body_panics(body in "\\PC{0,200}") {
        let _ = decode_messages(&Bytes::from(body), Purpose::Answer);
    }

    #[test]
    fn no_structure_panics(
        content in prop_oneof![Just("\"x\""), Just("[]"), Just("[{}]"), Just("null"), Just("[{\"type\":\"text\"}]"),
            Just("[{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":[{\"type\":\"new\"}]}]")],
        system in prop_oneof![Just("\"x\""), Just("[]"), Just("7"), Just("[{\"type\":\"text\",\"text\":\"a\"}]")],
    ) {
        let body = format!(r#"{{"model":"m","max_tokens":1,"system":{system},"messages":[{{"role":"user","content":{content}}}]}}"#);
        let _ = decoded(&body);
    }
}
