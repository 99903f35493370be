//! APIs that are like OpenAI's and not quite: what they report of a call, streamed and whole, and what they are sent.

use hub_dialects::openai::{self, LimitField, Quirks, ThinkingBack, UpstreamTarget, decode_whole};
use hub_domain::error::UpstreamClass;
use hub_domain::usage::Usage;
use hub_domain::vocabulary::{CallType, Event, FinishReason, Frame, Request};
use serde_json::{Value, json};

use crate::stage::{chunk, decode, events, frames, request, sse, text, with};

/// Counts by the names of their meters.
type Buckets = &'static [(&'static str, u64)];

/// What providers report in the shapes that they have.
const USAGES: &[(&str, &str, Buckets)] = &[
    (
        "DeepSeek: a miss is plain input",
        r#"{"prompt_tokens":120,"completion_tokens":500,"total_tokens":620,"prompt_cache_hit_tokens":64,
            "prompt_cache_miss_tokens":56,"completion_tokens_details":{"reasoning_tokens":450}}"#,
        &[("input", 56), ("input_cached", 64), ("output", 50), ("output_reasoning", 450)],
    ),
    (
        "xAI: reasoning beside the output",
        r#"{"prompt_tokens":10120,"completion_tokens":1499,"total_tokens":14428,
            "prompt_tokens_details":{"text_tokens":10120,"audio_tokens":0,"image_tokens":0,"cached_tokens":128},
            "completion_tokens_details":{"reasoning_tokens":2809,"audio_tokens":0,"accepted_prediction_tokens":0},
            "num_sources_used":0,"cost_in_usd_ticks":123456}"#,
        &[("input", 9992), ("input_cached", 128), ("output", 1499), ("output_reasoning", 2809)],
    ),
    (
        "xAI without a total: more reasoning than output is beside it",
        r#"{"prompt_tokens":10,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":30}}"#,
        &[("input", 10), ("output", 5), ("output_reasoning", 30)],
    ),
    (
        "OpenRouter",
        r#"{"prompt_tokens":1000,"completion_tokens":300,"total_tokens":1300,"cost":0.00014,"is_byok":false,
            "cost_details":{"upstream_inference_cost":null},
            "prompt_tokens_details":{"cached_tokens":800,"cache_write_tokens":100,"audio_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":200}}"#,
        &[
            ("input", 100),
            ("input_cached", 800),
            ("cache_write", 100),
            ("output", 100),
            ("output_reasoning", 200),
        ],
    ),
    (
        "Mistral",
        r#"{"prompt_tokens":15,"completion_tokens":7,"total_tokens":22,"prompt_audio_seconds":null,
            "prompt_tokens_details":{"cached_tokens":5},"num_cached_tokens":5}"#,
        &[("input", 10), ("input_cached", 5), ("output", 7)],
    ),
    (
        "Groq",
        r#"{"queue_time":0.037,"prompt_tokens":18,"prompt_time":0.000680594,"completion_tokens":556,
            "completion_time":0.463333333,"total_tokens":574,"total_time":0.464013927,
            "completion_tokens_details":{"reasoning_tokens":301}}"#,
        &[("input", 18), ("output", 255), ("output_reasoning", 301)],
    ),
    (
        "Together",
        r#"{"prompt_tokens":21,"completion_tokens":45,"total_tokens":66,"cached_tokens":0}"#,
        &[("input", 21), ("output", 45)],
    ),
    (
        "Doubao",
        r#"{"prompt_tokens":100,"completion_tokens":60,"total_tokens":160,
            "prompt_tokens_details":{"cached_tokens":40},"completion_tokens_details":{"reasoning_tokens":50}}"#,
        &[("input", 60), ("input_cached", 40), ("output", 10), ("output_reasoning", 50)],
    ),
    (
        "Ollama, LM Studio",
        r#"{"prompt_tokens":26,"completion_tokens":298,"total_tokens":324}"#,
        &[("input", 26), ("output", 298)],
    ),
    (
        "vLLM",
        r#"{"prompt_tokens":8,"total_tokens":20,"completion_tokens":12,"prompt_tokens_details":null}"#,
        &[("input", 8), ("output", 12)],
    ),
];

fn buckets(usage: &Usage) -> Vec<(&'static str, u64)> {
    usage.quantities.iter().map(|(meter, count)| (meter.name(), count)).collect()
}

fn last_usage(events: &[Event]) -> Option<&Usage> {
    events.iter().rev().find_map(|event| match event {
        Event::Usage(usage) => Some(usage),
        _ => None,
    })
}

fn whole(body: &str) -> Frame {
    decode_whole(body.to_owned().into(), CallType::ChatCompletion).unwrap()
}

fn completion(message: &str, usage: &str) -> String {
    format!(
        r#"{{"id":"c","object":"chat.completion","created":1,"model":"m","usage":{usage},
            "choices":[{{"index":0,"message":{message},"finish_reason":"stop"}}]}}"#
    )
}

#[test]
fn each_providers_usage_is_read_into_buckets_that_do_not_overlap() {
    for (who, usage, expected) in USAGES {
        let body = completion(r#"{"role":"assistant","content":"hi"}"#, usage);
        let frame = whole(&body);
        let read = last_usage(&frame.events).unwrap_or_else(|| panic!("{who}"));
        assert_eq!((buckets(read), read.inconsistent), (expected.to_vec(), false), "{who}, whole");

        let closing = format!(r#"{{"id":"chatcmpl-1","choices":[],"usage":{usage}}}"#);
        // Some put it into the piece with the end, some into every piece, counting on.
        let early = r#"{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
        let with_end = chunk("{}", "stop").replace("\"choices\"", &format!("\"usage\":{usage},\"choices\""));
        for chunks in [
            vec![chunk(r#"{"content":"hi"}"#, ""), chunk("{}", "stop"), closing.clone()],
            vec![chunk(r#"{"content":"hi"}"#, ""), early.to_owned(), with_end],
        ] {
            let chunks: Vec<_> = chunks.iter().map(|text| text.replace('\n', " ")).collect();
            let chunks: Vec<_> = chunks.iter().map(String::as_str).chain(["[DONE]"]).collect();
            let events = events(&sse(&chunks));
            assert_eq!(buckets(last_usage(&events).unwrap()), expected.to_vec(), "{who}, streamed");
        }
    }
}

#[test]
fn groqs_usage_may_stand_in_its_own_member_only() {
    let closing = chunk("{}", "stop").replace(
        "\"choices\"",
        r#""x_groq":{"id":"req_1","usage":{"prompt_tokens":18,"completion_tokens":5,"total_tokens":23}},"choices""#,
    );
    let events = events(&sse(&[&chunk(r#"{"content":"hi"}"#, ""), &closing, "[DONE]"]));
    assert_eq!(buckets(last_usage(&events).unwrap()), [("input", 18), ("output", 5)]);
}

#[test]
fn a_bot_that_reports_nothing_but_zeros_has_not_counted() {
    let zeros = r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#;
    let frame = whole(&completion(r#"{"role":"assistant","content":"hi"}"#, zeros));
    assert_eq!(last_usage(&frame.events), None);
}

#[test]
fn thoughts_are_read_wherever_a_provider_puts_them() {
    for message in [
        r#"{"role":"assistant","reasoning_content":"hm","content":"hi"}"#,
        r#"{"role":"assistant","reasoning":"hm","content":"hi","reasoning_details":[{"type":"reasoning.text","text":"hm"}]}"#,
        r#"{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}],"closed":true},{"type":"text","text":"hi"}]}"#,
    ] {
        let frame = whole(&completion(message, "null"));
        let is_said = |event: &&Event| matches!(event, Event::Thinking { .. } | Event::Text { .. });
        let said: Vec<_> = frame.events.iter().filter(is_said).collect();
        assert_eq!(said, [&Event::Thinking { choice: 0, text: "hm".into() }, &text(0, "hi")], "{message}");
        let is_list = message.contains("\"content\":[");
        assert_eq!(frame.raw.is_none(), is_list, "OpenAI's clients know texts only: {message}");
        let streamed = frames(&sse(&[&chunk(message, ""), &chunk("{}", "stop"), "[DONE]"]));
        assert_eq!(streamed[0].raw.is_none(), is_list, "{message}");
    }
}

#[test]
fn an_end_that_is_none_is_a_failure() {
    for (reason, class) in
        [("insufficient_system_resource", UpstreamClass::Overloaded), ("error", UpstreamClass::Server)]
    {
        let stream = sse(&[&chunk(r#"{"content":"hi"}"#, ""), &chunk("{}", reason), "[DONE]"]);
        let (frames, result) = decode(&[stream.as_bytes()]);
        assert_eq!((frames.len(), result.unwrap_err().class), (1, class), "{reason}");
    }
    let groq = r#"{"id":"c","choices":[],"x_groq":{"error":{"message":"over","type":"overloaded"}}}"#;
    let (_, result) = decode(&[sse(&[&chunk(r#"{"content":"hi"}"#, ""), groq]).as_bytes()]);
    assert_eq!(result.unwrap_err().class, UpstreamClass::Overloaded);
    let long = events(&sse(&[&chunk(r#"{"content":"hi"}"#, "model_length"), "[DONE]"]));
    assert!(long.contains(&Event::Finish { choice: 0, reason: FinishReason::ContextFull }));
}

fn target(quirks: Quirks) -> UpstreamTarget<'static> {
    UpstreamTarget {
        model: "up",
        output_limit: None,
        limit_field: LimitField::MaxTokens,
        speech_events: false,
        quirks,
    }
}

/// What is sent of a client's own request, and of the same in another dialect.
fn both(body: &str, target: &UpstreamTarget<'_>) -> [(Value, Vec<String>); 2] {
    let own = request(body);
    let foreign = Request { source: None, canonical: own.canonical.clone() };
    [own, foreign].map(|request| {
        let sent = openai::encode_request(&request, target).unwrap();
        (serde_json::from_slice(&sent.body).unwrap(), sent.dropped)
    })
}

#[test]
fn where_a_role_is_unknown_developers_speak_for_the_system() {
    let body = r#"{"model":"m","messages":[{"role":"developer","content":"d","x":1},{"role":"user","content":"u"}]}"#;
    let [(own, _), (foreign, _)] = both(body, &target(Quirks { developer_role: false, ..Quirks::NONE }));
    assert_eq!(own["messages"][0], json!({"role": "system", "content": "d", "x": 1}));
    assert_eq!(foreign["messages"][0]["role"], "system");
    for (sent, _) in both(body, &target(Quirks::NONE)) {
        assert_eq!(sent["messages"][0]["role"], "developer");
    }
}

#[test]
fn thoughts_go_back_as_the_provider_takes_them() {
    let body = r#"{"model":"m","messages":[
        {"role":"user","content":"u"},{"role":"assistant","content":"a","reasoning_content":"one"},
        {"role":"user","content":"u"},{"role":"assistant","content":null,"reasoning":"two",
            "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c","content":"r"}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#;
    for (back, member, expected) in [
        (ThinkingBack::In("reasoning_content"), "reasoning_content", [Some("one"), Some("two")]),
        (ThinkingBack::In("reasoning"), "reasoning", [Some("one"), Some("two")]),
        (ThinkingBack::WithCalls("reasoning_content"), "reasoning_content", [None, Some("two")]),
        (ThinkingBack::Never, "reasoning_content", [None, None]),
    ] {
        let [(own, _), (foreign, _)] = both(body, &target(Quirks { thinking_back: back, ..Quirks::NONE }));
        for sent in [&own, &foreign] {
            let thoughts = [1, 3].map(|at| sent["messages"][at].get(member).and_then(Value::as_str));
            // OpenAI's own shape is left as the client wrote it.
            if back != ThinkingBack::In("reasoning_content") || std::ptr::eq(sent, &foreign) {
                assert_eq!(thoughts, expected, "{back:?}");
            }
        }
    }
}

#[test]
fn a_schema_that_can_not_be_told_in_its_place_is_told_in_the_prompt() {
    let body = with(
        r#""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","x":1.50}}}"#,
    );
    for (sent, _) in both(&body, &target(Quirks { json_schema: false, ..Quirks::NONE })) {
        assert_eq!(sent["response_format"], json!({"type": "json_object"}));
        assert_eq!(
            (&sent["messages"][0]["role"], &sent["messages"][1]["content"]),
            (&json!("system"), &json!("hi"))
        );
        let told = sent["messages"][0]["content"].as_str().unwrap();
        assert!(told.contains("JSON") && told.contains(r#"{"type":"object","x":1.50}"#), "{told}");
    }
    for (sent, _) in both(&body, &target(Quirks::NONE)) {
        assert_eq!(sent["response_format"]["type"], "json_schema");
    }
}

#[test]
fn a_tool_without_parameters_has_an_empty_object_where_that_is_needed() {
    for parameters in ["", r#","parameters":{}"#] {
        let body = with(&format!(
            r#""tools":[{{"type":"function","function":{{"name":"f"{parameters}}}}},{{"type":"function","function":{{"name":"g","parameters":{{"a":1}}}}}}]"#
        ));
        for (sent, _) in both(&body, &target(Quirks { bare_tools: false, ..Quirks::NONE })) {
            assert_eq!(
                sent["tools"][0]["function"]["parameters"],
                json!({"type": "object", "properties": {}})
            );
            assert_eq!(sent["tools"][1]["function"]["parameters"], json!({"a": 1}));
        }
    }
}

#[test]
fn what_is_refused_and_means_nothing_is_left_out_and_told() {
    let body = with(r#""user":"u","metadata":{"a":"b"},"temperature":0.5"#);
    let [(own, dropped), (foreign, foreign_dropped)] =
        both(&body, &target(Quirks { refused: &["user", "metadata"], ..Quirks::NONE }));
    assert_eq!((own.get("user"), own.get("metadata"), &own["temperature"]), (None, None, &json!(0.5)));
    assert_eq!(dropped, ["user", "metadata"]);
    assert_eq!((foreign.get("user"), &foreign["temperature"]), (None, &json!(0.5)));
    assert!(foreign_dropped.contains(&"user".to_owned()), "{foreign_dropped:?}");
}

#[test]
fn a_model_that_thinks_is_not_sampled_otherwise() {
    let quirks =
        Quirks { refused_by_reasoning: &["temperature", "top_p", "presence_penalty"], ..Quirks::NONE };
    let target = UpstreamTarget { limit_field: LimitField::OnlyMaxCompletionTokens, ..target(quirks) };
    let body = with(r#""temperature":0.2,"top_p":1,"presence_penalty":0.0,"max_tokens":50"#);
    for (sent, dropped) in both(&body, &target) {
        assert_eq!((sent.get("temperature"), &sent["max_completion_tokens"]), (None, &json!(50)));
        assert_eq!((&sent["top_p"], dropped), (&json!(1), vec!["temperature".to_owned()]));
    }
    let body = with(r#""temperature":0.2,"reasoning_effort":"none""#);
    for (sent, dropped) in both(&body, &target) {
        assert_eq!((&sent["temperature"], dropped.len()), (&json!(0.2), 0), "it was told not to think");
    }
}

#[test]
fn a_limit_goes_into_the_one_field_that_is_known() {
    let target = UpstreamTarget {
        output_limit: Some(40),
        limit_field: LimitField::OnlyMaxTokens,
        ..target(Quirks::NONE)
    };
    for (sent, _) in both(&with(r#""max_completion_tokens":50"#), &target) {
        assert_eq!((&sent["max_tokens"], sent.get("max_completion_tokens")), (&json!(40), None));
    }
}
