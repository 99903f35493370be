//! Meter events as the platform's own client sends them (`tests/vectors/payment-kit.json`; another
//! directory by `HUB_TEST_VECTORS`).

#![allow(clippy::unwrap_used)] // these are tests

use std::path::PathBuf;

use hub_domain::ids::CallId;
use hub_domain::money::Credits;
use hub_payments::{Decimals, Identifier, MeterEvent, Report, ReportedTime, split};
use serde_json::{Value, json};

const METER: &str = "agent-hub-ai-meter-v2";

/// Every meter event that was sent: the name of its case, its body, and the status it was answered with.
fn sent() -> Vec<(String, String, Option<u64>)> {
    let directory = std::env::var_os("HUB_TEST_VECTORS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors")), PathBuf::from);
    let path = directory.join("payment-kit.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let suite: Value = serde_json::from_str(&text).unwrap();
    let mut sent = Vec::new();
    for case in suite["cases"].as_array().unwrap() {
        for exchange in case["exchanges"].as_array().unwrap() {
            let request = &exchange["request"];
            let url = request["url"].as_str().unwrap();
            if request["method"] == "POST" && url.starts_with("/api/meter-events?") {
                let body = request["body_text"].as_str().unwrap().to_owned();
                let name = case["name"].as_str().unwrap().to_owned();
                sent.push((name, body, exchange["response"]["status"].as_u64()));
            }
        }
    }
    assert!(sent.len() >= 6, "{} events", sent.len());
    sent
}

/// The report that makes an equal event, if its value is an amount.
fn report_of(body: &Value) -> Option<Report> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let amount: Credits = text(&body["payload"]["value"]).parse().ok()?;
    let identifier = text(&body["identifier"]);
    let (install, report) = identifier.split_once('-').unwrap();
    Some(Report {
        identifier: Identifier::new(install, report).unwrap(),
        customer: format!("did:abt:{}", text(&body["payload"]["customer_id"])),
        app: Some(text(&body["metadata"]["appId"])),
        value: split(amount, Decimals(10)).value.unwrap(),
        time: ReportedTime { timestamp: body["timestamp"].as_i64().unwrap(), occurred_at: None },
        calls: text(&body["source_data"][1]["value"]).parse().unwrap(),
        span: None,
    })
}

#[test]
fn vectors_of_meter_events_are_made_byte_for_byte() {
    let mut made = 0;
    for (name, body, _) in sent() {
        if let Some(report) = report_of(&serde_json::from_str(&body).unwrap()) {
            let event = MeterEvent::new(METER, &report);
            assert_eq!(serde_json::to_string(&event).unwrap(), body, "{name}");
            made += 1;
        }
    }
    assert!(made >= 4, "{made} events");
}

#[test]
fn vectors_of_values_that_are_refused_can_not_even_be_written() {
    let mut refused = 0;
    for (name, body, status) in sent() {
        let body: Value = serde_json::from_str(&body).unwrap();
        if report_of(&body).is_none() {
            assert_eq!(status, Some(400), "{name}");
            refused += 1;
        }
    }
    assert_eq!(refused, 2, "an exponent, and a decimal too many");
}

#[test]
fn a_report_tells_its_calls_and_a_time_that_is_too_old_to_be_told() {
    let (first, last) = (CallId::new(), CallId::new());
    let report = Report {
        identifier: Identifier::new("hub1", "1").unwrap(),
        customer: "z1fGxzMtNwT1qEvWnXjZxVf8KqkUserOne".to_owned(),
        app: None,
        value: split(Credits::from_units(1), Decimals(10)).value.unwrap(),
        time: ReportedTime { timestamp: 1_760_000_000, occurred_at: Some(1_750_000_000) },
        calls: 2,
        span: Some((first, last)),
    };
    let event = serde_json::to_value(MeterEvent::new(METER, &report)).unwrap();

    assert_eq!(event["metadata"], json!({ "occurredAt": 1_750_000_000 }));
    let lines: Vec<_> =
        event["source_data"].as_array().unwrap().iter().map(|line| (&line["key"], &line["value"])).collect();
    let (first, last) = (json!(first.to_string()), json!(last.to_string()));
    assert_eq!(lines[2..], [(&json!("first_call"), &first), (&json!("last_call"), &last)]);
}
