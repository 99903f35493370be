//! The simulated provider, model by model.

use std::time::{Duration, Instant};

use hub_domain::bound::{OutputLimits, bound};
use hub_domain::error::UpstreamClass;
use hub_domain::meter::Meter;
use hub_domain::ports::{ModelProvider, contract};
use hub_domain::routing::ProviderKind;
use hub_domain::vocabulary::{CallType, Event, FinishReason};
use hub_providers::price_list;
use serde_json::Value;

use crate::asked::{Heard, hear, providers, simulated};

const HI: &str = r#"{"model":"sim/x","messages":[{"role":"user","content":"How are you?"}],"stream":true}"#;

fn finishes(heard: &Heard) -> Vec<FinishReason> {
    let reasons = heard.events().filter_map(|event| match event {
        Event::Finish { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    reasons.collect()
}

#[tokio::test]
async fn keeps_the_contract() {
    contract::model_provider(&providers(), simulated("instant", HI).attempt()).await;
    contract::model_provider(
        &providers(),
        simulated("embedding", r#"{"model":"x","input":["a","b"]}"#).attempt(),
    )
    .await;
}

#[tokio::test]
async fn an_answer_repeats_what_was_written_and_counts_its_tokens() {
    let asked = simulated("instant", HI);
    let heard = asked.send(&providers()).await;
    assert!(heard.is_whole());
    assert!(heard.text().contains("“How are you?”"), "{}", heard.text());
    assert!(heard.frames.len() > 20, "a token at a time");
    assert!(heard.frames.iter().all(|frame| frame.raw.is_none()));
    let usage = heard.usage().unwrap().quantities;
    let texts = heard.events().filter(|event| matches!(event, Event::Text { .. })).count();
    assert!(usage.get(Meter::Output) >= u64::try_from(texts).unwrap());
    let limits = OutputLimits { model_max: None, operator_max: 1_000, uncapped_default: 1_000 };
    let most = bound(&asked.attempt().request.canonical, limits).input_tokens;
    assert!((1..=most).contains(&usage.get(Meter::Input)), "never more than was held for");
}

#[tokio::test]
async fn whole_and_streamed_answers_are_the_same() {
    let streamed = simulated("instant", HI).send(&providers()).await;
    let plain = simulated("instant", &HI.replace(",\"stream\":true", "")).send(&providers()).await;
    assert_eq!(plain.text(), streamed.text());
    assert_eq!(plain.usage(), streamed.usage());
}

#[tokio::test]
async fn the_output_limit_ends_an_answer() {
    let mut asked = simulated("instant", HI);
    asked.output_limit = Some(5);
    let heard = asked.send(&providers()).await;
    assert_eq!(finishes(&heard), [FinishReason::Length]);
    assert_eq!(heard.usage().unwrap().quantities.output_tokens(), 5);
    asked.output_limit = Some(64);
    asked.model = "long";
    let heard = asked.send(&providers()).await;
    assert_eq!(heard.usage().unwrap().quantities.output_tokens(), 64);
}

#[tokio::test]
async fn several_answers_are_counted_together() {
    let one = simulated("instant", HI).send(&providers()).await;
    let several =
        simulated("instant", &HI.replace("\"stream\"", "\"n\":3,\"stream\"")).send(&providers()).await;
    assert_eq!(finishes(&several).len(), 3);
    let output = |heard: &Heard| heard.usage().unwrap().quantities.output_tokens();
    assert!(output(&several) >= 3 * output(&one));
}

#[tokio::test]
async fn structured_output_follows_its_schema() {
    let format = r#""response_format":{"type":"json_schema","json_schema":{"name":"person","schema":{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":3}},"required":["name","age"]}}},"stream""#;
    let heard = simulated("instant", &HI.replace("\"stream\"", format)).send(&providers()).await;
    let value: Value = serde_json::from_str(&heard.text()).unwrap();
    assert_eq!(value, serde_json::json!({"name": "How are you?", "age": 3}));
}

#[tokio::test]
async fn tools_are_called() {
    let tools = r#""tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"stream""#;
    let heard = simulated("tools", &HI.replace("\"stream\"", tools)).send(&providers()).await;
    assert!(
        heard.events().any(|event| matches!(event, Event::ToolCallStart { name, .. } if name == "weather"))
    );
    let arguments = heard.events().filter_map(|event| match event {
        Event::ToolCallArguments { fragment, .. } => Some(fragment.as_str()),
        _ => None,
    });
    let arguments: Value = serde_json::from_str(&arguments.collect::<String>()).unwrap();
    assert_eq!(arguments["city"], "How are you?");
    assert_eq!(finishes(&heard), [FinishReason::ToolCalls]);
}

#[tokio::test]
async fn reasoning_is_shown_and_counted_apart() {
    let heard = simulated("reasoning", HI).send(&providers()).await;
    assert!(heard.events().any(|event| matches!(event, Event::Thinking { .. })));
    let usage = heard.usage().unwrap().quantities;
    assert!(usage.get(Meter::OutputReasoning) > 0 && usage.get(Meter::Output) > 0);
}

#[tokio::test]
async fn usage_may_be_missing() {
    let heard = simulated("no-usage", HI).send(&providers()).await;
    assert!(heard.is_whole());
    assert_eq!(heard.usage(), None);
}

#[tokio::test]
async fn slow_is_slow() {
    let mut asked = simulated("slow", HI);
    asked.output_limit = Some(10);
    let began = Instant::now();
    assert!(asked.send(&providers()).await.is_whole());
    assert!(began.elapsed() >= Duration::from_millis(900));
}

#[tokio::test]
async fn errors_are_those_in_the_names() {
    let providers = providers();
    for (model, status, class) in [
        ("error-400", 400, UpstreamClass::InvalidRequest),
        ("error-401", 401, UpstreamClass::Authentication),
        ("error-429", 429, UpstreamClass::RateLimited),
        ("error-500", 500, UpstreamClass::Server),
        ("error-503", 503, UpstreamClass::Overloaded),
        ("no-such-model", 404, UpstreamClass::ModelNotFound),
    ] {
        let error = simulated(model, HI).fails(&providers).await;
        assert_eq!((error.class, error.status), (class, Some(status)), "{model}");
    }
    assert_eq!(
        simulated("embedding", r#"{"model":"x","input":"a","dimensions":60000}"#)
            .fails(&providers)
            .await
            .param
            .as_deref(),
        Some("dimensions")
    );
}

#[tokio::test]
async fn a_call_that_was_refused_once_is_answered_then() {
    let providers = providers();
    let (one, other) =
        (simulated("error-429-then-ok", HI).attempt(), simulated("error-429-then-ok", HI).attempt());
    for attempt in [&one, &other] {
        let error = providers.start(attempt.clone()).await.err().unwrap();
        assert_eq!(error.class, UpstreamClass::RateLimited);
    }
    for attempt in [other, one] {
        assert!(hear(providers.start(attempt).await.unwrap().frames).await.is_whole());
    }
}

#[tokio::test]
async fn answers_break_in_the_middle() {
    let cut = simulated("cut", HI).send(&providers()).await;
    assert!(!cut.text().is_empty() && cut.error.is_none() && !cut.is_whole());
    let failed = simulated("error-in-stream", HI).send(&providers()).await;
    assert!(!failed.text().is_empty());
    assert_eq!(failed.error.unwrap().class, UpstreamClass::Server);
    let mut asked = simulated("stall", HI);
    asked.timeouts.idle = Duration::from_millis(100);
    let stalled = asked.send(&providers()).await;
    assert!(!stalled.text().is_empty());
    assert_eq!(stalled.error.unwrap().class, UpstreamClass::Timeout);
    let mut asked = simulated("silent", HI);
    asked.timeouts.first_byte = Duration::from_millis(100);
    assert_eq!(asked.fails(&providers()).await.class, UpstreamClass::Timeout);
}

#[tokio::test]
async fn every_listed_model_answers_or_fails_as_it_is_meant_to() {
    let providers = providers();
    for model in price_list::models("sim", ProviderKind::Simulated) {
        let name: &'static str = Box::leak(model.name.to_string().into_boxed_str());
        let body = if model.call_type == CallType::Embedding { r#"{"model":"x","input":"a"}"# } else { HI };
        let mut asked = simulated(name, body);
        asked.output_limit = Some(8);
        asked.timeouts.first_byte = Duration::from_millis(50);
        asked.timeouts.idle = Duration::from_millis(50);
        let heard = asked.send(&providers).await;
        let status = heard.error.as_ref().and_then(|error| error.status);
        assert_ne!(status, Some(404), "{name} is known");
    }
}
