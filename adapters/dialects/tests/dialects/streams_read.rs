//! Streams of upstreams, as they become frames.

use bytes::Bytes;
use futures_executor::block_on;
use futures_util::{StreamExt, stream};
use hub_dialects::openai::decode_stream;
use hub_domain::error::UpstreamClass;
use hub_domain::vocabulary::{CallType, Event, FinishReason, Frame};

use crate::stage::{chunk, decode, events, frames, sse, text, usage};

fn end_of(events: &[Event]) -> &Event {
    events.last().unwrap()
}

fn finish(choice: u32, reason: FinishReason) -> Event {
    Event::Finish { choice, reason }
}

fn call(index: u32, id: &str, name: &str) -> Event {
    Event::ToolCallStart { choice: 0, index, id: id.into(), name: name.into() }
}

fn arguments(index: u32, fragment: &str) -> Event {
    Event::ToolCallArguments { choice: 0, index, fragment: fragment.into() }
}

#[test]
fn a_plain_answer_is_read_piece_by_piece() {
    let first = chunk(r#"{"role":"assistant","content":""}"#, "");
    let stream = sse(&[
        &first,
        &chunk(r#"{"content":"Hi"}"#, ""),
        &chunk("{}", "stop"),
        r#"{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}"#,
        "[DONE]",
    ]);
    let frames = frames(&stream);
    assert_eq!(frames.len(), 5);
    assert_eq!(frames[0].raw.as_ref().unwrap().1, first);
    assert!(!frames[0].has_content() && frames[1].has_content());
    assert_eq!(
        events(&stream),
        [
            Event::Start { id: "chatcmpl-1".into(), model: "up".into(), created: Some(1_700_000_000) },
            text(0, "Hi"),
            finish(0, FinishReason::Stop),
            Event::Usage(usage(8, 2)),
            Event::End,
        ]
    );
}

#[test]
fn thoughts_and_refusals_are_told_apart() {
    for (delta, event) in [
        (r#"{"reasoning_content":"hm"}"#, Event::Thinking { choice: 0, text: "hm".into() }),
        (r#"{"reasoning":"hm"}"#, Event::Thinking { choice: 0, text: "hm".into() }),
        (r#"{"refusal":"no"}"#, Event::Refusal { choice: 0, text: "no".into() }),
        (r#"{"audio":{"id":"a","transcript":"la","data":"AA"}}"#, text(0, "la")),
        (r#"{"content":[{"type":"text","text":"a"},{"type":"thinking"},{"text":"b"}]}"#, text(0, "ab")),
        (r#"{"content":"\ud83d cut"}"#, text(0, "\u{fffd}\u{fffd}\u{fffd} cut")),
    ] {
        assert_eq!(events(&sse(&[&chunk(delta, "stop"), "[DONE]"]))[1], event, "{delta}");
    }
}

#[test]
fn parallel_tool_calls_may_interleave() {
    let stream = sse(&[
        &chunk(
            r#"{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#,
            "",
        ),
        &chunk(
            r#"{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{"}}]}"#,
            "",
        ),
        &chunk(
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}},{"index":1,"function":{"arguments":"}"}}]}"#,
            "",
        ),
        &chunk("{}", "tool_calls"),
        "[DONE]",
    ]);
    assert_eq!(
        events(&stream)[1..],
        [
            call(0, "a", "f"),
            call(1, "b", "g"),
            arguments(1, "{"),
            arguments(0, "{}"),
            arguments(1, "}"),
            finish(0, FinishReason::ToolCalls),
            Event::End,
        ]
    );
    assert!(frames(&stream)[..4].iter().all(|frame| frame.raw.is_some()));
}

#[test]
fn a_call_without_id_gets_one_that_stays() {
    let stream = sse(&[
        &chunk(r#"{"tool_calls":[{"index":0,"id":null,"function":{"name":"f","arguments":"{"}}]}"#, ""),
        &chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#, "tool_calls"),
        "[DONE]",
    ]);
    assert_eq!(events(&stream)[1..4], [call(0, "call_1_0_0", "f"), arguments(0, "{"), arguments(0, "}")]);
    let frames = frames(&stream);
    assert!(frames[0].raw.is_none(), "clients need the id");
    assert!(frames[1].raw.is_some());
}

#[test]
fn a_name_in_pieces_is_told_once_and_whole() {
    let piece = |name: &str, arguments: &str| {
        chunk(
            &format!(
                r#"{{"tool_calls":[{{"index":0,"id":"a","function":{{"name":"{name}","arguments":"{arguments}"}}}}]}}"#
            ),
            "",
        )
    };
    let (get, weather, brace) = (piece("get_", ""), piece("weather", ""), piece("", "{}"));
    let cut = sse(&[&get, &weather, &brace, &chunk("{}", "tool_calls"), "[DONE]"]);
    assert_eq!(events(&cut)[1..3], [call(0, "a", "get_weather"), arguments(0, "{}")]);
    let (first, again) = (piece("f", ""), piece("f", "{}"));
    let repeated = sse(&[&first, &again, &again, &chunk("{}", "tool_calls"), "[DONE]"]);
    assert_eq!(events(&repeated)[1..4], [call(0, "a", "f"), arguments(0, "{}"), arguments(0, "{}")]);
    assert!(frames(&repeated)[1].raw.is_none(), "the name again would be another name to some clients");
}

#[test]
fn a_whole_call_in_one_piece_needs_no_index() {
    let stream = sse(&[
        &chunk(
            r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"f","arguments":"{}"}}]}"#,
            "tool_calls",
        ),
        "[DONE]",
    ]);
    assert_eq!(
        events(&stream)[1..5],
        [call(0, "a", "f"), arguments(0, "{}"), call(1, "b", "f"), arguments(1, "{}")]
    );
}

#[test]
fn every_choice_has_its_own_text_and_end() {
    let piece = |index: u32, delta: &str, finish: &str| {
        chunk(delta, finish).replace("\"index\":0", &format!("\"index\":{index}"))
    };
    let stream = sse(&[
        &piece(1, r#"{"content":"b"}"#, ""),
        &piece(0, r#"{"content":"a"}"#, "length"),
        &piece(1, "{}", "content_filter"),
    ]);
    assert_eq!(
        events(&stream)[1..],
        [
            text(1, "b"),
            text(0, "a"),
            finish(0, FinishReason::Length),
            finish(1, FinishReason::ContentFilter),
            Event::End,
        ]
    );
}

#[test]
fn usage_is_found_wherever_it_stands() {
    let counts =
        |n: u64| format!(r#"{{"prompt_tokens":10,"completion_tokens":{n},"total_tokens":{}}}"#, 10 + n);
    let with_usage =
        |chunk: String, usage: &str| format!("{},\"usage\":{usage}}}", &chunk[..chunk.len() - 1]);
    let last = |stream: &str| {
        events(stream).into_iter().rev().find_map(|event| match event {
            Event::Usage(usage) => Some(usage),
            _ => None,
        })
    };
    let cumulative = sse(&[
        &with_usage(chunk(r#"{"content":"a"}"#, ""), &counts(1)),
        &with_usage(chunk(r#"{"content":"b"}"#, ""), &counts(5)),
        &with_usage(chunk("{}", "stop"), &counts(9)),
        "[DONE]",
    ]);
    assert_eq!(last(&cumulative), Some(usage(10, 9)));
    let groq =
        format!(r#"{{"id":"1","choices":[],"usage":null,"x_groq":{{"id":"r","usage":{}}}}}"#, counts(3));
    assert_eq!(last(&sse(&[&chunk("{}", "stop"), &groq, "[DONE]"])), Some(usage(10, 3)));
    let null = sse(&[&with_usage(chunk("{}", "stop"), "null"), "[DONE]"]);
    assert_eq!(last(&null), None);
}

#[test]
fn usage_that_says_nothing_is_shown_to_nobody() {
    let broken = chunk("{\"content\":\"x\"}", "stop")
        .replace("\"choices\"", "\"usage\":{\"prompt_tokens\":-1},\"choices\"");
    let frames = frames(&sse(&[&broken, "[DONE]"]));
    let raw = String::from_utf8(frames[0].raw.as_ref().unwrap().1.to_vec()).unwrap();
    assert!(raw.contains("\"usage\":null"), "{raw}");
}

#[test]
fn an_end_without_done_is_an_end_after_a_finish() {
    let whole = sse(&[&chunk(r#"{"content":"a"}"#, ""), &chunk("{}", "stop")]);
    assert_eq!(end_of(&events(&whole)), &Event::End);
    assert_eq!(end_of(&events(whole.trim_end())), &Event::End, "the last blank line is missing too");
    let cut = sse(&[&chunk(r#"{"content":"a"}"#, "")]);
    assert_eq!(end_of(&events(&cut)), &text(0, "a"));
    let in_the_middle = format!("{cut}data: {{\"choices\":[{{\"del");
    assert_eq!(events(&in_the_middle), events(&cut));
}

#[test]
fn done_without_a_finish_finishes() {
    let stream = sse(&[&chunk(r#"{"content":"a"}"#, ""), "[DONE]", &chunk(r#"{"content":"late"}"#, "")]);
    assert_eq!(events(&stream)[1..], [text(0, "a"), finish(0, FinishReason::Stop), Event::End]);
    let (frames, result) = decode(&[b"data: [DONE]\n\n"]);
    assert!(frames.is_empty());
    assert_eq!(result.unwrap_err().class, UpstreamClass::BadAnswer);
}

#[test]
fn strange_pieces_are_tolerated() {
    let azure =
        r#"{"id":"","choices":[],"created":0,"model":"","prompt_filter_results":[{"prompt_index":0}]}"#;
    let stream = sse(&[
        azure,
        r#"{"type":"heartbeat"}"#,
        r#"{"id":"1","choices":null}"#,
        r#"{"id":[5],"object":7,"model":{"a":1},"choices":[]}"#,
        r#"{"id":"1","model":"up","created":"soon","choices":[{"index":0}],"error":null}"#,
        r#"{"id":"1","choices":[{"index":0,"delta":{"content":null},"finish_reason":""}]}"#,
        r#"{"id":"1","choices":[{"index":0,"delta":{"content":"x","unknown":[1]},"finish_reason":"eos"}]}"#,
        "[DONE]",
    ]);
    let frames = frames(&stream);
    assert!(frames[0].raw.is_some() && frames[0].events.is_empty(), "Azure's first piece says nothing");
    let events: Vec<Event> = frames.into_iter().flat_map(|frame| frame.events).collect();
    assert_eq!(events[1..], [text(0, "x"), finish(0, FinishReason::Other("eos".into())), Event::End]);
}

#[test]
fn an_error_inside_the_stream_ends_it() {
    let before = sse(&[&chunk(r#"{"content":"a"}"#, "")]);
    for (error, class) in [
        (r#"data: {"error":{"message":"slow down","code":429}}"#, UpstreamClass::RateLimited),
        (r#"data: {"error":"it broke"}"#, UpstreamClass::Server),
        ("event: error\ndata: {\"message\":\"it broke\"}", UpstreamClass::Server),
        ("event: error\ndata: it broke", UpstreamClass::Server),
        (r#"data: {"object":"error","message":"x","code":503}"#, UpstreamClass::Overloaded),
        ("data: not json", UpstreamClass::BadAnswer),
        ("data: []", UpstreamClass::BadAnswer),
        ("data: {\"choices\":{}}", UpstreamClass::BadAnswer),
        ("data: {\"id\":\"1\",\"id\":\"2\"}", UpstreamClass::BadAnswer),
    ] {
        let stream = format!("{before}{error}\n\n{before}");
        let (frames, result) = decode(&[stream.as_bytes()]);
        assert_eq!(frames.len(), 1, "{error}");
        assert_eq!(result.unwrap_err().class, class, "{error}");
    }
    let (_, result) = decode(&[b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n"]);
    assert_eq!(result.unwrap_err().class, UpstreamClass::BadAnswer);
}

#[test]
fn a_whole_answer_in_place_of_a_stream_is_read() {
    let body = r#" {"id":"c","model":"up","created":5,"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":2}}"#;
    let (frames, result) = decode(&[&body.as_bytes()[..1], &body.as_bytes()[1..20], &body.as_bytes()[20..]]);
    result.unwrap();
    assert_eq!(frames.len(), 1);
    assert_eq!(
        frames[0].events[..],
        [
            Event::Start { id: "c".into(), model: "up".into(), created: Some(5) },
            text(0, "Hi"),
            finish(0, FinishReason::Stop),
            Event::Usage(usage(8, 2)),
            Event::End,
        ]
    );
}

#[test]
fn limits_hold_against_endless_answers() {
    let long = "x".repeat(600_000);
    let piece = chunk(
        &format!(
            r#"{{"tool_calls":[{{"index":0,"id":"a","function":{{"name":"f","arguments":"{long}"}}}}]}}"#
        ),
        "",
    );
    let (_, result) = decode(&[sse(&[&piece, &piece]).as_bytes()]);
    assert_eq!(result.unwrap_err().class, UpstreamClass::BadAnswer);
    let many: Vec<String> = (0..600)
        .map(|index| {
            format!(r#"{{"index":{index},"id":"a{index}","function":{{"name":"f","arguments":"x"}}}}"#)
        })
        .collect();
    let (_, result) =
        decode(&[sse(&[&chunk(&format!("{{\"tool_calls\":[{}]}}", many.join(",")), "")]).as_bytes()]);
    assert_eq!(result.unwrap_err().class, UpstreamClass::BadAnswer);
}

fn polled(pieces: Vec<Result<Bytes, &'static str>>) -> Vec<Result<Frame, UpstreamClass>> {
    let frames = decode_stream(stream::iter(pieces), CallType::ChatCompletion);
    block_on(frames.map(|frame| frame.map_err(|error| error.class)).collect())
}

#[test]
fn a_broken_connection_is_an_error_unless_the_answer_is_whole() {
    let begun = Bytes::from(sse(&[&chunk(r#"{"content":"a"}"#, "")]));
    let ended = Bytes::from(sse(&[&chunk("{}", "stop")]));
    let cut = polled(vec![Ok(begun.clone()), Err("reset")]);
    assert!(matches!(cut.last(), Some(Err(UpstreamClass::Transport))));
    let whole = polled(vec![Ok(begun.clone()), Ok(ended), Err("reset")]);
    let last = whole.last().unwrap().as_ref().unwrap();
    assert_eq!(last.events[..], [Event::End]);
    let silent = polled(vec![Ok(begun)]);
    assert_eq!(silent.len(), 1, "an end without End means that the upstream broke off");
}

#[test]
fn nothing_is_read_after_the_end() {
    let whole = Bytes::from(sse(&[&chunk("{}", "stop"), "[DONE]"]));
    let after = stream::iter([Ok::<_, String>(whole)]).chain(stream::pending());
    let frames: Vec<_> = block_on(decode_stream(after, CallType::ChatCompletion).collect());
    assert_eq!(frames.len(), 2);
}
