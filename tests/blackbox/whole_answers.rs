//! Answers in one piece: what the client gets, what it costs, and what stands in the record.

use serde_json::json;

use crate::kit::{Reply, Tokens, USUAL, World, price};

on_both_databases! {
    an_answer_shows_its_exact_cost,
}

async fn an_answer_shows_its_exact_cost(world: &mut World) {
    let hub = world.start().await;
    let answer = hub.client().chat("plain").send().await.expect(200);
    assert_eq!(answer.text(), "Hello there.");
    assert_eq!(answer.cost(), Some(price(USUAL)));
    assert_eq!(answer.json()["usage"]["modelCallId"], json!(answer.call_id()));
    assert!(answer.header("x-request-id").is_some());

    let record = hub.record(&answer.call_id()).await;
    assert_eq!((record.status.as_str(), record.cost()), ("success", price(USUAL)));
    assert_eq!((record.input_tokens(), record.output_tokens()), (10, 3));
    assert!(!record.is_estimated() && record.attempts.is_empty());
    assert_eq!(world.spent().await, price(USUAL));
}
