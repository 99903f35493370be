//! Requests that are refused, with the field and the code.

use bytes::Bytes;
use hub_dialects::openai::decode_chat;
use hub_domain::error::CallError;
use proptest::prelude::*;

use crate::stage::{chat, with};

/// Path and code of the refusal.
fn refusal(body: &str) -> (String, &'static str) {
    fault(chat(body).expect_err(body))
}

fn fault(error: CallError) -> (String, &'static str) {
    match error {
        CallError::InvalidRequest { param, code, message } => {
            assert!(message.len() < 400, "{message}");
            (param.unwrap_or_default(), code)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_json_is_told_with_its_place() {
    for (body, place) in [
        ("", "line 1 column 0"),
        ("{", "line 1 column 1"),
        ("{\"model\":\"m\",\n \"messages\": [,]}", "line 2 column 15 (byte 29)"),
        ("{\"model\":\"m\"} x", "line 1 column 15"),
        ("\u{feff}{}", "line 1 column 1"),
        ("{\"model\":\"\\ud83d\"}", "line 1 column"),
        ("{\"model\": tru}", "line 1 column"),
    ] {
        match chat(body) {
            Err(CallError::InvalidRequest { message, param: None, code: "invalid_json" }) => {
                assert!(message.contains(place), "{body}: {message}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn a_body_is_an_object_in_utf_8() {
    for body in ["[]", "5", "\"x\"", "null"] {
        assert_eq!(refusal(body), (String::new(), "invalid_type"), "{body}");
    }
    let error = decode_chat(&Bytes::from_static(b"{\"model\":\"\xff\"}")).unwrap_err();
    assert!(error.to_string().contains("UTF-8 at byte 10"), "{error}");
    assert_eq!(fault(error), (String::new(), "invalid_json"));
}

#[test]
fn what_is_missing_is_named() {
    for (body, param) in [
        (r#"{"messages":[]}"#.to_owned(), "model"),
        (r#"{"model":null,"messages":[]}"#.to_owned(), "model"),
        (r#"{"model":"m"}"#.to_owned(), "messages"),
        (r#"{"model":"m","messages":null}"#.to_owned(), "messages"),
        (with(r#""messages":[{"content":"x"}]"#), "messages[0].role"),
        (with(r#""messages":[{"role":"user"}]"#), "messages[0].content"),
        (with(r#""messages":[{"role":"user","content":[{}]}]"#), "messages[0].content[0].type"),
        (with(r#""messages":[{"role":"user","content":[{"type":"text"}]}]"#), "messages[0].content[0].text"),
        (
            with(
                r#""messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{}}]}]"#,
            ),
            "messages[0].content[1].image_url.url",
        ),
        (
            with(r#""messages":[{"role":"user","content":[{"type":"file","file":{}}]}]"#),
            "messages[0].content[0].file.file_data",
        ),
        (with(r#""messages":[{"role":"tool","content":"x"}]"#), "messages[0].tool_call_id"),
        (
            with(r#""messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f"}}]}]"#),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (with(r#""tools":[{"function":{"name":"f"}}]"#), "tools[0].type"),
        (with(r#""tools":[{"type":"function"}]"#), "tools[0].function"),
        (with(r#""tools":[{"type":"function","function":{}}]"#), "tools[0].function.name"),
        (with(r#""tool_choice":{"type":"function"}"#), "tool_choice.function"),
        (with(r#""response_format":{}"#), "response_format.type"),
        (with(r#""response_format":{"type":"json_schema"}"#), "response_format.json_schema"),
        (
            with(r#""response_format":{"type":"json_schema","json_schema":{}}"#),
            "response_format.json_schema.name",
        ),
    ] {
        assert_eq!(refusal(&body), (param.to_owned(), "missing_required_parameter"), "{body}");
    }
}

#[test]
fn a_wrong_type_is_named() {
    for (members, param) in [
        (r#""model":5"#, "model"),
        (r#""messages":"hi""#, "messages"),
        (r#""messages":[5]"#, "messages[0]"),
        (r#""messages":[{"role":5}]"#, "messages[0].role"),
        (r#""messages":[{"role":"user","content":5}]"#, "messages[0].content"),
        (
            r#""messages":[{"role":"user","content":"x"},{"role":"user","content":[{"type":"image_url","image_url":"u"}]}]"#,
            "messages[1].content[0].image_url",
        ),
        (
            r#""messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":5}}]}]"#,
            "messages[0].content[1].image_url.url",
        ),
        (r#""messages":[{"role":"assistant","tool_calls":{}}]"#, "messages[0].tool_calls"),
        (
            r#""messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":{}}}]}]"#,
            "messages[0].tool_calls[0].function.arguments",
        ),
        (r#""temperature":"0.5""#, "temperature"),
        (r#""max_tokens":"100""#, "max_tokens"),
        (r#""max_tokens":1.5"#, "max_tokens"),
        (r#""n":true"#, "n"),
        (r#""seed":0.5"#, "seed"),
        (r#""stop":5"#, "stop"),
        (r#""stop":["a",5]"#, "stop[1]"),
        (r#""stream":"true""#, "stream"),
        (r#""stream":true,"stream_options":[]"#, "stream_options"),
        (r#""stream":true,"stream_options":{"include_usage":1}"#, "stream_options.include_usage"),
        (r#""tools":{}"#, "tools"),
        (
            r#""tools":[{"type":"function","function":{"name":"f","parameters":[]}}]"#,
            "tools[0].function.parameters",
        ),
        (r#""tool_choice":5"#, "tool_choice"),
        (r#""response_format":"json""#, "response_format"),
        (r#""reasoning_effort":3"#, "reasoning_effort"),
        (r#""modalities":"audio""#, "modalities"),
        (r#""audio":"alloy""#, "audio"),
        (r#""logit_bias":[]"#, "logit_bias"),
        (r#""logprobs":5"#, "logprobs"),
        (r#""user":{}"#, "user"),
        (r#""functions":{}"#, "functions"),
    ] {
        let body = with(members);
        assert_eq!(refusal(&body), (param.to_owned(), "invalid_type"), "{body}");
    }
}

#[test]
fn a_refusal_tells_what_was_expected_and_repeats_little() {
    let told = chat(&with(r#""messages":[{"role":"user","content":5}]"#)).unwrap_err().to_string();
    assert_eq!(
        told,
        "Invalid type for 'messages[0].content': expected a string or an array of parts, but got an integer instead."
    );
    let secret = "secret ".repeat(100);
    let told = chat(&with(&format!("\"messages\":\"{secret}\""))).unwrap_err().to_string();
    assert!(!told.contains("secret"), "{told}");
    let told = chat(&with(&format!("\"tool_choice\":\"{secret}\""))).unwrap_err().to_string();
    assert!(told.len() < 200, "{told}");
}

#[test]
fn a_wrong_value_is_named() {
    for (members, param) in [
        (r#""messages":[{"role":"robot","content":"x"}]"#, "messages[0].role"),
        (
            r#""messages":[{"role":"user","content":[{"type":"local","path":"/etc/passwd"}]}]"#,
            "messages[0].content[0].type",
        ),
        (
            r#""messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]"#,
            "messages[0].content[0].image_url.url",
        ),
        (r#""messages":[{"role":"tool","tool_call_id":"c","content":"x"}]"#, "messages[0].tool_call_id"),
        (
            r#""messages":[{"role":"assistant","tool_calls":[{"id":"a\u0000","function":{"name":"f","arguments":""}}]}]"#,
            "messages[0].tool_calls[0].id",
        ),
        (r#""tools":[{"type":"web_search"}]"#, "tools[0].type"),
        (r#""tools":[{"type":"function","function":{"name":"a\u0000b"}}]"#, "tools[0].function.name"),
        (r#""tool_choice":"maybe""#, "tool_choice"),
        (r#""tool_choice":{"type":"x"}"#, "tool_choice.type"),
        (r#""response_format":{"type":"xml"}"#, "response_format.type"),
        (r#""reasoning_effort":"""#, "reasoning_effort"),
    ] {
        let body = with(members);
        assert_eq!(refusal(&body), (param.to_owned(), "invalid_value"), "{body}");
    }
}

#[test]
fn numbers_have_ranges() {
    for (members, param, code) in [
        (r#""max_tokens":0"#, "max_tokens", "integer_below_min_value"),
        (r#""max_tokens":-5"#, "max_tokens", "integer_below_min_value"),
        (r#""max_completion_tokens":-0"#, "max_completion_tokens", "integer_below_min_value"),
        (r#""max_tokens":9223372036854775808"#, "max_tokens", "integer_above_max_value"),
        (r#""max_completion_tokens":1e400"#, "max_completion_tokens", "integer_above_max_value"),
        (r#""n":0"#, "n", "integer_below_min_value"),
        (r#""n":11"#, "n", "integer_above_max_value"),
        (r#""top_logprobs":21"#, "top_logprobs", "integer_above_max_value"),
        (r#""temperature":2.01"#, "temperature", "decimal_above_max_value"),
        (r#""temperature":-0.1"#, "temperature", "decimal_below_min_value"),
        (r#""temperature":1e400"#, "temperature", "decimal_above_max_value"),
        (r#""top_p":1.1"#, "top_p", "decimal_above_max_value"),
        (r#""presence_penalty":-3"#, "presence_penalty", "decimal_below_min_value"),
        (r#""frequency_penalty":3"#, "frequency_penalty", "decimal_above_max_value"),
    ] {
        assert_eq!(refusal(&with(members)), (param.to_owned(), code), "{members}");
    }
}

#[test]
fn lists_have_limits() {
    assert_eq!(refusal(r#"{"model":"m","messages":[]}"#), ("messages".into(), "empty_array"));
    assert_eq!(refusal(r#"{"model":"","messages":[]}"#), ("model".into(), "empty_string"));
    let message = r#"{"role":"user","content":"x"}"#;
    let many = vec![message; 4_097].join(",");
    assert_eq!(
        refusal(&with(&format!("\"messages\":[{many}]"))),
        ("messages".into(), "array_above_max_length")
    );
    let tools = vec![r#"{"type":"function","function":{"name":"f"}}"#; 513].join(",");
    assert_eq!(refusal(&with(&format!("\"tools\":[{tools}]"))), ("tools".into(), "array_above_max_length"));
    let stops = vec!["\"a\""; 17].join(",");
    assert_eq!(refusal(&with(&format!("\"stop\":[{stops}]"))), ("stop".into(), "array_above_max_length"));
    let name = "x".repeat(65);
    let named = format!("\"messages\":[{{\"role\":\"user\",\"content\":\"x\",\"name\":\"{name}\"}}]");
    assert_eq!(refusal(&with(&named)), ("messages[0].name".into(), "string_above_max_length"));
}

#[test]
fn deep_and_large_bodies_are_refused_wherever_they_are_deep() {
    for field in ["messages", "unknown", "metadata"] {
        let deep = format!("\"{field}\":{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refusal(&with(&deep)), (String::new(), "json_too_deep"));
        let unclosed = format!("{{\"{field}\":{}", "{\"a\":".repeat(100_000));
        assert_eq!(refusal(&unclosed), (String::new(), "json_too_deep"));
    }
    let large = format!("\"unknown\":[{}0]", "0,".repeat(200_000));
    assert_eq!(refusal(&with(&large)), (String::new(), "json_too_large"));
}

#[test]
fn rules_between_fields_are_kept() {
    let both = with(r#""max_tokens":5,"max_completion_tokens":5"#);
    assert_eq!(refusal(&both), ("max_tokens".into(), "invalid_parameter_combination"));
    let two = with(
        r#""messages":[{"role":"user","content":[{"type":"text","text":"x","image_url":{"url":"data:x"}}]}]"#,
    );
    assert_eq!(refusal(&two), ("messages[0].content[0]".into(), "invalid_value"));
    let options = with(r#""stream_options":{"include_usage":true}"#);
    assert_eq!(refusal(&options), ("stream_options".into(), "invalid_parameter_combination"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_chat(&Bytes::from(bytes));
    }

    #[test]
    fn a_changed_request_is_read_or_refused(at in any::<prop::sample::Index>(), to in "[{}\\[\\]\",:0-9ntfe.\\\\-]{0,3}", cut in 0..5_usize) {
        let body = with(r#""tools":[{"type":"function","function":{"name":"f","parameters":{"a":1}}}],"tool_choice":"auto",
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}},"stop":["a"],"n":2,"temperature":1.0,
            "messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:x"}}]}]"#);
        let at = at.index(body.len());
        let end = (at + cut).min(body.len());
        let changed = format!("{}{to}{}", &body[..at], &body[end..]);
        match decode_chat(&Bytes::from(changed)) {
            Ok(_) | Err(CallError::InvalidRequest { .. }) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
