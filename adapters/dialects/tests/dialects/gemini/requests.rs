//! What Gemini's clients ask.

use bytes::Bytes;
use hub_dialects::gemini::{decode_count, decode_embed, decode_generate};
use hub_domain::error::CallError;
use hub_domain::vocabulary::{
    Canonical, ChatRequest, EmbeddingInput, ImageSource, MessageRole, OutputFormat, Part, ThinkingMode,
    ToolChoice,
};
use proptest::prelude::*;

fn decoded(body: &str) -> Result<ChatRequest, CallError> {
    match decode_generate(&Bytes::copy_from_slice(body.as_bytes()), "google/gemini-x", true)? {
        Canonical::Chat(chat) => Ok(chat),
        other => panic!("{other:?}"),
    }
}

fn param(body: &str) -> String {
    match decoded(body).unwrap_err() {
        CallError::InvalidRequest { param, .. } => param.unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

fn config(members: &str) -> String {
    format!(r#"{{"contents":[{{"parts":[{{"text":"x"}}]}}],"generationConfig":{{{members}}}}}"#)
}

#[test]
fn a_conversation_with_everything_is_understood() {
    let chat = decoded(
        r#"{"systemInstruction":{"parts":[{"text":"Be kind."}]},"contents":[
          {"role":"user","parts":[{"text":"Look"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"inline_data":{"mime_type":"audio/wav","data":"BBBB"}},
            {"inlineData":{"mimeType":"application/pdf","data":"CCCC"}}]},
          {"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"name":"f","args":{"n":1.50}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"f"}}]},
          {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"one"}}},{"functionResponse":{"name":"f","response":{"error":"two"}}},{"text":"Go on"}]}],
        "tools":[{"functionDeclarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT","properties":{"n":{"type":"NUMBER"}}}}]},{"googleSearch":{}}],
        "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
        "generationConfig":{"temperature":0.70,"topP":1,"topK":40,"candidateCount":2,"maxOutputTokens":100,"stopSequences":["END"],"seed":7,
          "responseMimeType":"application/json","responseSchema":{"type":"OBJECT"},"thinkingConfig":{"thinkingBudget":2048,"includeThoughts":true}},
        "safetySettings":[],"brandNew":{"a":1}}"#,
    )
    .unwrap();
    assert_eq!((chat.model.as_str(), chat.stream), ("google/gemini-x", true));
    let roles: Vec<_> = chat.messages.iter().map(|message| message.role).collect();
    use MessageRole::{Assistant, System, Tool, User};
    assert_eq!(roles, [System, User, Assistant, Tool, User]);
    let seen = &chat.messages[1].parts;
    assert_eq!(
        seen[1],
        Part::Image { source: ImageSource::Data("data:image/png;base64,AAAA".into()), detail: None }
    );
    assert_eq!(seen[2], Part::Audio { base64: "BBBB".into(), format: "wav".into() });
    assert_eq!(seen[3], Part::File { data: "data:application/pdf;base64,CCCC".into(), filename: None });
    let call = |id: &str, arguments: &str| Part::ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: arguments.into(),
    };
    assert_eq!(
        chat.messages[2].parts,
        [
            Part::Thinking { text: "hm".into(), signature: None },
            call("call_1", r#"{"n":1.50}"#),
            call("call_2", "{}")
        ]
    );
    let result = |call_id: &str, text: &str, is_error| Part::ToolResult {
        call_id: call_id.into(),
        text: text.into(),
        images: Vec::new(),
        is_error,
    };
    assert_eq!(chat.messages[3].parts, [result("call_1", "one", false), result("call_2", "two", true)]);
    assert_eq!(
        chat.tools[0].parameters.as_deref(),
        Some(r#"{"type":"object","properties":{"n":{"type":"number"}}}"#),
        "other providers say it in small letters"
    );
    assert_eq!(chat.tools[1].hosted.as_deref(), Some("googleSearch"));
    assert_eq!(chat.tool_choice, Some(ToolChoice::Named("f".into())));
    assert_eq!((chat.choices, chat.max_output_tokens), (2, Some(100)));
    assert_eq!(chat.sampling.temperature.as_deref(), Some("0.70"));
    assert_eq!(chat.thinking, Some(ThinkingMode::Budget(2048)));
    assert!(matches!(chat.output, OutputFormat::JsonSchema { .. }));
    assert_eq!(chat.extensions, ["brandNew"]);
    assert!(chat.extension_bytes >= 7);
}

#[test]
fn each_fault_names_its_field() {
    for (body, field) in [
        ("{}", "contents"),
        (r#"{"contents":[]}"#, "contents"),
        (r#"{"contents":[{"role":"robot","parts":[]}]}"#, "contents[0].role"),
        (r#"{"contents":[{"role":"user"}]}"#, "contents[0].parts"),
        (r#"{"contents":[{"parts":[{"text":7}]}]}"#, "contents[0].parts[0].text"),
        (r#"{"contents":[{"parts":[{"text":"a","functionCall":{"name":"f"}}]}]}"#, "contents[0].parts[0]"),
        (
            r#"{"contents":[{"parts":[{"inlineData":{"data":"A"}}]}]}"#,
            "contents[0].parts[0].inlineData.mimeType",
        ),
        (
            r#"{"contents":[{"parts":[{"functionCall":{"name":"f","args":[]}}]}]}"#,
            "contents[0].parts[0].functionCall.args",
        ),
    ] {
        assert_eq!(param(body), field, "{body}");
    }
    for (members, field) in [
        (r#""maxOutputTokens":0"#, "generationConfig.maxOutputTokens"),
        (r#""temperature":3"#, "generationConfig.temperature"),
        (r#""candidateCount":9"#, "generationConfig.candidateCount"),
        (r#""thinkingConfig":{"thinkingBudget":"x"}"#, "generationConfig.thinkingConfig.thinkingBudget"),
    ] {
        assert_eq!(param(&config(members)), field, "{members}");
    }
}

#[test]
fn both_spellings_of_one_name_are_refused() {
    assert!(decoded(&config(r#""maxOutputTokens":5,"max_output_tokens":6"#)).is_err());
    assert_eq!(decoded(&config(r#""max_output_tokens":6"#)).unwrap().max_output_tokens, Some(6));
}

#[test]
fn a_count_takes_contents_or_a_whole_request() {
    for body in [
        r#"{"contents":[{"parts":[{"text":"x"}]}]}"#,
        r#"{"generateContentRequest":{"model":"models/m","contents":[{"parts":[{"text":"x"}]}]}}"#,
    ] {
        assert!(decode_count(&Bytes::from_static(body.as_bytes()), "m").is_ok(), "{body}");
    }
}

#[test]
fn vectors_are_asked_for_one_by_one_or_in_a_batch() {
    let one = r#"{"content":{"parts":[{"text":"a"},{"text":"b"}]},"outputDimensionality":2}"#;
    let batch = format!(r#"{{"requests":[{one},{one}]}}"#);
    for (body, is_batch, count) in [(one.to_owned(), false, 1), (batch, true, 2)] {
        let Canonical::Embeddings(asked) = decode_embed(&Bytes::from(body), "m", is_batch).unwrap() else {
            panic!("no embeddings");
        };
        assert_eq!((asked.inputs.len(), asked.dimensions), (count, Some(2)));
        assert_eq!(asked.inputs[0], EmbeddingInput::Text("ab".into()));
    }
    for (body, field) in [
        ("{}", "requests"),
        (r#"{"requests":[]}"#, "requests"),
        (r#"{"requests":[{}]}"#, "requests[0].content"),
        (r#"{"requests":[{"content":{"parts":[{"text":7}]}}]}"#, "requests[0].content.parts[0].text"),
        (
            r#"{"requests":[{"content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"a"}]},"outputDimensionality":3}]}"#,
            "requests[1].outputDimensionality",
        ),
    ] {
        match decode_embed(&Bytes::from(body), "m", true).unwrap_err() {
            CallError::InvalidRequest { param, .. } => assert_eq!(param.as_deref(), Some(field), "{body}"),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn no_body_panics(body in "\\PC{0,200}") {
        let _ = decode_embed(&Bytes::from(body.clone()), "m", true);
        let _ = decoded(&body);
        let _ = decode_count(&Bytes::from(body), "m");
    }
}
