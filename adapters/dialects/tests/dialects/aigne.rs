//! AIGNE's own dialect: requests into the vocabulary, answers as deltas or as one object.

use bytes::{Bytes, BytesMut};
use hub_dialects::{AnswerStyle, StreamEncoder, WholeEncoder, aigne, anthropic};
use hub_domain::error::CallError;
use hub_domain::meter::Meter;
use hub_domain::usage::{Quantities, Usage};
use hub_domain::vocabulary::{
    CacheTtl, Canonical, ChatRequest, Dialect, Event, FinishReason, Frame, ImageSource, MessageRole,
    OutputFormat, Part, ReasoningEffort, Receipt, Request, Source, ThinkingMode, ToolChoice,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::{frame, receipt, style, text};

fn decode(body: &Value) -> Result<ChatRequest, CallError> {
    match aigne::decode_chat(&Bytes::from(body.to_string()))? {
        Canonical::Chat(chat) => Ok(chat),
        other => panic!("{other:?}"),
    }
}

/// A request with these members of `input` beside its messages.
fn input(members: Value) -> Value {
    let mut input = json!({ "messages": [{ "role": "user", "content": "hi" }] });
    input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({ "model": "openai/m", "input": input })
}

fn messages(messages: Value) -> Value {
    input(json!({ "messages": messages }))
}

fn options(options: Value) -> Value {
    input(json!({ "modelOptions": options }))
}

fn param(body: &Value) -> String {
    match decode(body).unwrap_err() {
        CallError::InvalidRequest { param, .. } => param.unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_frameworks_client_sends_is_understood() {
    let body = json!({
        "input": {
            "messages": [{ "role": "user", "content": "Say hi" }],
            "modelOptions": { "model": "openai/gpt-5-mini" },
            "outputFileType": "url",
        },
        "agent": "$CHAT_MODEL",
        "options": { "userContext": {}, "memories": [], "streaming": true },
    });
    let chat = decode(&body).unwrap();
    assert_eq!((chat.model.as_str(), chat.stream), ("openai/gpt-5-mini", true));
    assert_eq!(chat.messages[0].parts, [Part::Text("Say hi".into())]);
    assert_eq!(chat.extensions, [""; 0]);
}

#[test]
fn the_model_is_named_in_one_of_three_places_or_is_the_originals() {
    let mut body = json!({ "input": { "messages": [{ "role": "user", "content": "x" }] } });
    assert_eq!(decode(&body).unwrap().model, "openai/gpt-5-mini");
    body["input"]["modelOptions"] = json!({ "model": "p/c" });
    assert_eq!(decode(&body).unwrap().model, "p/c");
    body["input"]["model"] = json!("p/b");
    assert_eq!(decode(&body).unwrap().model, "p/b");
    body["model"] = json!("p/a");
    assert_eq!(decode(&body).unwrap().model, "p/a");
}

#[test]
fn an_agents_calls_and_their_results_are_a_conversation() {
    let call = json!({ "id": "call_1", "type": "function", "function": { "name": "weather", "arguments": { "n": 1.50 } } });
    let chat = decode(&messages(json!([
        { "role": "system", "content": "s" },
        { "role": "agent", "content": "t", "toolCalls": [call] },
        { "role": "tool", "toolCallId": "call_1", "content": [
            { "type": "text", "text": "12 C" }, { "type": "file", "mimeType": "image/png", "data": "AAAA" }] },
    ])))
    .unwrap();
    let roles: Vec<_> = chat.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [MessageRole::System, MessageRole::Assistant, MessageRole::Tool]);
    let Part::ToolCall { id, name, arguments } = &chat.messages[1].parts[1] else { panic!() };
    assert_eq!((id.as_str(), name.as_str(), arguments.as_str()), ("call_1", "weather", r#"{"n":1.5}"#));
    let result = Part::ToolResult {
        call_id: "call_1".into(),
        text: "12 C".into(),
        images: vec![ImageSource::Data("data:image/png;base64,AAAA".into())],
        is_error: false,
    };
    assert_eq!(chat.messages[2].parts, [result]);
}

#[test]
fn parts_are_told_apart_by_their_media_type() {
    let chat = decode(&messages(json!([{ "role": "user", "content": [
        { "type": "text", "text": "t" },
        { "type": "url", "url": "https://x.test/a" },
        { "type": "url", "url": "https://x.test/a.pdf", "mimeType": "application/pdf" },
        { "type": "file", "data": "AAAA" },
        { "type": "file", "data": "AAAA", "mimeType": "audio/mpeg" },
        { "type": "file", "data": "AAAA", "mimeType": "application/pdf", "filename": "a.pdf" },
    ] }])))
    .unwrap();
    let image = |source| Part::Image { source, detail: None };
    assert_eq!(
        chat.messages[0].parts,
        [
            Part::Text("t".into()),
            image(ImageSource::Url("https://x.test/a".into())),
            Part::File { data: "https://x.test/a.pdf".into(), filename: None },
            image(ImageSource::Data("data:image/png;base64,AAAA".into())),
            Part::Audio { base64: "AAAA".into(), format: "mp3".into() },
            Part::File { data: "data:application/pdf;base64,AAAA".into(), filename: Some("a.pdf".into()) },
        ]
    );
}

#[test]
fn options_become_the_vocabularys() {
    let chat = decode(&options(json!({
        "temperature": 0.7, "topP": 0.9, "frequencyPenalty": 1, "presencePenalty": -1, "parallelToolCalls": false,
        "reasoningEffort": "low", "maxTokens": 9, "seed": 4, "preferInputFileType": "url", "flavour": "mint",
    })))
    .unwrap();
    assert_eq!(chat.sampling.temperature.as_deref(), Some("0.7"));
    assert_eq!((chat.sampling.top_p.as_deref(), chat.sampling.seed), (Some("0.9"), Some(4)));
    assert_eq!(chat.parallel_tool_calls, Some(false));
    assert_eq!(chat.reasoning_effort, Some(ReasoningEffort("low".into())));
    assert_eq!(chat.max_output_tokens, Some(9));
    assert_eq!(chat.extensions, ["input.modelOptions.flavour"]);
    let budget = decode(&options(json!({ "reasoningEffort": 2000 }))).unwrap();
    assert_eq!(budget.thinking, Some(ThinkingMode::Budget(2000)));
    let none = decode(&options(json!({ "reasoningEffort": 0 }))).unwrap();
    assert_eq!(none.thinking, Some(ThinkingMode::Disabled));
}

#[test]
fn tools_choices_and_schemas_are_read() {
    let chat = decode(&input(json!({
        "tools": [{ "type": "function", "function": { "name": "f", "parameters": { "type": "object" } },
            "cacheControl": { "type": "ephemeral", "ttl": "1h" } }],
        "toolChoice": { "type": "function", "function": { "name": "f" } },
        "responseFormat": { "type": "json_schema", "jsonSchema": { "name": "o", "schema": { "type": "object" }, "strict": true } },
    })))
    .unwrap();
    assert_eq!((chat.tools[0].name.as_str(), chat.tools[0].cache), ("f", Some(CacheTtl::OneHour)));
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("f".into())));
    let schema = OutputFormat::JsonSchema {
        name: "o".into(),
        schema: r#"{"type":"object"}"#.into(),
        strict: Some(true),
    };
    assert_eq!(chat.output, schema);
}

#[test]
fn the_head_of_the_prompt_is_cached_unless_the_client_says_otherwise() {
    let head = |config: Value| decode(&options(json!({ "cacheConfig": config }))).unwrap().cache_head;
    assert_eq!(decode(&input(json!({}))).unwrap().cache_head, Some(CacheTtl::FiveMinutes));
    assert_eq!(head(json!({ "ttl": "1h" })), Some(CacheTtl::OneHour));
    assert_eq!(head(json!({ "ttl": 3600 })), Some(CacheTtl::OneHour));
    assert_eq!(head(json!({ "enabled": false })), None);
    assert_eq!(head(json!({ "strategy": "manual" })), None);
}

#[test]
fn anthropic_is_told_where_the_head_ends_and_a_clients_own_marks_stand_alone() {
    let sent = |body: &Value| {
        let canonical = Canonical::Chat(decode(body).unwrap());
        let source = Some(Source::of(Dialect::Aigne, Bytes::from(body.to_string())));
        let generation = anthropic::Generation { budget: true, sampling: true, max_output_tokens: 9 };
        let target = anthropic::UpstreamTarget { model: "m", output_limit: None, generation };
        let encoded = anthropic::encode_request(&Request { source, canonical }, &target).unwrap();
        (serde_json::from_slice::<Value>(&encoded.body).unwrap(), encoded.dropped)
    };
    let mut body = input(json!({
        "messages": [{ "role": "system", "content": "s" }, { "role": "user", "content": "x" }],
        "tools": [{ "type": "function", "function": { "name": "a" } }, { "type": "function", "function": { "name": "b" } }],
    }));
    let (marked, dropped) = sent(&body);
    assert_eq!(marked["system"][0]["cache_control"], json!({ "type": "ephemeral" }));
    assert!(marked["tools"][0]["cache_control"].is_null());
    assert_eq!(marked["tools"][1]["cache_control"], json!({ "type": "ephemeral" }));
    assert_eq!(dropped, [""; 0]);
    body["input"]["messages"][1]["cacheControl"] = json!({ "type": "ephemeral" });
    let (own, _) = sent(&body);
    assert!(own["system"][0]["cache_control"].is_null() && own["tools"][1]["cache_control"].is_null());
    assert_eq!(own["messages"][0]["content"][0]["cache_control"], json!({ "type": "ephemeral" }));
}

#[test]
fn what_is_wrong_is_told_with_its_path() {
    assert_eq!(param(&json!({})), "input");
    assert_eq!(param(&json!({ "input": {} })), "input.messages");
    assert_eq!(param(&messages(json!([]))), "input.messages");
    assert_eq!(param(&messages(json!([{ "role": "robot", "content": "x" }]))), "input.messages[0].role");
    assert_eq!(param(&messages(json!([{ "role": "tool", "content": "x" }]))), "input.messages[0].toolCallId");
    let part = |part: Value| param(&messages(json!([{ "role": "user", "content": [part] }])));
    assert_eq!(part(json!({ "type": "local", "path": "/etc/passwd" })), "input.messages[0].content[0].type");
    assert_eq!(part(json!({ "type": "file" })), "input.messages[0].content[0].data");
    assert_eq!(part(json!({ "type": "text", "text": 7 })), "input.messages[0].content[0].text");
    let call = json!({ "id": "c", "function": { "name": "f", "arguments": "{}" } });
    let body = messages(json!([{ "role": "agent", "toolCalls": [call] }]));
    assert_eq!(param(&body), "input.messages[0].toolCalls[0].function.arguments");
    assert_eq!(param(&options(json!({ "temperature": 3 }))), "input.modelOptions.temperature");
    assert_eq!(param(&options(json!({ "reasoningEffort": -1 }))), "input.modelOptions.reasoningEffort");
    assert_eq!(param(&input(json!({ "toolChoice": "maybe" }))), "input.toolChoice");
    let format = json!({ "responseFormat": { "type": "json_schema" } });
    assert_eq!(param(&input(format)), "input.responseFormat.jsonSchema");
}

fn said() -> Vec<Frame> {
    let call = |index, id: &str, name: &str| Event::ToolCallStart {
        choice: 0,
        index,
        id: id.into(),
        name: name.into(),
    };
    let arguments =
        |index, fragment: &str| Event::ToolCallArguments { choice: 0, index, fragment: fragment.into() };
    vec![
        frame([Event::Start { id: "x".into(), model: "gpt-5-mini-2025".into(), created: None }]),
        frame([Event::Thinking { choice: 0, text: "hm".into() }]),
        frame([text(0, "Hel")]),
        frame([text(0, "lo"), call(0, "call_1", "weather"), arguments(0, "{\"n\":1")]),
        frame([arguments(0, ".50}"), call(1, "call_2", "time"), arguments(1, "")]),
        frame([Event::Finish { choice: 0, reason: FinishReason::ToolCalls }, Event::End]),
    ]
}

fn style_of(json_output: bool) -> AnswerStyle {
    AnswerStyle { dialect: Dialect::Aigne, json_output, ..style() }
}

fn written(json_output: bool, frames: &[Frame]) -> String {
    let mut encoder = StreamEncoder::new(style_of(json_output));
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(&receipt(), &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

fn whole(json_output: bool, frames: &[Frame], receipt: &Receipt) -> Value {
    let mut encoder = WholeEncoder::new(style_of(json_output));
    frames.iter().for_each(|frame| encoder.push(frame));
    serde_json::from_slice(&encoder.finish(receipt)).unwrap()
}

/// What AIGNE's client makes of a stream: texts are appended, the rest is assigned.
fn read(stream: &str) -> Value {
    let mut read = json!({});
    for event in stream.strip_suffix("\n\n").unwrap().split("\n\n") {
        let event: Value = serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
        for (key, piece) in event["delta"]["text"].as_object().into_iter().flatten() {
            let before = read[key].as_str().unwrap_or_default().to_owned();
            read[key] = json!(before + piece.as_str().unwrap());
        }
        for (key, value) in event["delta"]["json"].as_object().into_iter().flatten() {
            read[key] = value.clone();
        }
    }
    read
}

#[test]
fn a_stream_and_a_whole_answer_say_the_same() {
    let stream = written(false, &said());
    assert!(
        stream.starts_with("data: {\"delta\":{\"json\":{\"model\":\"gpt-5-mini-2025\"}}}\n\n"),
        "{stream}"
    );
    assert!(stream.contains(r#""arguments":{"n":1.50}"#), "numbers keep their digits: {stream}");
    let answer = read(&stream);
    assert_eq!(answer, whole(false, &said(), &receipt()));
    assert_eq!((&answer["text"], &answer["thoughts"]), (&json!("Hello"), &json!("hm")));
    assert_eq!(answer["toolCalls"][1]["function"], json!({ "name": "time", "arguments": {} }));
    assert_eq!(answer["modelWithProvider"], "openai/gpt-5-mini");
    let usage = &answer["usage"];
    assert_eq!((&usage["inputTokens"], &usage["outputTokens"]), (&json!(8), &json!(2)));
    assert_eq!(usage["aigneHubCredits"].to_string(), "0.000016");
    assert_eq!(usage["modelCallId"], style().call.to_string());
}

#[test]
fn cached_input_stands_beside_the_rest() {
    let quantities = Quantities::default()
        .with(Meter::Input, 100)
        .with(Meter::InputCached, 900)
        .with(Meter::CacheWrite5m, 7)
        .with(Meter::Output, 2);
    let usage = Usage { quantities, ..Usage::default() };
    let answer = whole(false, &said(), &Receipt { usage, ..receipt() });
    assert_eq!(answer["usage"]["inputTokens"], 100);
    assert_eq!(answer["usage"]["cacheReadInputTokens"], 900);
    assert_eq!(answer["usage"]["cacheCreationInputTokens"], 7);
}

#[test]
fn an_object_is_told_as_json_when_one_was_asked_for() {
    let frames = [frame([text(0, "{\"a\":")]), frame([text(0, "1.0}\n"), Event::End])];
    let answer = read(&written(true, &frames));
    assert_eq!((&answer["json"], &answer["text"]), (&json!({ "a": 1.0 }), &Value::Null));
    assert_eq!(answer, whole(true, &frames, &receipt()));
    let broken = [frame([text(0, "{\"a\":"), Event::End])];
    let answer = read(&written(true, &broken));
    assert_eq!((&answer["text"], &answer["json"]), (&json!("{\"a\":"), &Value::Null));
    assert_eq!(answer, whole(true, &broken, &receipt()));
}

#[test]
fn an_answer_that_broke_off_ends_with_an_error_event() {
    let mut encoder = StreamEncoder::new(style_of(false));
    let mut out = BytesMut::new();
    encoder.failed(&CallError::ModelNotFound { model: "x".into() }, &mut out);
    let text = String::from_utf8(out.to_vec()).unwrap();
    let data = text.strip_prefix("event: error\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
    let error: Value = serde_json::from_str(data).unwrap();
    assert!(error["message"].as_str().unwrap().contains("`x`"), "{error}");
    assert_eq!(encoder.keep_alive(), Some(": keep-alive\n\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = aigne::decode_chat(&Bytes::from(bytes));
    }

    #[test]
    fn nor_does_one_that_is_nearly_right(
        cut in 0_usize..400,
        from in prop::sample::select(vec!["\"user\"", "\"text\"", "{", "[", ":", "1", "null"]),
        to in prop::sample::select(vec!["\"agent\"", "\"file\"", "[", "{", ",", "-1e9", "{}"]),
    ) {
        let body = input(json!({
            "messages": [{ "role": "user", "content": [{ "type": "text", "text": "x" }] },
                { "role": "agent", "toolCalls": [{ "id": "c", "function": { "name": "f", "arguments": { "a": 1 } } }] }],
            "modelOptions": { "temperature": 1, "reasoningEffort": 1, "cacheConfig": null },
        })).to_string();
        let mangled = body.replacen(from, to, 1 + cut % 3);
        let _ = aigne::decode_chat(&Bytes::from(mangled));
        let _ = aigne::decode_chat(&Bytes::from(body.chars().take(cut).collect::<String>()));
    }

    #[test]
    fn however_a_text_is_cut_the_client_reads_the_same(pieces in prop::collection::vec(".{0,6}", 0..8)) {
        let frames: Vec<_> = pieces.iter().map(|piece| frame([text(0, piece)])).collect();
        let joined = pieces.concat();
        let read = read(&written(false, &frames));
        prop_assert_eq!(read["text"].as_str().unwrap_or_default(), joined.as_str());
    }
}
