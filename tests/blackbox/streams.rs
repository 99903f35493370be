//! Streamed answers: what passes through, what is added, and how a broken one ends.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{Answer, Gate, Reply, Tokens, USUAL, World, delivered, price, shown};

on_both_databases! {
    a_stream_ends_with_its_exact_cost,
    the_usage_is_shown_to_those_who_ask,
    the_upstreams_chunks_pass_byte_for_byte,
    pieces_are_sent_when_they_come,
    a_streamed_tool_call_comes_through,
    a_stream_without_usage_is_counted,
    a_whole_answer_to_a_streamed_request_is_streamed,
    an_upstream_that_breaks_off_is_paid_for_what_it_delivered,
    an_error_inside_the_stream_ends_it,
    a_broken_stream_is_free_where_the_operator_says_so,
    a_silent_stream_is_given_up,
    a_stream_that_is_long_in_coming_is_kept_alive,
}

fn parsed(event: &str) -> Value {
    serde_json::from_str(event).unwrap_or_else(|error| panic!("{error} in {event}"))
}

/// An error in the stream, after which there is nothing.
fn assert_ends_with_an_error(answer: &Answer) -> String {
    let events = answer.events();
    let last = parsed(events.last().expect("the stream ends with an error"));
    assert!(last["error"]["message"].is_string(), "{last}");
    assert!(!answer.body.contains("[DONE]"), "{}", answer.body);
    last["error"]["code"].as_str().unwrap_or_default().to_owned()
}

async fn a_stream_ends_with_its_exact_cost(world: &mut World) {
    let hub = world.start().await;
    let answer = hub.client().chat("plain").streamed_with_usage().send().await.expect(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/event-stream"));
    let events = answer.events();
    assert_eq!(delivered(&events), "Hello there.");
    assert_eq!(events.last().unwrap(), "[DONE]");
    let usage = &events[events.len() - 2];
    assert_eq!(shown(usage), Some(price(USUAL)));
    let usage = parsed(usage);
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(
        (&usage["usage"]["prompt_tokens"], &usage["usage"]["completion_tokens"]),
        (&json!(10), &json!(3))
    );
    assert_eq!(usage["usage"]["modelCallId"], json!(answer.call_id()));
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("success", price(USUAL)));
    assert_eq!(world.spent().await, price(USUAL));
}

async fn the_usage_is_shown_to_those_who_ask(world: &mut World) {
    let hub = world.start().await;
    let answer = hub.client().chat("plain").streamed().send().await.expect(200);
    let events = answer.events();
    assert_eq!((delivered(&events).as_str(), events.last().unwrap().as_str()), ("Hello there.", "[DONE]"));
    assert!(
        !answer.body.contains("aigneHubCredits") && !answer.body.contains("prompt_tokens"),
        "{}",
        answer.body
    );
    // The hub asks all the same.
    assert_eq!(world.upstream.reached_by("plain").await.json()["stream_options"]["include_usage"], true);
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
}

async fn the_upstreams_chunks_pass_byte_for_byte(world: &mut World) {
    let odd = r#"{"id":"chatcmpl-fake","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":0,"delta":{"content":"\u00fc"},"finish_reason":null}],"zz":1.50,"aa":1e2}"#;
    let reply = Reply::stream().body(format!("data: {odd}\n\n")).end(USUAL);
    world.upstream.script("odd", [reply]);
    let hub = world.start().await;
    let answer = hub.client().chat("odd").streamed_with_usage().send().await.expect(200);
    assert!(answer.events().iter().any(|event| event == odd), "{}", answer.body);
}

async fn pieces_are_sent_when_they_come(world: &mut World) {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::stream().say("first").gate(&gate).say("second").end(USUAL)]);
    let hub = world.start().await;
    let mut flow = hub.client().chat("slow").streamed_with_usage().open().await;
    flow.next_with("first").await;
    // The second piece does not exist yet, so the first was not kept back for it.
    gate.open();
    flow.next_with("second").await;
    assert_eq!(shown(&flow.next_with("aigneHubCredits").await), Some(price(USUAL)));
    assert_eq!(flow.next().await, "[DONE]");
    assert_eq!(flow.try_next().await.unwrap(), None);
}

async fn a_streamed_tool_call_comes_through(world: &mut World) {
    let reply = Reply::stream().call_tool("weather", &["{\"city\":", "\"Bern\"}"]).finish("tool_calls");
    world.upstream.script("tools", [reply.usage(Tokens::of(20, 9)).done()]);
    let hub = world.start().await;
    let answer = hub.client().chat("tools").streamed_with_usage().send().await.expect(200);
    let calls: Vec<_> =
        answer.events().iter().filter(|event| event.contains("tool_calls")).cloned().collect();
    let fragment = |event: &String| {
        let call = parsed(event)["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].clone();
        call.as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(calls.iter().map(fragment).collect::<String>(), r#"{"city":"Bern"}"#);
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(Tokens::of(20, 9)));
}

async fn a_stream_without_usage_is_counted(world: &mut World) {
    world.upstream.script("silent", [Reply::stream().say("one two ").say("three").finish("stop").done()]);
    let hub = world.start().await;
    let answer = hub.client().chat("silent").streamed_with_usage().send().await.expect(200);
    let record = hub.record(&answer.call_id()).await;
    assert!(record.is_estimated() && !record.is_partial());
    assert!((2..=6).contains(&record.output_tokens()), "{}", record.output_tokens());
    let counted = price(Tokens::of(record.input_tokens(), record.output_tokens()));
    assert_eq!((record.cost(), shown(&answer.body)), (counted, Some(counted)));
}

async fn a_whole_answer_to_a_streamed_request_is_streamed(world: &mut World) {
    world.upstream.script("whole", [Reply::chat("All at once.", Some(USUAL))]);
    let hub = world.start().await;
    let answer = hub.client().chat("whole").streamed_with_usage().send().await.expect(200);
    let events = answer.events();
    assert_eq!((delivered(&events).as_str(), events.last().unwrap().as_str()), ("All at once.", "[DONE]"));
    assert_eq!(shown(&answer.body), Some(price(USUAL)));
}

async fn an_upstream_that_breaks_off_is_paid_for_what_it_delivered(world: &mut World) {
    world.upstream.script("breaks", [Reply::stream().say("one two three").cut()]);
    let hub = world.start().await;
    let answer = hub.client().chat("breaks").streamed_with_usage().send().await.expect(200);
    assert_eq!(delivered(&answer.events()), "one two three");
    assert_ends_with_an_error(&answer);
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.reason()), ("failed", Some("upstream_cut")));
    assert!(record.is_estimated() && record.is_partial());
    assert!(record.output_tokens() > 0 && record.cost() <= record.hold());
    assert_eq!(record.cost(), price(Tokens::of(record.input_tokens(), record.output_tokens())));
    // After the first content there is no other try.
    assert_eq!(world.upstream.seen("breaks").len(), 1);
}

async fn an_error_inside_the_stream_ends_it(world: &mut World) {
    let error =
        json!({ "error": { "message": "secret sk-fake-one", "type": "server_error", "code": "boom" } });
    world.upstream.script("errs", [Reply::stream().say("so far").event(&error)]);
    let hub = world.start().await;
    let answer = hub.client().chat("errs").streamed().send().await.expect(200);
    assert_eq!(delivered(&answer.events()), "so far");
    assert_ends_with_an_error(&answer);
    assert!(!answer.body.contains("sk-fake-one"), "a key is told: {}", answer.body);
    let record = hub.record(&answer.call_id()).await;
    assert_eq!(record.status, "failed");
    assert!(record.cost() > 0 && record.is_partial());
}

async fn a_broken_stream_is_free_where_the_operator_says_so(world: &mut World) {
    world.set("HUB__BILLING__ON_UPSTREAM_FAILURE", "free");
    world.upstream.script("breaks", [Reply::stream().say("one two three").cut()]);
    let hub = world.start().await;
    let answer = hub.client().chat("breaks").streamed().send().await.expect(200);
    assert_ends_with_an_error(&answer);
    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.state.as_str(), record.cost()), ("failed", "voided", 0));
    assert_eq!(world.spent().await, 0);
}

async fn a_silent_stream_is_given_up(world: &mut World) {
    world.set("HUB__TIMEOUTS__IDLE", "1s");
    world.upstream.script("hangs", [Reply::stream().say("and then").hang()]);
    let hub = world.start().await;
    let answer = hub.client().chat("hangs").streamed().send().await.expect(200);
    assert_eq!(assert_ends_with_an_error(&answer), "timeout");
    let record = hub.record(&answer.call_id()).await;
    assert_eq!(record.status, "failed");
    assert!(record.cost() > 0);
    world.upstream.hung_up_on("hangs").await;
}

async fn a_stream_that_is_long_in_coming_is_kept_alive(world: &mut World) {
    world.set("HUB__TIMEOUTS__EARLY_HEADERS", "300ms");
    world.set("HUB__TIMEOUTS__KEEP_ALIVE", "200ms");
    let gate = Gate::new();
    world.upstream.script("late", [Reply::stream().gate(&gate).say("at last").end(USUAL)]);
    let hub = world.start().await;
    let start = Instant::now();
    let flow = hub.client().chat("late").streamed().open().await;
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(flow.head.status, 200);
    // The silence has to last for some of the keep-alive's periods.
    tokio::time::sleep(Duration::from_secs(1)).await;
    gate.open();
    let (answer, end) = flow.rest().await;
    end.unwrap();
    assert_eq!(delivered(&answer.events()), "at last");
    let comments = answer.body.lines().filter(|line| line.starts_with(':')).count();
    assert!((2..=6).contains(&comments), "{comments} comments: {}", answer.body);
}
