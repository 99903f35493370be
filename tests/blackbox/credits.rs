//! What a balance pays for: quotes, holds, lowered limits, and 402.

use serde_json::json;
use serde_json::value::RawValue;

use crate::kit::{Answer, Ask, Gate, Reply, Tokens, USUAL, Units, World, eventually, price, units};

on_both_databases! {
    a_quote_is_never_below_the_cost_and_records_nothing,
    a_small_balance_lowers_the_limit_sent_upstream,
    too_little_for_any_useful_answer_is_402,
    a_call_without_a_limit_leaves_half_for_others,
    a_balance_is_never_spent_twice,
    bootstrap_credits_are_granted_once,
    credits_granted_beside_a_running_hub_count_at_once,
    nothing_is_charged_where_billing_is_off,
}

/// The amount of `credits` at the top of a quote.
fn quoted(answer: &Answer) -> Units {
    #[derive(serde::Deserialize)]
    struct Quote {
        credits: Box<RawValue>,
    }
    units(serde_json::from_str::<Quote>(&answer.body).unwrap().credits.get())
}

async fn a_quote_is_never_below_the_cost_and_records_nothing(world: &mut World) {
    let hub = world.start().await;
    let client = hub.client();
    let text = "Grüezi mitenand, 你好, 👩‍👩‍👧 — ".repeat(20);
    let asks: [fn(Ask) -> Ask; 3] = [
        |ask| ask.with("max_tokens", 40),
        |ask| ask.with("max_completion_tokens", 3).with("n", 2),
        |ask| ask.with("tools", json!([{ "type": "function", "function": { "name": "f" } }])),
    ];
    for shape in asks {
        let quote = shape(client.chat_at("/api/v2/quote", "plain")).saying(&text).send().await.expect(200);
        let shown = quote.json();
        assert_eq!(shown["model"], "fake/plain");
        assert_eq!(shown["covered"], true);
        assert!(shown["rateVersion"].is_i64());
        assert!(shown["priceLines"].as_array().is_some_and(|lines| !lines.is_empty()), "{shown}");
        let before = hub.records().await.len();
        let answer = shape(client.chat("plain")).saying(&text).send().await.expect(200);
        assert_eq!(hub.records().await.len(), before + 1, "only the call left a record");
        let record = hub.record(&answer.call_id()).await;
        assert!(quoted(&quote) >= record.hold() && record.hold() >= record.cost());
    }
    assert_eq!(world.upstream.all_seen().len(), 3);
    assert_eq!(world.spent().await, 3 * price(USUAL));
}

async fn a_small_balance_lowers_the_limit_sent_upstream(world: &mut World) {
    let hub = world.start().await;
    let small = hub.client().with_key(&world.account("small", "1").await);
    let quote =
        small.chat_at("/api/v2/quote", "plain").with("max_tokens", 1000).send().await.expect(200).json();
    assert_eq!(quote["covered"], false);
    let lowered = quote["hold"]["outputLimit"].as_u64().unwrap();
    assert!((16..1000).contains(&lowered), "{quote}");
    small.chat("plain").with("max_tokens", 1000).send().await.expect(200);
    assert_eq!(world.upstream.reached_by("plain").await.json()["max_tokens"], lowered);
    assert_eq!(world.balance("small").await, units("1") - price(USUAL));
}

async fn too_little_for_any_useful_answer_is_402(world: &mut World) {
    world.set("HUB__BILLING__PAYMENT_LINK", "https://example.com/pay");
    let hub = world.start().await;
    let poor = hub.client().with_key(&world.account("poor", "0.02").await);
    for (path, kind) in
        [("/v1/chat/completions", "insufficient_quota"), ("/api/v2/chat/completions", "NOT_ENOUGH")]
    {
        for ask in [poor.chat_at(path, "plain"), poor.chat_at(path, "plain").streamed()] {
            let answer = ask.send().await.expect(402);
            let error = &answer.json()["error"];
            assert_eq!((&error["type"], &error["code"]), (&json!(kind), &json!("insufficient_credits")));
            assert_eq!(
                (&error["balance"], &error["link"]),
                (&json!("0.02"), &json!("https://example.com/pay"))
            );
            assert!(units(error["needed"].as_str().unwrap()) > units("0.02"));
            assert!(error["timestamp"].is_number() || error["timestamp"].is_string(), "{error}");
            assert_eq!(answer.json()["message"], error["message"]);
            assert_eq!(
                (answer.header("retry-after"), answer.header("x-should-retry")),
                (None, Some("false"))
            );
        }
    }
    assert!(world.upstream.all_seen().is_empty());
    assert_eq!(world.balance("poor").await, units("0.02"));
    assert_eq!(world.json("calls list").await, json!([]));
}

async fn a_call_without_a_limit_leaves_half_for_others(world: &mut World) {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::chat("done", Some(USUAL)).after(&gate)]);
    let hub = world.start().await;
    // Half of it pays for more than 1,024 tokens.
    let rich = hub.client().with_key(&world.account("rich", "20").await);
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let ask = rich.chat("slow");
            tokio::spawn(async move { ask.send().await })
        })
        .collect();
    let seen = eventually("both calls run", async || {
        let seen = world.upstream.seen("slow");
        (seen.len() == 2).then_some(seen)
    })
    .await;
    let limit = |body: serde_json::Value| {
        body["max_tokens"].as_u64().or(body["max_completion_tokens"].as_u64()).expect("a limit goes upstream")
    };
    let limits: Vec<_> = seen.iter().map(|seen| limit(seen.json())).collect();
    assert!(units("20") / 2 >= Units::from(limits[0]) * price(Tokens::of(0, 1)), "{limits:?}");
    assert!(limits[0] >= 1024 && limits[1] >= 16, "{limits:?}");
    gate.open();
    for call in calls {
        call.await.unwrap().expect(200);
    }
    assert_eq!(world.balance("rich").await, units("20") - 2 * price(USUAL));
}

async fn a_balance_is_never_spent_twice(world: &mut World) {
    let gate = Gate::new();
    world.upstream.script("slow", [Reply::chat("done", Some(USUAL)).after(&gate)]);
    let hub = world.start().await;
    let key = world.account("limited", "0").await;
    let limited = hub.client().with_key(&key);
    let ask = limited.chat("slow").with("max_tokens", 100);
    let quote = limited.chat_at("/api/v2/quote", "slow").with("max_tokens", 100).send().await.expect(200);
    let each = quoted(&quote);
    let ten = each * 10;
    let decimal = format!("{}.{:010}", ten / units("1"), ten % units("1"));
    world.json(&format!("accounts grant limited {decimal}")).await;
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let ask = ask.clone();
            tokio::spawn(async move { ask.send().await })
        })
        .collect();
    eventually("thirty are refused and ten run", async || {
        let refused = calls.iter().filter(|call| call.is_finished()).count();
        (refused == 30 && world.upstream.seen("slow").len() == 10).then_some(())
    })
    .await;
    gate.open();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap().status());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 10].as_slice(), &[402; 30]].concat());
    assert_eq!(world.balance("limited").await, ten - 10 * price(USUAL));
}

async fn bootstrap_credits_are_granted_once(world: &mut World) {
    let hub = world.start().await;
    hub.client().chat("plain").send().await.expect(200);
    hub.stop().await;
    let hub = world.start().await;
    hub.kill();
    world.start().await;
    assert_eq!(world.spent().await, price(USUAL));
    assert_eq!(world.json("accounts show bootstrap").await["granted"], "1000");
    assert_eq!(world.json("keys list").await.as_array().unwrap().len(), 1);
}

async fn credits_granted_beside_a_running_hub_count_at_once(world: &mut World) {
    let hub = world.start().await;
    let late = hub.client().with_key(&world.account("late", "0").await);
    late.chat("plain").send().await.expect(402);
    world.json("accounts grant late 5").await;
    late.chat("plain").send().await.expect(200);
    let balance = late.get("/api/user/credit/balance").send().await.expect(200).json();
    assert_eq!(balance["balance"], (units("5") - price(USUAL)).to_string());
    assert_eq!(balance["currency"]["decimal"], 10);
}

async fn nothing_is_charged_where_billing_is_off(world: &mut World) {
    world.set("HUB__BILLING__MODE", "off");
    let hub = world.start().await;
    let poor = hub.client().with_key(&world.account("poor", "0").await);
    let answer = poor.chat("plain").send().await.expect(200);
    assert_eq!(answer.cost(), Some(0));
    poor.chat("plain").streamed_with_usage().send().await.expect(200);
    let calls = world.json("calls list").await;
    for call in calls.as_array().unwrap() {
        assert_eq!(
            (&call["status"], &call["cost"], &call["hold"]),
            (&json!("success"), &json!("0"), &json!("0"))
        );
        assert_eq!(call["usage"]["input"], 10);
    }
    assert_eq!(calls.as_array().unwrap().len(), 2);
    assert_eq!(world.balance("poor").await, 0);
}
