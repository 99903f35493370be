//! OpenAI's Responses, over an upstream of Chat Completions.

use serde_json::{Value, json};

use crate::kit::{Reply, USUAL, World, price};

on_both_databases! {
    a_response_is_answered_and_paid,
    a_streamed_response_ends_with_its_cost,
    calls_of_tools_and_their_results_make_a_conversation,
    what_needs_stored_state_is_refused_before_anything_is_sent,
    a_stream_that_breaks_ends_as_failed,
    an_equal_request_with_the_same_key_gets_the_same_events,
}

const PATH: &str = "/v1/responses";

fn ask(input: Value) -> Value {
    json!({ "model": "fake/m", "input": input, "max_output_tokens": 40 })
}

fn streamed(input: Value) -> Value {
    let mut body = ask(input);
    body["stream"] = json!(true);
    body
}

async fn a_response_is_answered_and_paid(world: &mut World) {
    world.set_up().await;
    world.upstream.script("m", [Reply::chat("Hi!", Some(USUAL)), Reply::chat("Hi!", Some(USUAL))]);
    let hub = world.start().await;
    let mut body = ask(json!("Say hi"));
    body["instructions"] = json!("be brief");
    body["metadata"] = json!({ "job": "7" });
    for path in [PATH, "/api/v2/responses"] {
        let answer = hub.client().post(path, body.clone()).send().await.expect(200);
        let response = answer.json();
        assert_eq!((&response["object"], &response["status"]), (&json!("response"), &json!("completed")));
        assert_eq!(response["output"][0]["content"][0]["text"], "Hi!");
        assert_eq!(response["metadata"], json!({ "job": "7" }));
        assert_eq!(response["usage"]["input_tokens"], USUAL.input);
        assert_eq!(answer.cost(), Some(price(USUAL)));
        assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
    }
    let sent = world.upstream.reached_by("m").await;
    assert_eq!(sent.path, "/v1/chat/completions");
    let roles =
        sent.json()["messages"].as_array().unwrap().iter().map(|one| one["role"].clone()).collect::<Vec<_>>();
    assert_eq!(roles, ["system", "user"]);
}

async fn a_streamed_response_ends_with_its_cost(world: &mut World) {
    world.set_up().await;
    world.upstream.script("m", [Reply::stream().say("Hi").say("!").finish("stop").end(USUAL)]);
    let hub = world.start().await;
    let answer = hub.client().post(PATH, streamed(json!("Say hi"))).send().await.expect(200);
    let events: Vec<Value> =
        answer.events().iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    assert!(!answer.body.contains("[DONE]"));
    let last = &events.last().unwrap()["response"];
    assert_eq!(last["output"][0]["content"][0]["text"], "Hi!");
    assert_eq!(last["usage"]["modelCallId"], answer.call_id());
    assert_eq!(answer.cost(), Some(price(USUAL)));
    assert_eq!(hub.record(&answer.call_id()).await.cost(), price(USUAL));
}

async fn calls_of_tools_and_their_results_make_a_conversation(world: &mut World) {
    world.set_up().await;
    world.upstream.script(
        "m",
        [Reply::tool_call("weather", r#"{"city":"Oslo"}"#, USUAL), Reply::chat("12 C", Some(USUAL))],
    );
    let hub = world.start().await;
    let mut body = ask(json!([{ "role": "user", "content": "Weather?" }]));
    body["tools"] = json!([{ "type": "function", "name": "weather", "parameters": { "type": "object" } }]);
    let answer = hub.client().post(PATH, body.clone()).send().await.expect(200).json();
    let call = answer["output"][0].clone();
    assert_eq!(
        (&call["type"], &call["name"], &call["arguments"]),
        (&json!("function_call"), &json!("weather"), &json!(r#"{"city":"Oslo"}"#))
    );
    let input = body["input"].as_array_mut().unwrap();
    input.push(call.clone());
    input.push(json!({ "type": "function_call_output", "call_id": call["call_id"], "output": "12 C" }));
    let answer = hub.client().post(PATH, body).send().await.expect(200).json();
    assert_eq!(answer["output"][0]["content"][0]["text"], "12 C");
    let sent = world.upstream.seen("m").pop().unwrap().json();
    assert_eq!(sent["messages"][1]["tool_calls"][0]["id"], call["call_id"]);
    assert_eq!(sent["messages"][2]["tool_call_id"], call["call_id"]);
}

async fn what_needs_stored_state_is_refused_before_anything_is_sent(world: &mut World) {
    world.set_up().await;
    let hub = world.start().await;
    let mut body = ask(json!("x"));
    body["previous_response_id"] = json!("resp_1");
    let refused = hub.client().post(PATH, body).send().await.expect(400);
    assert_eq!(
        (refused.code().as_str(), &refused.json()["error"]["param"]),
        ("unsupported_parameter", &json!("previous_response_id"))
    );
    hub.client().get("/v1/responses/resp_1").send().await.expect(404);
    let mut hosted = ask(json!("x"));
    hosted["tools"] = json!([{ "type": "web_search" }]);
    hub.client().post(PATH, hosted).send().await.expect(400);
    assert!(world.upstream.seen("m").is_empty());
}

async fn a_stream_that_breaks_ends_as_failed(world: &mut World) {
    world.set_up().await;
    world.upstream.script("m", [Reply::stream().say("Hi").cut()]);
    let hub = world.start().await;
    let answer = hub.client().post(PATH, streamed(json!("x"))).send().await.expect(200);
    let last: Value = serde_json::from_str(answer.events().last().unwrap()).unwrap();
    assert_eq!(
        (&last["type"], &last["response"]["error"]["code"]),
        (&json!("response.failed"), &json!("server_error"))
    );
    assert_eq!(hub.record(&answer.call_id()).await.status, "failed");
}

async fn an_equal_request_with_the_same_key_gets_the_same_events(world: &mut World) {
    world.set_up().await;
    world.upstream.script("m", [Reply::stream().say("Hi").finish("stop").end(USUAL)]);
    let hub = world.start().await;
    let again = || hub.client().post(PATH, streamed(json!("x"))).header("idempotency-key", "k1");
    let first = again().send().await.expect(200);
    let second = again().send().await.expect(200);
    assert_eq!((first.body, first.head.call_id()), (second.body, second.head.call_id()));
    assert_eq!(world.upstream.seen("m").len(), 1);
}
