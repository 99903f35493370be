use hub_domain::ids::CallId;
use hub_domain::money::Credits;
use serde_json::Value;

use super::*;

const CHAT: CallType = CallType::ChatCompletion;

fn buckets(usage: &str) -> (Vec<(&'static str, u64)>, bool) {
    let usage = normalise(usage, CHAT).unwrap();
    (usage.quantities.iter().map(|(meter, count)| (meter.name(), count)).collect(), usage.inconsistent)
}

fn receipt(usage: Usage) -> Receipt {
    Receipt { call: CallId::new(), usage, charged: Some(Credits::from_units(1)) }
}

#[test]
fn cached_and_written_tokens_are_taken_out_of_the_prompt() {
    let usage = r#"{"prompt_tokens":1000,"completion_tokens":300,"total_tokens":1300,
        "prompt_tokens_details":{"cached_tokens":800,"cache_write_tokens":100},
        "completion_tokens_details":{"reasoning_tokens":200}}"#;
    let expected = vec![
        ("input", 100),
        ("input_cached", 800),
        ("cache_write", 100),
        ("output", 100),
        ("output_reasoning", 200),
    ];
    assert_eq!(buckets(usage), (expected, false));
}

#[test]
fn reasoning_outside_the_output_is_told_by_the_total() {
    let usage = r#"{"prompt_tokens":10120,"completion_tokens":1499,"total_tokens":14428,
        "prompt_tokens_details":{"cached_tokens":128},"completion_tokens_details":{"reasoning_tokens":2809}}"#;
    let expected = vec![("input", 9992), ("input_cached", 128), ("output", 1499), ("output_reasoning", 2809)];
    assert_eq!(buckets(usage), (expected, false));
    let inside = usage.replace("14428", "11619").replace("2809", "1000");
    assert_eq!(buckets(&inside).0[2..], [("output", 499), ("output_reasoning", 1000)]);
}

#[test]
fn a_cache_hit_may_stand_beside_the_prompt() {
    let usage = r#"{"prompt_tokens":120,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":56,
        "completion_tokens":500,"total_tokens":620,"completion_tokens_details":{"reasoning_tokens":450}}"#;
    let expected = vec![("input", 56), ("input_cached", 64), ("output", 50), ("output_reasoning", 450)];
    assert_eq!(buckets(usage), (expected, false));
}

#[test]
fn audio_has_buckets_of_its_own() {
    let usage = r#"{"prompt_tokens":500,"completion_tokens":200,"total_tokens":700,
        "prompt_tokens_details":{"audio_tokens":400},"completion_tokens_details":{"audio_tokens":150}}"#;
    let expected = vec![("input", 100), ("input_audio", 400), ("output", 50), ("output_audio", 150)];
    assert_eq!(buckets(usage), (expected, false));
}

#[test]
fn details_beyond_their_total_are_cut_and_flagged() {
    let usage =
        r#"{"prompt_tokens":100,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":150}}"#;
    assert_eq!(buckets(usage), (vec![("input_cached", 100), ("output", 10)], true));
}

#[test]
fn a_total_that_fits_nothing_is_flagged() {
    assert!(buckets(r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":5}"#).1);
}

#[test]
fn broken_fields_are_rejected_and_flagged() {
    for broken in ["-5", "1.5", "1000000001", "\"7\"", "{}", "[1]", "true"] {
        let details = format!(
            "{{\"prompt_tokens\":10,\"completion_tokens\":2,\"prompt_tokens_details\":{{\"cached_tokens\":{broken}}}}}"
        );
        assert_eq!(buckets(&details), (vec![("input", 10), ("output", 2)], true), "{broken}");
        let total = format!("{{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":{broken}}}");
        assert!(buckets(&total).1, "{broken}");
        let both = format!("{{\"prompt_tokens\":{broken},\"completion_tokens\":{broken}}}");
        assert_eq!(normalise(&both, CHAT), None, "{broken}");
    }
}

#[test]
fn what_is_missing_is_made_up_from_the_total_or_not_at_all() {
    assert_eq!(
        buckets(r#"{"prompt_tokens":7,"total_tokens":10}"#),
        (vec![("input", 7), ("output", 3)], false)
    );
    assert_eq!(
        buckets(r#"{"completion_tokens":7,"total_tokens":10}"#),
        (vec![("input", 3), ("output", 7)], false)
    );
    for unusable in ["{}", "null", "[]", "5", "\"x\"", r#"{"prompt_tokens":7}"#, r#"{"total_tokens":7}"#] {
        assert_eq!(normalise(unusable, CHAT), None, "{unusable}");
    }
    let vectors = normalise(r#"{"total_tokens":7}"#, CallType::Embedding).unwrap();
    assert_eq!(vectors.quantities.get(Meter::Input), 7);
}

#[test]
fn null_details_are_no_details() {
    let usage = r#"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":null,
        "completion_tokens_details":null}"#;
    assert_eq!(buckets(usage), (vec![("input", 1), ("output", 2)], false));
}

#[test]
fn buckets_are_shown_inclusive() {
    let quantities = Quantities::default()
        .with(Meter::Input, 25)
        .with(Meter::InputCached, 4000)
        .with(Meter::CacheWrite5m, 300)
        .with(Meter::CacheWrite1h, 200)
        .with(Meter::Output, 60)
        .with(Meter::OutputReasoning, 90);
    let usage = Usage { quantities, ..Usage::default() };
    let shown: Value = serde_json::from_str(&settled(None, &receipt(usage), CHAT)).unwrap();
    assert_eq!(shown["prompt_tokens"], 4525);
    assert_eq!(shown["prompt_tokens_details"]["cached_tokens"], 4000);
    assert_eq!(shown["prompt_tokens_details"]["cache_write_tokens"], 500);
    assert_eq!(shown["completion_tokens"], 150);
    assert_eq!(shown["completion_tokens_details"]["reasoning_tokens"], 90);
    assert_eq!(shown["total_tokens"], 4675);
}

#[test]
fn the_providers_own_object_is_kept_where_it_was_charged() {
    let own = r#"{"prompt_tokens":3, "completion_tokens":1,"queue_time":0.0000001,"modelCallId":"theirs","aigneHubCredits":9}"#;
    let charged = receipt(normalise(own, CHAT).unwrap());
    let kept = settled(Some(own), &charged, CHAT);
    assert_eq!(
        kept,
        format!(
            "{{\"prompt_tokens\":3,\"completion_tokens\":1,\"queue_time\":0.0000001,\"modelCallId\":\"{}\",\"aigneHubCredits\":0.0000000001}}",
            charged.call
        )
    );
    let other = receipt(Usage { estimated: true, ..charged.usage });
    assert!(!settled(Some(own), &other, CHAT).contains("queue_time"));
}

#[test]
fn a_settlement_that_waits_says_so() {
    let pending = Receipt { charged: None, ..receipt(Usage::default()) };
    let shown: Value = serde_json::from_str(&settled(None, &pending, CHAT)).unwrap();
    assert!(shown["aigneHubCredits"].is_null());
    assert_eq!(shown["billingStatus"], "pending");
    let shown = settled(Some("{}"), &pending, CallType::Embedding);
    assert!(shown.starts_with("{\"prompt_tokens\":0,\"total_tokens\":0,\"modelCallId\""));
}
