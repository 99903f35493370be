//! What operators see: traces that go on where the client's began, metrics, and logs.

use serde_json::Value;

use crate::kit::{OtlpSink, Reply, USUAL, World, eventually, price};

on_both_databases! {
    a_trace_goes_through_the_hub,
    spans_reach_a_collector,
    metrics_tell_of_calls_tokens_and_credits,
    logs_are_json_where_asked,
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn a_trace_goes_through_the_hub(world: &mut World) {
    let hub = world.start().await;
    let answer = hub.client().chat("plain").header("traceparent", PARENT).send().await.expect(200);
    let seen = world.upstream.reached_by("plain").await;
    let sent = seen.header("traceparent").expect("the trace goes on upstream");
    assert!(sent.starts_with(&format!("00-{TRACE}-")) && sent != PARENT, "{sent}");
    assert_eq!(hub.record(&answer.call_id()).await.trace_id.as_deref(), Some(TRACE));
    // Where the client has no trace, the hub begins one.
    let answer = hub.client().chat("other").send().await.expect(200);
    let own = hub.record(&answer.call_id()).await.trace_id.expect("every call has a trace");
    let sent = world.upstream.reached_by("other").await;
    assert!(sent.header("traceparent").unwrap().starts_with(&format!("00-{own}-")));
    let named = hub.client().chat("plain").header("x-request-id", "from-the-client").send().await.expect(200);
    assert_eq!(named.header("x-request-id"), Some("from-the-client"));
    assert_eq!(hub.record(&named.call_id()).await.request_id.as_deref(), Some("from-the-client"));
}

async fn spans_reach_a_collector(world: &mut World) {
    let sink = OtlpSink::start().await;
    world.set("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", sink.address));
    world.upstream.script("stumbles", [Reply::failure(500, "server_error"), Reply::chat("up", Some(USUAL))]);
    let hub = world.start().await;
    let answer = hub.client().chat("stumbles").header("traceparent", PARENT).send().await.expect(200);
    hub.stop().await;
    let exports = sink.exports();
    assert!(!exports.is_empty(), "no span arrived");
    for export in &exports {
        assert_eq!(
            (export.path.as_str(), export.content_type.as_str()),
            ("/v1/traces", "application/x-protobuf")
        );
    }
    let trace: Vec<_> =
        (0..32).step_by(2).map(|at| u8::from_str_radix(&TRACE[at..at + 2], 16).unwrap()).collect();
    let call = answer.call_id();
    let texts = [
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.response.finish_reasons",
        "chat stumbles",
        "attempt",
        "aigne-hub",
        call.as_str(),
    ];
    for text in texts {
        assert!(exports.iter().any(|export| export.contains(text)), "`{text}` is in no span");
    }
    assert!(exports.iter().any(|export| export.contains(&trace)), "the client's trace is in no span");
    let private = ["Say something nice", "sk-fake-one", crate::kit::KEY];
    assert!(private.iter().all(|text| !exports.iter().any(|export| export.contains(text))));
}

async fn metrics_tell_of_calls_tokens_and_credits(world: &mut World) {
    world.upstream.script("down", [Reply::failure(500, "server_error")]);
    let hub = world.start().await;
    hub.client().chat("plain").send().await.expect(200);
    hub.client().chat("plain").streamed().send().await.expect(200);
    hub.client().chat("down").send().await.expect(502);
    eventually("the metrics have all three calls", async || {
        (hub.metric("aigne_hub_calls_total").await == 3.0).then_some(())
    })
    .await;
    assert_eq!(hub.metric("aigne_hub_tokens_total").await, 26.0);
    let charged = hub.metric("aigne_hub_credits_charged_total").await;
    let exact = 2.0 * price(USUAL) as f64 / 1e10;
    assert!((charged - exact).abs() < 1e-9, "{charged}");
    assert_eq!(hub.metric("aigne_hub_upstream_attempts_total").await, 5.0);
    assert_eq!(hub.metric("aigne_hub_open_calls").await, 0.0);
    assert!(hub.metric("aigne_hub_lease_remaining_seconds").await > 0.0);
    let answer = hub.client().without_key().get("/metrics").send().await.expect(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    for name in [
        "time_to_first_token_seconds_bucket",
        "call_duration_seconds_count",
        "http_requests_total",
        "holds_open",
        "outbox_waiting",
        "pending_settlements",
        "writer_queue_depth",
        "writer_groups_total",
    ] {
        assert!(answer.body.contains(&format!("aigne_hub_{name}")), "{name} is missing");
    }
    assert!(answer.body.contains(r#"model="plain""#) && answer.body.contains(r#"provider="fake""#));
}

async fn logs_are_json_where_asked(world: &mut World) {
    let hub = world.start().await;
    hub.client().chat("plain").send().await.expect(200);
    hub.stop().await;
    let log = hub.log();
    let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(!lines.is_empty());
    for line in lines.iter().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    assert!(lines.iter().any(|line| line.starts_with('{')), "{log}");
    assert!(!log.contains('\u{1b}'), "colours in a file");
}
