//! OpenAI's Responses: requests into the vocabulary, answers as numbered events or as one object.

use bytes::{Bytes, BytesMut};
use hub_dialects::{AnswerStyle, StreamEncoder, WholeEncoder, responses};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, Dialect, Event, FinishReason, Frame, ImageSource, MessageRole, OutputFormat,
    Part, ToolChoice,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::{frame, receipt, style, text};

fn decode(body: &Value) -> Result<ChatRequest, CallError> {
    match responses::decode_request(&Bytes::from(body.to_string()))? {
        Canonical::Chat(chat) => Ok(chat),
        other => panic!("{other:?}"),
    }
}

fn with(member: &str, value: Value) -> Value {
    let mut body = json!({ "model": "m", "input": "hi" });
    body[member] = value;
    body
}

fn refused(body: &Value) -> (String, String) {
    match decode(body).unwrap_err() {
        CallError::InvalidRequest { param, code, .. } => (param.unwrap_or_default(), code.to_owned()),
        other => panic!("{other:?}"),
    }
}

fn param(body: &Value) -> String {
    refused(body).0
}

#[test]
fn a_text_is_one_message_and_instructions_stand_before_it() {
    let chat = decode(&with("instructions", json!("be brief"))).unwrap();
    let said: Vec<_> = chat.messages.iter().map(|message| (message.role, message.parts.as_slice())).collect();
    let part = |text: &str| vec![Part::Text(text.to_owned())];
    let (system, user) = (part("be brief"), part("hi"));
    assert_eq!(said, [(MessageRole::System, &system[..]), (MessageRole::User, &user[..])]);
}

#[test]
fn the_items_of_one_turn_are_one_message() {
    let chat = decode(&with("input", json!([
        { "role": "user", "content": [
            { "type": "input_text", "text": "t" },
            { "type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low" },
            { "type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf" },
            { "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } }] },
        { "type": "reasoning", "id": "rs_1", "summary": [{ "type": "summary_text", "text": "hm" }], "encrypted_content": "seal" },
        { "type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "hub.redacted.xyz" },
        { "type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "hub.sealed.others" },
        { "type": "reasoning", "id": "rs_3", "summary": [] },
        { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "a", "annotations": [] }] },
        { "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"n\":1.50}" },
        { "type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c1", "output": "12 C" },
        { "type": "function_call_output", "call_id": "c2", "output": [{ "type": "input_text", "text": "x" },
            { "type": "input_image", "image_url": "https://x.test/a.png" }] },
    ])))
    .unwrap();
    let roles: Vec<_> = chat.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [MessageRole::User, MessageRole::Assistant, MessageRole::Tool]);
    assert_eq!(chat.messages[0].parts.len(), 4);
    let call = |id: &str, name: &str, arguments: &str| Part::ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    assert_eq!(
        chat.messages[1].parts,
        [
            Part::Thinking { text: "hm".into(), signature: Some("hub.responses.seal".into()) },
            Part::RedactedThinking("xyz".into()),
            Part::Thinking { text: String::new(), signature: Some("others".into()) },
            Part::Text("a".into()),
            call("c1", "f", "{\"n\":1.50}"),
            call("c2", "g", "{}"),
        ]
    );
    let Part::ToolResult { text, images, .. } = &chat.messages[2].parts[1] else { panic!() };
    assert_eq!(
        (text.as_str(), images.as_slice()),
        ("x", &[ImageSource::Url("https://x.test/a.png".into())][..])
    );
}

#[test]
fn tools_choices_formats_and_efforts_are_read() {
    let mut body = with(
        "tools",
        json!([
            { "type": "function", "name": "f", "parameters": { "type": "object" }, "strict": true },
            { "type": "custom", "name": "c" },
            { "type": "web_search" },
        ]),
    );
    body["tool_choice"] = json!({ "type": "function", "name": "f" });
    body["text"] = json!({ "format": { "type": "json_schema", "name": "o", "schema": { "type": "object" }, "strict": true } });
    body["reasoning"] = json!({ "effort": "low", "summary": "auto" });
    body["max_output_tokens"] = json!(99);
    body["service_tier"] = json!("flex");
    let chat = decode(&body).unwrap();
    assert_eq!((chat.tools[0].name.as_str(), chat.tools[0].strict), ("f", Some(true)));
    assert_eq!(chat.tools[2].hosted.as_deref(), Some("web_search"));
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("f".into())));
    assert!(matches!(chat.output, OutputFormat::JsonSchema { strict: Some(true), .. }));
    assert_eq!(chat.reasoning_effort.unwrap().0, "low");
    assert_eq!((chat.max_output_tokens, chat.extensions), (Some(99), vec!["service_tier".to_owned()]));
}

#[test]
fn what_needs_stored_state_is_refused_by_name() {
    let refused_so = |member: &str, value: Value| {
        assert_eq!(refused(&with(member, value)), (member.to_owned(), "unsupported_parameter".to_owned()));
    };
    refused_so("previous_response_id", json!("resp_1"));
    refused_so("conversation", json!({ "id": "conv_1" }));
    refused_so("prompt", json!({ "id": "pmpt_1" }));
    refused_so("background", json!(true));
    let reference = with("input", json!([{ "type": "item_reference", "id": "msg_1" }]));
    assert_eq!(refused(&reference).0, "input[0].type");
    // What clients send as a matter of course is no wish for state.
    let mut usual = with("store", json!(false));
    usual["previous_response_id"] = Value::Null;
    usual["background"] = json!(false);
    assert!(decode(&usual).is_ok());
}

#[test]
fn what_is_wrong_is_told_with_its_path() {
    assert_eq!(param(&json!({ "model": "m" })), "input");
    assert_eq!(param(&json!({ "input": "x" })), "model");
    assert_eq!(param(&with("input", json!([]))), "input");
    assert_eq!(param(&with("input", json!([{ "role": "robot", "content": "x" }]))), "input[0].role");
    let part = json!([{ "role": "user", "content": [{ "type": "smell" }] }]);
    assert_eq!(param(&with("input", part)), "input[0].content[0].type");
    let orphan = json!([{ "type": "function_call_output", "call_id": "c9", "output": "x" }]);
    assert_eq!(param(&with("input", orphan)), "input[0].call_id");
    assert_eq!(param(&with("max_output_tokens", json!(0))), "max_output_tokens");
    assert_eq!(param(&with("tools", json!([{ "type": "function" }]))), "tools[0].name");
    assert_eq!(param(&with("tool_choice", json!("maybe"))), "tool_choice");
    assert_eq!(param(&with("text", json!({ "format": { "type": "json_schema" } }))), "text.format.schema");
}

fn asked() -> AnswerStyle {
    let echo =
        responses::echo(br#"{"model":"m","input":"x","metadata":{"a":"b"},"tools":null,"store":true}"#);
    AnswerStyle { dialect: Dialect::Responses, echo: Some(echo.into()), ..style() }
}

fn said(finish: FinishReason) -> Vec<Frame> {
    let call = |index, id: &str| Event::ToolCallStart { choice: 0, index, id: id.into(), name: "f".into() };
    let arguments =
        |index, fragment: &str| Event::ToolCallArguments { choice: 0, index, fragment: fragment.into() };
    vec![
        frame([Event::Start { id: "x".into(), model: "up".into(), created: None }]),
        frame([
            Event::Thinking { choice: 0, text: "h".into() },
            Event::Thinking { choice: 0, text: "m".into() },
        ]),
        frame([Event::ThinkingSignature { choice: 0, signature: "se".into() }]),
        frame([Event::ThinkingSignature { choice: 0, signature: "al".into() }]),
        frame([Event::RedactedThinking { choice: 0, data: "xyz".into() }]),
        frame([text(0, "Hel")]),
        frame([text(0, "lo"), call(0, "c1"), arguments(0, "{\"n\"")]),
        frame([call(1, "c2"), arguments(1, "{}"), arguments(0, ":1.50}")]),
        frame([Event::Finish { choice: 0, reason: finish }, Event::End]),
    ]
}

fn written(frames: &[Frame]) -> Vec<Value> {
    let mut encoder = StreamEncoder::new(asked());
    let mut out = BytesMut::new();
    frames.iter().for_each(|frame| encoder.frame(frame, &mut out));
    encoder.settled(&receipt(), &mut out);
    events(&out)
}

/// Each event's JSON, whose type its line names too.
fn events(out: &[u8]) -> Vec<Value> {
    let stream = std::str::from_utf8(out).unwrap().strip_suffix("\n\n").unwrap();
    let event = |block: &str| {
        let (kind, data) = block.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!(event["type"], kind);
        event
    };
    stream.split("\n\n").map(event).collect()
}

fn whole(frames: &[Frame]) -> Value {
    let mut encoder = WholeEncoder::new(asked());
    frames.iter().for_each(|frame| encoder.push(frame));
    serde_json::from_slice(&encoder.finish(&receipt())).unwrap()
}

/// Puts a response together from its pieces as OpenAI's client does, and fails where that does.
fn accumulated(events: &[Value]) -> Value {
    assert_eq!(events[0]["type"], "response.created");
    let mut output: Vec<Value> = Vec::new();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number, "numbers rise by one");
        let at = || usize::try_from(event["output_index"].as_u64().unwrap()).unwrap();
        let append = |whole: &mut Value| {
            *whole = json!(whole.as_str().unwrap().to_owned() + event["delta"].as_str().unwrap());
        };
        if event["item_id"].is_string() {
            assert_eq!(output[at()]["id"], event["item_id"]);
        }
        match event["type"].as_str().unwrap() {
            "response.output_item.added" => {
                assert_eq!(at(), output.len(), "items come in order");
                output.push(event["item"].clone());
            }
            "response.content_part.added" => {
                output[at()]["content"].as_array_mut().unwrap().push(event["part"].clone());
            }
            "response.output_text.delta" => append(&mut output[at()]["content"][0]["text"]),
            "response.refusal.delta" => append(&mut output[at()]["content"][0]["refusal"]),
            "response.function_call_arguments.delta" => append(&mut output[at()]["arguments"]),
            "response.reasoning_summary_part.added" => {
                output[at()]["summary"].as_array_mut().unwrap().push(event["part"].clone());
            }
            "response.reasoning_summary_text.delta" => append(&mut output[at()]["summary"][0]["text"]),
            "response.output_item.done" => {
                // The seal is the one thing that only the whole item has.
                output[at()]["encrypted_content"] = event["item"]["encrypted_content"].clone();
                output[at()]["status"] = event["item"]["status"].clone();
                let mut done = event["item"].clone();
                done["encrypted_content"] = event["item"]["encrypted_content"].clone();
                assert_eq!(output[at()], done, "the pieces say what the whole says");
            }
            _ => {}
        }
    }
    let done = events.iter().filter(|event| event["type"] == "response.output_item.done").count();
    assert_eq!(done, output.len(), "each item is done, once");
    events.last().unwrap()["response"].clone()
}

#[test]
fn a_stream_puts_together_what_the_whole_answer_is() {
    let events = written(&said(FinishReason::ToolCalls));
    let response = accumulated(&events);
    assert_eq!(response, whole(&said(FinishReason::ToolCalls)));
    assert_eq!(events.last().unwrap()["type"], "response.completed");
    let kinds: Vec<_> =
        response["output"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect();
    assert_eq!(kinds, ["reasoning", "reasoning", "message", "function_call", "function_call"]);
    assert_eq!(response["output"][0]["encrypted_content"], "hub.sealed.seal");
    assert_eq!(
        (&response["output"][3]["call_id"], &response["output"][3]["arguments"]),
        (&json!("c1"), &json!("{\"n\":1.50}"))
    );
    assert_eq!(
        (&response["status"], &response["metadata"], &response["store"]),
        (&json!("completed"), &json!({ "a": "b" }), &json!(false))
    );
    assert_eq!(response["tools"], json!([]));
    let usage = &response["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["output_tokens"], &usage["total_tokens"]),
        (&json!(8), &json!(2), &json!(10))
    );
    assert_eq!(usage["aigneHubCredits"].to_string(), "0.000016");
    assert_eq!(usage["modelCallId"], style().call.to_string());
}

#[test]
fn what_an_answer_said_can_be_handed_back() {
    let response = whole(&said(FinishReason::ToolCalls));
    let mut input = response["output"].as_array().unwrap().clone();
    input.insert(0, json!({ "role": "user", "content": "x" }));
    input.push(json!({ "type": "function_call_output", "call_id": "c1", "output": "1" }));
    let chat = decode(&with("input", json!(input))).unwrap();
    let parts = &chat.messages[1].parts;
    assert_eq!(parts[0], Part::Thinking { text: "hm".into(), signature: Some("seal".into()) });
    assert_eq!(parts[1], Part::RedactedThinking("xyz".into()));
    assert!(
        matches!(&parts[3], Part::ToolCall { id, arguments, .. } if id == "c1" && arguments == "{\"n\":1.50}")
    );
}

#[test]
fn a_seal_after_redacted_thoughts_belongs_to_thoughts_of_its_own() {
    let frames = [
        frame([Event::RedactedThinking { choice: 0, data: "xyz".into() }]),
        frame([Event::ThinkingSignature { choice: 0, signature: "seal".into() }, Event::End]),
    ];
    let output = whole(&frames)["output"].clone();
    assert_eq!(output[0]["encrypted_content"], "hub.redacted.xyz");
    assert_eq!(output[1]["encrypted_content"], "hub.sealed.seal");
    assert_eq!(accumulated(&written(&frames))["output"], output);
}

#[test]
fn an_answer_that_hit_a_limit_is_incomplete() {
    for (finish, reason) in
        [(FinishReason::Length, "max_output_tokens"), (FinishReason::ContentFilter, "content_filter")]
    {
        let frames = [frame([text(0, "Hel"), Event::Finish { choice: 0, reason: finish }, Event::End])];
        let events = written(&frames);
        assert_eq!(events.last().unwrap()["type"], "response.incomplete");
        let response = accumulated(&events);
        assert_eq!(response["incomplete_details"]["reason"], reason);
        assert_eq!(response["output"][0]["status"], "incomplete");
        assert_eq!(response, whole(&frames));
    }
}

#[test]
fn a_refusal_is_a_part_of_its_own_kind() {
    let frames = [frame([Event::Refusal { choice: 0, text: "no".into() }, Event::End])];
    let response = accumulated(&written(&frames));
    assert_eq!(response["output"][0]["content"], json!([{ "type": "refusal", "refusal": "no" }]));
}

#[test]
fn an_empty_answer_is_a_response_too() {
    let response = accumulated(&written(&[]));
    assert_eq!((&response["output"], &response["status"]), (&json!([]), &json!("completed")));
}

#[test]
fn an_answer_that_broke_off_has_failed() {
    let mut encoder = StreamEncoder::new(asked());
    let mut out = BytesMut::new();
    encoder.frame(&frame([text(0, "Hel")]), &mut out);
    encoder.failed(&CallError::Internal { detail: "secret".into() }, &mut out);
    let events = events(&out);
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.failed"), &json!("failed")));
    assert_eq!(last["response"]["error"]["code"], "server_error");
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], "Hel");
    assert!(!last.to_string().contains("secret"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let bytes = Bytes::from(bytes);
        let _ = responses::decode_request(&bytes);
        responses::echo(&bytes);
    }

    /// Any sequence of events, also one that no sane upstream sends.
    #[test]
    fn whatever_is_said_is_put_together_again(
        said in prop::collection::vec((0_u8..7, 0_u32..3, "[a-z{}\":0-9]{0,5}"), 0..24)
    ) {
        let event = |(kind, index, piece): (u8, u32, String)| match kind {
            0 => text(0, &piece),
            1 => Event::Refusal { choice: 0, text: piece },
            2 => Event::Thinking { choice: 0, text: piece },
            3 => Event::ThinkingSignature { choice: 0, signature: piece },
            4 => Event::RedactedThinking { choice: 0, data: piece },
            5 => Event::ToolCallStart { choice: 0, index, id: piece, name: "f".into() },
            _ => Event::ToolCallArguments { choice: 0, index, fragment: piece },
        };
        let frames: Vec<_> = said.into_iter().map(|one| frame([event(one)])).collect();
        prop_assert_eq!(accumulated(&written(&frames)), whole(&frames));
    }
}
