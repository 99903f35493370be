//! Clients that leave: the upstream is let go within a second, and what was received is paid for.

use std::time::{Duration, Instant};

use crate::kit::{Gate, Record, Reply, Tokens, USUAL, World, price};

on_both_databases! {
    one_that_leaves_before_the_first_byte_pays_the_input,
    one_that_leaves_a_stream_before_its_first_byte_pays_the_input,
    one_that_leaves_in_the_middle_pays_what_came,
    one_that_leaves_half_a_whole_answer_pays_the_input,
    a_reported_usage_counts_when_it_is_more_than_was_seen,
    a_drained_answer_is_paid_whole,
    without_a_free_slot_there_is_no_drain,
    many_leave_at_once,
}

const A_SECOND: Duration = Duration::from_secs(1);

/// The upstream connection of a model's first call was closed soon after the client's.
async fn assert_let_go(world: &World, model: &str, left: Instant) {
    let closed = world.upstream.hung_up_on(model).await;
    let after = closed.saturating_duration_since(left);
    assert!(after < A_SECOND, "the upstream was let go after {after:?}");
}

fn assert_is_departure(record: &Record) {
    assert_eq!((record.status.as_str(), record.reason()), ("failed", Some("client_disconnected")));
    assert!(record.is_estimated() && record.is_partial());
    assert!(record.cost() > 0 && record.cost() <= record.hold());
    assert_eq!(record.cost(), price(Tokens::of(record.input_tokens(), record.output_tokens())));
}

async fn one_that_leaves_before_the_first_byte_pays_the_input(world: &mut World) {
    world.upstream.script("mute", [Reply::default().hang()]);
    let hub = world.start().await;
    let socket = hub.client().chat("mute").dispatch().await.unwrap();
    world.upstream.reached_by("mute").await;
    drop(socket);
    assert_let_go(world, "mute", Instant::now()).await;
    let record = hub.record(&hub.only_record().await.id).await;
    assert_is_departure(&record);
    assert_eq!(record.output_tokens(), 0);
    assert_eq!(world.spent().await, record.cost());
}

async fn one_that_leaves_a_stream_before_its_first_byte_pays_the_input(world: &mut World) {
    world.upstream.script("mute", [Reply::stream().hang()]);
    let hub = world.start().await;
    let socket = hub.client().chat("mute").streamed().dispatch().await.unwrap();
    world.upstream.reached_by("mute").await;
    drop(socket);
    assert_let_go(world, "mute", Instant::now()).await;
    let record = hub.record(&hub.only_record().await.id).await;
    assert_is_departure(&record);
    assert_eq!(record.output_tokens(), 0);
}

async fn one_that_leaves_in_the_middle_pays_what_came(world: &mut World) {
    world.upstream.script("endless", [Reply::stream().say("one two three four").hang()]);
    let hub = world.start().await;
    let mut flow = hub.client().chat("endless").streamed_with_usage().open().await;
    flow.next_with("three").await;
    let call = flow.head.call_id();
    drop(flow);
    assert_let_go(world, "endless", Instant::now()).await;
    let record = hub.record(&call).await;
    assert_is_departure(&record);
    assert!((3..=8).contains(&record.output_tokens()), "{}", record.output_tokens());
}

async fn one_that_leaves_half_a_whole_answer_pays_the_input(world: &mut World) {
    world.upstream.script("half", [Reply::json(200, r#"{"id":"chatcmpl-fake","object":"chat.compl"#).hang()]);
    let hub = world.start().await;
    let socket = hub.client().chat("half").dispatch().await.unwrap();
    world.upstream.reached_by("half").await;
    drop(socket);
    assert_let_go(world, "half", Instant::now()).await;
    let record = hub.record(&hub.only_record().await.id).await;
    assert_is_departure(&record);
    assert_eq!(record.output_tokens(), 0);
}

async fn a_reported_usage_counts_when_it_is_more_than_was_seen(world: &mut World) {
    // Some upstreams report usage on the way; reasoning is not seen otherwise.
    let reported = Tokens { input: 40, cached: 0, output: 30, reasoning: 25 };
    world.upstream.script("reports", [Reply::stream().say("one").usage(reported).say("two").hang()]);
    let hub = world.start().await;
    let mut flow = hub.client().chat("reports").streamed().open().await;
    flow.next_with("two").await;
    let call = flow.head.call_id();
    drop(flow);
    let record = hub.record(&call).await;
    assert_eq!((record.status.as_str(), record.reason()), ("failed", Some("client_disconnected")));
    assert_eq!((record.output_tokens(), record.cost()), (30, price(reported)));
}

async fn a_drained_answer_is_paid_whole(world: &mut World) {
    world.set("HUB__PROVIDERS__FAKE__ON_DISCONNECT", "drain");
    let gate = Gate::new();
    world.upstream.script("bills", [Reply::stream().say("one").gate(&gate).say(" two").end(USUAL)]);
    let hub = world.start().await;
    let mut flow = hub.client().chat("bills").streamed().open().await;
    flow.next_with("one").await;
    let call = flow.head.call_id();
    drop(flow);
    // For as long as a cancelled one would take to be let go.
    tokio::time::sleep(A_SECOND).await;
    assert!(world.upstream.seen("bills")[0].hung_up.is_none());
    gate.open();
    let record = hub.record(&call).await;
    assert_eq!((record.status.as_str(), record.reason()), ("success", Some("client_gone")));
    assert!(!record.is_estimated());
    assert_eq!(record.cost(), price(USUAL));
}

async fn without_a_free_slot_there_is_no_drain(world: &mut World) {
    world.set("HUB__PROVIDERS__FAKE__ON_DISCONNECT", "drain");
    world.set("HUB__DRAIN__SLOTS", "0");
    world.upstream.script("bills", [Reply::stream().say("one two three").hang()]);
    let hub = world.start().await;
    let mut flow = hub.client().chat("bills").streamed().open().await;
    flow.next_with("three").await;
    let call = flow.head.call_id();
    drop(flow);
    assert_let_go(world, "bills", Instant::now()).await;
    assert_is_departure(&hub.record(&call).await);
}

async fn many_leave_at_once(world: &mut World) {
    world.upstream.script("endless", [Reply::stream().say("one two three").hang()]);
    let hub = world.start().await;
    let mut flows = Vec::new();
    for _ in 0..40 {
        let mut flow =
            hub.client().chat("endless").streamed().with("max_tokens", 100).open().await.expect(200).await;
        flow.next_with("three").await;
        flows.push(flow);
    }
    let calls: Vec<_> = flows.iter().map(|flow| flow.head.call_id()).collect();
    drop(flows);
    let mut cost = 0;
    for call in calls {
        let record = hub.record(&call).await;
        assert_is_departure(&record);
        cost += record.cost();
    }
    assert_eq!(world.spent().await, cost);
    assert_eq!(hub.metric("aigne_hub_open_calls").await, 0.0);
}
