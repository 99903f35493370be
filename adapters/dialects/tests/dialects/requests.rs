//! Requests that are understood.

use hub_domain::bound::{self, OutputLimits};
use hub_domain::vocabulary::{
    Canonical, ImageSource, MessageRole, OutputFormat, Part, ReasoningEffort, Sampling, Tool, ToolChoice,
};

use crate::stage::{chat, with};

#[test]
fn a_small_request_has_nothing_else() {
    let chat = chat(&with("")).unwrap();
    assert_eq!(chat.model, "m");
    assert_eq!(chat.messages[0].role, MessageRole::User);
    assert_eq!(chat.messages[0].parts, [Part::Text("hi".into())]);
    assert_eq!((chat.choices, chat.max_output_tokens, chat.stream), (1, None, false));
}

#[test]
fn all_settings_are_read() {
    let chat = chat(&with(
        r#""temperature":0.70,"top_p":1e0,"frequency_penalty":-2,"presence_penalty":0.5,"seed":-7,"logprobs":true,
           "top_logprobs":3,"n":2,"stop":["a","b"],"max_completion_tokens":100.0,"user":"u","parallel_tool_calls":false,
           "reasoning_effort":"minimal","modalities":["text","audio"],"audio":{"voice":"alloy"},"logit_bias":{"1":5},
           "stream":true,"stream_options":{"include_usage":true},"unknown":{"a":[1,2,3]}"#,
    ))
    .unwrap();
    let sampling = Sampling {
        temperature: Some("0.70".into()),
        top_p: Some("1e0".into()),
        top_k: None,
        frequency_penalty: Some("-2".into()),
        presence_penalty: Some("0.5".into()),
        seed: Some(-7),
        logprobs: true,
    };
    assert_eq!(chat.sampling, sampling);
    assert_eq!(chat.choices, 2);
    assert_eq!(chat.stop, ["a", "b"]);
    assert_eq!(chat.max_output_tokens, Some(100));
    assert_eq!(chat.user.as_deref(), Some("u"));
    assert_eq!(chat.parallel_tool_calls, Some(false));
    assert_eq!(chat.reasoning_effort, Some(ReasoningEffort("minimal".into())));
    assert!(chat.audio_output && chat.stream && chat.include_usage);
}

#[test]
fn null_is_absent() {
    let nulls = r#""temperature":null,"max_tokens":null,"max_completion_tokens":5,"n":null,"stop":null,"stream":null,
        "stream_options":null,"tools":null,"tool_choice":null,"response_format":null,"user":null,"seed":null"#;
    let chat = chat(&with(nulls)).unwrap();
    assert_eq!((chat.max_output_tokens, chat.choices, chat.stream), (Some(5), 1, false));
}

#[test]
fn every_kind_of_part_is_read() {
    let chat = chat(
        r#"{"model":"m","messages":[
        {"role":"system","content":"s"},{"role":"developer","content":[{"type":"text","text":"d"}]},
        {"role":"user","name":"ann","content":[
            {"type":"text","text":"look","prompt_cache_breakpoint":{"mode":"explicit"}},
            {"type":"image_url","image_url":{"url":"https://x.example/a.png","detail":"low"}},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},
            {"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},
            {"type":"file","file":{"file_id":"file-1"}},
            {"type":"file","file":{"file_data":"QUFB","filename":"a.pdf"}}]},
        {"role":"assistant","content":null,"reasoning_content":"hm","refusal":"no","audio":{"id":"audio_1"},
            "tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"n\":12345678901234567890}"}}]},
        {"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}"#,
    )
    .unwrap();
    let roles: Vec<MessageRole> = chat.messages.iter().map(|message| message.role).collect();
    use MessageRole::*;
    assert_eq!(roles, [System, Developer, User, Assistant, Tool]);
    let file = |data: &str, filename: Option<&str>| Part::File {
        data: data.into(),
        filename: filename.map(str::to_owned),
    };
    assert_eq!(
        chat.messages[2].parts,
        [
            Part::Text("look".into()),
            Part::Image {
                source: ImageSource::Url("https://x.example/a.png".into()),
                detail: Some("low".into())
            },
            Part::Image { source: ImageSource::Data("data:image/png;base64,AA==".into()), detail: None },
            Part::Audio { base64: "AA==".into(), format: "wav".into() },
            file("file-1", None),
            file("data:application/octet-stream;base64,QUFB", Some("a.pdf")),
        ]
    );
    assert_eq!(
        chat.messages[3].parts,
        [
            Part::Thinking { text: "hm".into(), signature: None },
            Part::Refusal("no".into()),
            file("audio_1", None),
            Part::ToolCall {
                id: "call_1".into(),
                name: "f".into(),
                arguments: "{\"n\":12345678901234567890}".into()
            },
        ]
    );
    assert_eq!(
        chat.messages[4].parts,
        [Part::ToolResult {
            call_id: "call_1".into(),
            text: "ab".into(),
            images: Vec::new(),
            is_error: false
        }]
    );
}

#[test]
fn tools_keep_the_text_of_their_schema() {
    let chat = chat(&with(
        r#""tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"b":1.50, "a":2},"strict":true}},
            {"type":"custom","custom":{"name":"g"}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#,
    ))
    .unwrap();
    let first = Tool {
        name: "f".into(),
        description: Some("d".into()),
        parameters: Some(r#"{"b":1.50, "a":2}"#.into()),
        strict: Some(true),
        ..Tool::default()
    };
    assert_eq!(chat.tools[0], first);
    assert_eq!(chat.tools[1].name, "g");
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("f".into())));
}

#[test]
fn functions_are_tools_of_old() {
    let chat = chat(
        r#"{"model":"m","functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"},"messages":[
        {"role":"user","content":"x"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
        {"role":"function","name":"f","content":"r"}]}"#,
    )
    .unwrap();
    assert_eq!(chat.tools[0].name, "f");
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("f".into())));
    assert_eq!(chat.messages[2].role, MessageRole::Tool);
    assert_eq!(
        chat.messages[2].parts,
        [Part::ToolResult { call_id: "f".into(), text: "r".into(), images: Vec::new(), is_error: false }]
    );
}

#[test]
fn every_tool_choice_is_read() {
    for (choice, expected) in [
        ("\"none\"", ToolChoice::None),
        ("\"auto\"", ToolChoice::Auto),
        ("\"required\"", ToolChoice::Required),
        (r#"{"type":"custom","custom":{"name":"c"}}"#, ToolChoice::Named("c".into())),
        (r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[]}}"#, ToolChoice::Required),
    ] {
        assert_eq!(chat(&with(&format!("\"tool_choice\":{choice}"))).unwrap().tool_choice, Some(expected));
    }
}

#[test]
fn every_format_is_read() {
    for (format, expected) in [
        (r#"{"type":"text"}"#, OutputFormat::Text),
        (r#"{"type":"json_object"}"#, OutputFormat::JsonObject),
        (
            r#"{"type":"json_schema","json_schema":{"name":"n","schema":{"x": 1e400},"strict":true}}"#,
            OutputFormat::JsonSchema {
                name: "n".into(),
                schema: r#"{"x": 1e400}"#.into(),
                strict: Some(true),
            },
        ),
    ] {
        assert_eq!(chat(&with(&format!("\"response_format\":{format}"))).unwrap().output, expected);
    }
}

#[test]
fn the_last_of_equal_keys_counts_at_any_depth() {
    let chat = chat(
        r#"{"model":"a","n":1,"model":"b","messages":[{"role":"user","content":"long long","content":"x"}],"\u006e":3}"#,
    )
    .unwrap();
    assert_eq!((chat.model.as_str(), chat.choices), ("b", 3));
    assert_eq!(chat.messages[0].parts, [Part::Text("x".into())]);
}

#[test]
fn a_text_may_have_any_character() {
    let chat = chat(&with(r#""messages":[{"role":"user","content":"\u0000 \ud83d\ude00 é"}]"#)).unwrap();
    assert_eq!(chat.messages[0].parts, [Part::Text("\0 😀 é".into())]);
}

fn input_bound(body: &str) -> u64 {
    let limits = OutputLimits { model_max: None, operator_max: 1_000, uncapped_default: 100 };
    bound::bound(&Canonical::Chat(chat(body).unwrap()), limits).input_tokens
}

#[test]
fn whatever_an_upstream_may_make_tokens_of_is_priced() {
    let text = "x".repeat(10_000);
    let usual = input_bound(&with(""));
    let message =
        |members: &str| with(&format!("\"messages\":[{{\"role\":\"user\",\"content\":\"hi\",{members}}}]"));
    let part = |members: &str| {
        with(&format!(
            "\"messages\":[{{\"role\":\"user\",\"content\":[{{\"type\":\"text\",\"text\":\"hi\",{members}}}]}}]"
        ))
    };
    for body in [
        with(&format!("\"documents\":[{{\"text\":\"{text}\"}}]")),
        with(&format!("\"prediction\":{{\"content\":\"{text}\"}}")),
        with(&format!("\"Messages\":[\"{text}\"]")),
        with(&format!(
            "\"tools\":[{{\"type\":\"function\",\"function\":{{\"name\":\"f\",\"examples\":\"{text}\"}}}}]"
        )),
        with(&format!(
            "\"response_format\":{{\"type\":\"json_schema\",\"json_schema\":{{\"name\":\"n\",\"description\":\"{text}\"}}}}"
        )),
        message(&format!("\"reasoning_details\":[{{\"text\":\"{text}\"}}]")),
        message(&format!("\"Content\":\"{text}\"")),
        message(&format!("\"reasoning_content\":\"a\",\"reasoning\":\"{text}\"")),
        message(&format!(
            "\"tool_calls\":[{{\"id\":\"c\",\"function\":{{\"name\":\"f\",\"arguments\":\"{text}\"}}}}]"
        )),
        message(&format!("\"refusal\":\"{text}\"")),
        part(&format!("\"Text\":\"{text}\"")),
        part(&format!("\"citations\":[[{{\"a\":\"{text}\"}}]]")),
    ] {
        assert!(input_bound(&body) >= usual + 10_000, "{}", &body[..120]);
    }
    for members in [
        "\"metadata\":{\"a\":\"b\"},\"user\":\"u\",\"store\":true,\"temperature\":1,\"seed\":5,\"stop\":[\"a\"]",
        "\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":5,\"n\":1,\"logit_bias\":{\"1\":2}",
    ] {
        assert_eq!(input_bound(&with(members)), usual, "{members}");
    }
}
