//! `Idempotency-Key`: the same key, caller and body are one hold, one upstream call, one charge, and the
//! same answer again.

use crate::kit::{Answer, Gate, Reply, Tokens, USUAL, World, price, units};

on_both_databases! {
    a_storm_of_equal_requests_is_one_call,
    a_storm_of_equal_streams_is_one_call,
    an_answer_is_repeated_byte_for_byte,
    a_running_call_is_a_conflict_worth_another_try,
    another_body_is_a_mistake,
    the_key_belongs_to_its_account_and_route,
    a_call_that_cost_nothing_may_be_tried_again,
    an_answer_too_large_to_keep_is_not_repeated,
    a_kept_answer_outlives_the_process,
}

/// How many at once.
const STORM: usize = 100;

/// Repeats while the first request runs, then each once more; returns the answers of the second round.
async fn storm(world: &mut World, model: &str, is_stream: bool) -> Vec<Answer> {
    world.set("HUB__LIMITS__CALLS_PER_KEY", "1000");
    let gate = Gate::new();
    let reply = if is_stream {
        Reply::stream().say("one").say(" two").end(USUAL)
    } else {
        Reply::chat("one", Some(USUAL))
    };
    world.upstream.script(model, [reply.after(&gate)]);
    let hub = world.start().await;
    let ask = hub.client().chat(model).idempotency_key("order-1");
    let ask = if is_stream { ask.streamed_with_usage() } else { ask };
    let requests: Vec<_> = (0..STORM)
        .map(|_| {
            let ask = ask.clone();
            tokio::spawn(async move { ask.send().await })
        })
        .collect();
    world.upstream.reached_by(model).await;
    gate.open();
    let mut answered = Vec::new();
    for request in requests {
        let answer = request.await.unwrap();
        match answer.status() {
            200 => answered.push(answer),
            409 => {
                assert_eq!(answer.code(), "idempotency_in_progress");
                assert_eq!(
                    (answer.header("retry-after"), answer.header("x-should-retry")),
                    (Some("1"), Some("true"))
                );
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert!(!answered.is_empty());
    for _ in 0..3 {
        answered.push(ask.send().await.expect(200));
    }
    assert_eq!(world.upstream.seen(model).len(), 1, "upstream calls");
    let record = hub.only_record().await;
    assert_eq!((record.status.as_str(), record.cost()), ("success", price(USUAL)));
    assert_eq!(world.spent().await, price(USUAL));
    answered
}

fn assert_all_the_same(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.body, answers[0].body);
        assert_eq!(answer.call_id(), answers[0].call_id());
        assert_eq!(answer.header("content-type"), answers[0].header("content-type"));
    }
}

async fn a_storm_of_equal_requests_is_one_call(world: &mut World) {
    let answers = storm(world, "wanted", false).await;
    assert_all_the_same(&answers);
    assert_eq!(answers[0].cost(), Some(price(USUAL)));
}

async fn a_storm_of_equal_streams_is_one_call(world: &mut World) {
    let answers = storm(world, "wanted", true).await;
    assert_all_the_same(&answers);
    assert_eq!(answers[0].events().last().unwrap(), "[DONE]");
}

async fn an_answer_is_repeated_byte_for_byte(world: &mut World) {
    let hub = world.start().await;
    for (key, ask) in
        [("whole", hub.client().chat("a")), ("stream", hub.client().chat("b").streamed_with_usage())]
    {
        let ask = ask.idempotency_key(key);
        let first = ask.send().await.expect(200);
        let second = ask.send().await.expect(200);
        assert_eq!(first.header("idempotent-replay"), None);
        assert_eq!(second.header("idempotent-replay"), Some("true"));
        assert_all_the_same(&[first, second]);
    }
    assert_eq!(world.upstream.all_seen().len(), 2);
    assert_eq!(world.spent().await, 2 * price(USUAL));
}

async fn a_running_call_is_a_conflict_worth_another_try(world: &mut World) {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::chat("done", Some(USUAL)).after(&gate)]);
    let hub = world.start().await;
    let ask = hub.client().chat("slow").idempotency_key("k");
    let first = {
        let ask = ask.clone();
        tokio::spawn(async move { ask.send().await })
    };
    world.upstream.reached_by("slow").await;
    let early = ask.send().await.expect(409);
    assert_eq!((early.code().as_str(), early.header("retry-after")), ("idempotency_in_progress", Some("1")));
    gate.open();
    let first = first.await.unwrap().expect(200);
    assert_all_the_same(&[first, ask.send().await.expect(200)]);
}

async fn another_body_is_a_mistake(world: &mut World) {
    let hub = world.start().await;
    let ask = hub.client().chat("plain").idempotency_key("k");
    ask.send().await.expect(200);
    let other = ask.saying("Something else.").send().await.expect(422);
    assert_eq!(other.code(), "idempotency_mismatch");
    assert_eq!(world.upstream.all_seen().len(), 1);
}

async fn the_key_belongs_to_its_account_and_route(world: &mut World) {
    world.set_up().await;
    let alice = world.account("alice", "10").await;
    let hub = world.start().await;
    let client = hub.client();
    client.chat("plain").idempotency_key("k").send().await.expect(200);
    client.with_key(&alice).chat("plain").idempotency_key("k").saying("Hi").send().await.expect(200);
    client
        .chat_at("/api/v2/chat/completions", "plain")
        .idempotency_key("k")
        .saying("Ho")
        .send()
        .await
        .expect(200);
    assert_eq!(world.upstream.all_seen().len(), 3);
}

async fn a_call_that_cost_nothing_may_be_tried_again(world: &mut World) {
    world.set("HUB__RETRY__MAX_ATTEMPTS", "1");
    world.upstream.script("heals", [Reply::failure(500, "server_error"), Reply::chat("well", Some(USUAL))]);
    let hub = world.start().await;
    let ask = hub.client().chat("heals").idempotency_key("k");
    ask.send().await.expect(502);
    assert_eq!(ask.send().await.expect(200).text(), "well");

    let poor = hub.client().with_key(&world.account("poor", "0").await);
    let ask = poor.chat("plain").idempotency_key("k");
    ask.send().await.expect(402);
    world.json("accounts grant poor 10").await;
    ask.send().await.expect(200);
}

async fn an_answer_too_large_to_keep_is_not_repeated(world: &mut World) {
    let long = "long ".repeat(300_000);
    world.upstream.script("long", [Reply::chat(&long, Some(Tokens::of(10, 5)))]);
    let hub = world.start().await;
    let ask = hub.client().chat("long").idempotency_key("k");
    assert_eq!(ask.send().await.expect(200).text(), long);
    let again = ask.send().await.expect(409);
    assert_eq!(again.code(), "idempotency_answer_not_kept");
    assert_eq!(again.header("x-should-retry"), Some("false"));
    assert_eq!(world.upstream.all_seen().len(), 1);
    assert_eq!(world.balance("bootstrap").await, units("1000") - price(Tokens::of(10, 5)));
}

async fn a_kept_answer_outlives_the_process(world: &mut World) {
    let hub = world.start().await;
    let first =
        hub.client().chat("plain").idempotency_key("k").streamed_with_usage().send().await.expect(200);
    hub.kill();
    let hub = world.start().await;
    let again =
        hub.client().chat("plain").idempotency_key("k").streamed_with_usage().send().await.expect(200);
    assert_all_the_same(&[first, again]);
    assert_eq!(world.spent().await, price(USUAL));
}
