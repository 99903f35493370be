//! What streams of Responses mean, wherever their bytes are cut.

use std::collections::VecDeque;

use bytes::Bytes;
use hub_dialects::responses::StreamDecoder;
use hub_domain::error::UpstreamClass;
use hub_domain::meter::Meter;
use hub_domain::vocabulary::{Dialect, Event, FinishReason, Frame};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A stream of these events, each with its type's line and its number.
pub fn stream(events: &[Value]) -> String {
    let written = events.iter().enumerate().map(|(number, event)| {
        let mut event = event.clone();
        event["sequence_number"] = json!(number);
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
    });
    written.collect()
}

fn response(status: &str, output: &Value) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": status, "model": "o3-pro",
        "output": output, "error": null, "incomplete_details": null, "store": false, "new": 1,
        "usage": if status == "in_progress" { Value::Null } else { usage() },
    })
}

fn usage() -> Value {
    json!({
        "input_tokens": 100, "input_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 10 },
        "output_tokens": 50, "output_tokens_details": { "reasoning_tokens": 30 }, "total_tokens": 150, "new": 2,
    })
}

fn done(output_index: u32, item: &Value) -> Value {
    json!({ "type": "response.output_item.done", "output_index": output_index, "item": item })
}

fn added(output_index: u32, item: &Value) -> Value {
    json!({ "type": "response.output_item.added", "output_index": output_index, "item": item })
}

/// Thoughts in two parts with a seal, a text, two calls whose pieces come in turns, one without arguments.
pub fn told() -> Vec<Value> {
    let reasoning = json!({ "id": "rs_1", "type": "reasoning", "encrypted_content": "gAAA=",
        "summary": [{ "type": "summary_text", "text": "Hm \u{1f914}" }, { "type": "summary_text", "text": "so" }] });
    let message = json!({ "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
        "content": [{ "type": "output_text", "text": "Let me", "annotations": [], "logprobs": [] }] });
    let call = |id: &str, call: &str, arguments: &str| json!({ "id": id, "type": "function_call", "call_id": call, "name": "weather", "arguments": arguments, "status": "completed" });
    let (first, second) = (call("fc_1", "call_1", "{\"n\":1.50}"), call("fc_2", "call_2", ""));
    let text = |delta: &str| {
        json!({ "type": "response.output_text.delta", "output_index": 1, "content_index": 0, "item_id": "msg_1",
            "delta": delta, "logprobs": [], "obfuscation": "x7" })
    };
    let thought = |part: u32, delta: &str| {
        json!({ "type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": part,
            "item_id": "rs_1", "delta": delta })
    };
    let part = |part: u32| {
        json!({ "type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": part,
            "item_id": "rs_1", "part": { "type": "summary_text", "text": "" } })
    };
    let arguments = |delta: &str| json!({ "type": "response.function_call_arguments.delta", "output_index": 2, "item_id": "fc_1", "delta": delta });
    vec![
        json!({ "type": "response.created", "response": response("in_progress", &json!([])) }),
        json!({ "type": "response.in_progress", "response": response("in_progress", &json!([])) }),
        added(0, &json!({ "id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "early" })),
        part(0),
        thought(0, "Hm "),
        thought(0, "\u{1f914}"),
        part(1),
        thought(1, "so"),
        done(0, &reasoning),
        added(1, &json!({ "id": "msg_1", "type": "message", "role": "assistant", "content": [] })),
        json!({ "type": "response.content_part.added", "output_index": 1, "content_index": 0, "item_id": "msg_1",
            "part": { "type": "output_text", "text": "", "annotations": [] } }),
        text("Let"),
        text(" me"),
        json!({ "type": "response.output_text.done", "output_index": 1, "content_index": 0, "item_id": "msg_1", "text": "Let me" }),
        done(1, &message),
        added(2, &call("fc_1", "call_1", "")),
        arguments("{\"n\":"),
        added(3, &call("fc_2", "call_2", "")),
        arguments("1.50}"),
        json!({ "type": "response.function_call_arguments.done", "output_index": 2, "item_id": "fc_1", "arguments": "{\"n\":1.50}" }),
        done(2, &first),
        done(3, &second),
        json!({ "type": "response.brand_new", "delta": { "a": [1] }, "output_index": "x" }),
        json!({ "type": "response.completed", "response": response("completed", &json!([reasoning, message, first, second])) }),
    ]
}

pub fn read(pieces: &[&[u8]]) -> (Vec<Frame>, Option<UpstreamClass>) {
    let mut decoder = StreamDecoder::new();
    let mut frames = VecDeque::new();
    for piece in pieces {
        if let Err(error) = decoder.push(Bytes::copy_from_slice(piece), &mut frames) {
            return (frames.into(), Some(error.class));
        }
    }
    let error = decoder.finish(&mut frames).err();
    (frames.into(), error.map(|error| error.class))
}

pub fn events(frames: &[Frame]) -> Vec<Event> {
    frames.iter().flat_map(|frame| frame.events.iter().cloned()).collect()
}

fn events_of(told: &[Value]) -> Vec<Event> {
    let (frames, error) = read(&[stream(told).as_bytes()]);
    assert_eq!(error, None);
    events(&frames)
}

/// What the stream above says; the usage is looked at by itself.
pub fn said() -> Vec<Event> {
    let choice = 0;
    let thought = |text: &str| Event::Thinking { choice, text: text.into() };
    let text = |text: &str| Event::Text { choice, text: text.into() };
    let call =
        |index, id: &str| Event::ToolCallStart { choice, index, id: id.into(), name: "weather".into() };
    let arguments =
        |index, fragment: &str| Event::ToolCallArguments { choice, index, fragment: fragment.into() };
    vec![
        Event::Start { id: "resp_1".into(), model: "o3-pro".into(), created: Some(1_700_000_000) },
        thought("Hm "),
        thought("\u{1f914}"),
        thought("\n\n"),
        thought("so"),
        Event::ThinkingSignature { choice, signature: "hub.responses.gAAA=".into() },
        text("Let"),
        text(" me"),
        call(0, "call_1"),
        arguments(0, "{\"n\":"),
        call(1, "call_2"),
        arguments(0, "1.50}"),
        // A call without arguments says an empty object.
        arguments(1, "{}"),
        Event::Finish { choice, reason: FinishReason::ToolCalls },
        Event::End,
    ]
}

pub fn split_usage(events: Vec<Event>) -> (Vec<Event>, Vec<Event>) {
    events.into_iter().partition(|event| !matches!(event, Event::Usage(_)))
}

#[test]
fn everything_that_a_stream_says_is_understood() {
    let (frames, error) = read(&[stream(&told()).as_bytes()]);
    assert_eq!(error, None);
    assert_eq!(frames.len(), told().len(), "each event is passed on as it came");
    assert!(frames.iter().all(|frame| matches!(frame.raw, Some((Dialect::Responses, _)))));
    let (words, usage) = split_usage(events(&frames));
    assert_eq!(words, said());
    let [Event::Usage(usage)] = usage.as_slice() else { panic!("{usage:?}") };
    let of = |meter| usage.quantities.get(meter);
    let meters =
        [Meter::Input, Meter::InputCached, Meter::CacheWrite, Meter::Output, Meter::OutputReasoning].map(of);
    assert_eq!((meters, usage.inconsistent), ([30, 60, 10, 20, 30], false), "no token is in two meters");
}

#[test]
fn an_imitator_that_tells_everything_at_the_end_says_the_same() {
    let all = told();
    let (words, usage) = split_usage(events_of(&all[all.len() - 1..]));
    let joined = |events: Vec<Event>| -> Vec<String> {
        let mut pieces: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
        pieces.sort();
        pieces
    };
    let choice = 0;
    let whole = |index, fragment: &str| Event::ToolCallArguments { choice, index, fragment: fragment.into() };
    let mut expected = said();
    expected.retain(|event| {
        !matches!(
            event,
            Event::Text { .. } | Event::Thinking { .. } | Event::ToolCallArguments { index: 0, .. }
        )
    });
    expected.extend(["Hm \u{1f914}", "\n\n", "so"].map(|text| Event::Thinking { choice, text: text.into() }));
    expected.extend([Event::Text { choice, text: "Let me".into() }, whole(0, "{\"n\":1.50}")]);
    assert_eq!(joined(words), joined(expected));
    assert_eq!(usage.len(), 1);
}

#[test]
fn a_stream_without_its_last_event_is_not_whole() {
    let all = told();
    let (frames, error) = read(&[stream(&all[..all.len() - 1]).as_bytes(), b"data: [DONE]\n\n"]);
    assert_eq!(error, None);
    assert!(!events(&frames).contains(&Event::End));
}

#[test]
fn what_cut_an_answer_short_is_told() {
    for (reason, finish) in [
        (json!("max_output_tokens"), FinishReason::Length),
        (json!("content_filter"), FinishReason::ContentFilter),
        (Value::Null, FinishReason::Length),
        (json!("brand_new"), FinishReason::Other("brand_new".into())),
    ] {
        let mut cut = response("incomplete", &json!([]));
        cut["incomplete_details"] = json!({ "reason": reason });
        let events = events_of(&[json!({ "type": "response.incomplete", "response": cut })]);
        assert!(events.contains(&Event::Finish { choice: 0, reason: finish }), "{reason}");
        assert!(events.iter().any(|event| matches!(event, Event::Usage(_))), "{reason}");
    }
}

#[test]
fn refusals_and_thoughts_in_full_have_their_own_events() {
    let choice = 0;
    let told = [
        json!({ "type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "hm" }),
        json!({ "type": "response.refusal.delta", "output_index": 1, "content_index": 0, "delta": "no" }),
        json!({ "type": "response.completed", "response": response("completed", &json!([
            { "type": "reasoning", "summary": [], "content": [{ "type": "reasoning_text", "text": "hm" }] },
            { "type": "message", "content": [{ "type": "refusal", "refusal": "no" }] }])) }),
    ];
    let (words, _) = split_usage(events_of(&told));
    assert_eq!(
        words[..2],
        [Event::Thinking { choice, text: "hm".into() }, Event::Refusal { choice, text: "no".into() }]
    );
    assert_eq!(words.len(), 5, "nothing is said twice: {words:?}");
}

#[test]
fn the_input_of_a_custom_tool_is_passed_as_it_is() {
    let item = |input: &str| json!({ "type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "sql", "input": input });
    let told = [
        added(0, &item("")),
        json!({ "type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": "SELECT" }),
        json!({ "type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": " 1" }),
        done(0, &item("SELECT 1")),
        json!({ "type": "response.completed", "response": response("completed", &json!([item("SELECT 1")])) }),
    ];
    let arguments: String = events_of(&told)
        .iter()
        .filter_map(|event| match event {
            Event::ToolCallArguments { fragment, .. } => Some(fragment.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(arguments, "SELECT 1");
}

#[test]
fn failures_have_their_class_and_what_they_used() {
    for (code, class) in [
        ("server_error", UpstreamClass::Server),
        ("rate_limit_exceeded", UpstreamClass::RateLimited),
        ("invalid_prompt", UpstreamClass::ContentFiltered),
        ("context_length_exceeded", UpstreamClass::ContextTooLong),
        ("insufficient_quota", UpstreamClass::Quota),
    ] {
        let mut failed = response("failed", &json!([]));
        failed["error"] = json!({ "code": code, "message": "no" });
        let (frames, error) =
            read(&[stream(&[json!({ "type": "response.failed", "response": failed })]).as_bytes()]);
        assert_eq!(error, Some(class), "{code}");
        assert!(matches!(events(&frames)[..], [Event::Usage(_)]), "{code}");
        let bare = json!({ "type": "error", "code": code, "message": "no", "param": null });
        assert_eq!(read(&[stream(&[bare]).as_bytes()]).1, Some(class), "{code}");
    }
    let cancelled = json!({ "type": "response.cancelled", "response": response("cancelled", &json!([])) });
    assert!(read(&[stream(&[cancelled]).as_bytes()]).1.is_some());
    assert!(read(&[b"data: {\"error\":{\"message\":\"no\"}}\n\n"]).1.is_some(), "of a proxy in between");
}

#[test]
fn a_stream_cut_at_every_byte_is_the_same() {
    let stream = stream(&told());
    let whole = events(&read(&[stream.as_bytes()]).0);
    for cut in 0..stream.len() {
        let (first, second) = stream.as_bytes().split_at(cut);
        assert_eq!(events(&read(&[first, second]).0), whole, "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn no_stream_panics(text in "(event: [a-z_]{0,12}\n)?data: \\PC{0,120}\n\n") {
        let _ = read(&[text.as_bytes()]);
    }

    /// Events of all types with members of all kinds, in any order.
    #[test]
    fn no_event_panics_and_each_call_begins_before_it_goes_on(told in prop::collection::vec((
        prop::sample::select(vec!["response.created", "response.output_item.added", "response.output_item.done",
            "response.output_text.delta", "response.refusal.delta", "response.reasoning_text.delta",
            "response.function_call_arguments.delta", "response.reasoning_summary_part.added", "new"]),
        prop::sample::select(vec![",\"output_index\":0", ",\"output_index\":1", ",\"output_index\":-1", ""]),
        prop::sample::select(vec!["", ",\"delta\":\"x\"", ",\"delta\":{}", ",\"delta\":7", ",\"summary_index\":1",
            ",\"item\":{\"type\":\"function_call\",\"arguments\":\"{}\"}", ",\"item\":{\"type\":\"message\",\"content\":\"x\"}",
            ",\"item\":{\"type\":\"reasoning\",\"summary\":null,\"encrypted_content\":\"s\"}", ",\"item\":[]", ",\"item\":7",
            ",\"response\":{}", ",\"response\":[]"]),
    ), 0..16)) {
        let stream: String = told
            .iter()
            .map(|(kind, index, rest)| format!("data: {{\"type\":\"{kind}\"{index}{rest}}}\n\n"))
            .chain(["data: {\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"message\"},{}]}}\n\n".to_owned()])
            .collect();
        let (frames, error) = read(&[stream.as_bytes()]);
        prop_assert_eq!(error, None);
        let mut begun = 0;
        for event in events(&frames) {
            match event {
                Event::ToolCallStart { index, .. } => {
                    prop_assert_eq!(index, begun);
                    begun += 1;
                }
                Event::ToolCallArguments { index, .. } => prop_assert!(index < begun),
                _ => {}
            }
        }
    }
}
