//! What upstreams are sent.

use hub_dialects::openai::{self, LimitField, Quirks, UpstreamTarget};
use hub_domain::vocabulary::{Canonical, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::{request, with};

fn target(output_limit: Option<u64>) -> UpstreamTarget<'static> {
    UpstreamTarget {
        model: "up",
        output_limit,
        limit_field: LimitField::MaxCompletionTokens,
        quirks: Quirks::default(),
        speech_events: false,
    }
}

fn sent(body: &str, target: &UpstreamTarget<'_>) -> String {
    let bytes = openai::encode_request(&request(body), target).unwrap().body;
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_clients_text_survives_but_for_what_was_decided() {
    let body = r#"{"zeta":1.50,"model":"p/m","big":12345678901234567890,"messages":[{"role":"user","content":"h\u0069 é\/","x":{"b":1,"a":2}}], "max_tokens" : 500,"alpha":1e400}"#;
    assert_eq!(
        sent(body, &target(Some(100))),
        r#"{"zeta":1.50,"model":"up","big":12345678901234567890,"messages":[{"role":"user","content":"h\u0069 é\/","x":{"b":1,"a":2}}],"max_tokens":100,"alpha":1e400}"#
    );
}

#[test]
fn a_limit_goes_where_the_client_put_it() {
    for (members, limit, field, value) in [
        (r#""max_tokens":50"#, Some(100), "max_tokens", 50),
        (r#""max_tokens":500"#, Some(100), "max_tokens", 100),
        (r#""max_completion_tokens":500"#, Some(100), "max_completion_tokens", 100),
        (r#""max_tokens":null,"max_completion_tokens":500"#, Some(100), "max_completion_tokens", 100),
        (r#""max_tokens":5e1"#, None, "max_tokens", 50),
        ("", Some(100), "max_completion_tokens", 100),
        (r#""max_tokens":null"#, Some(100), "max_completion_tokens", 100),
    ] {
        let sent: Value = serde_json::from_str(&sent(&with(members), &target(limit))).unwrap();
        assert_eq!(sent[field], value, "{members}");
        let fields = ["max_tokens", "max_completion_tokens"].map(|field| sent.get(field).is_some());
        assert_eq!(fields.iter().filter(|is_there| **is_there).count(), 1, "{members}: {sent}");
    }
    let sent: Value = serde_json::from_str(&sent(&with(""), &target(None))).unwrap();
    assert_eq!(sent.get("max_completion_tokens"), None);
}

#[test]
fn a_model_that_refuses_a_field_gets_the_other() {
    let target = UpstreamTarget { limit_field: LimitField::OnlyMaxCompletionTokens, ..target(Some(100)) };
    let sent: Value = serde_json::from_str(&sent(&with(r#""max_tokens":50"#), &target)).unwrap();
    assert_eq!((sent.get("max_tokens"), &sent["max_completion_tokens"]), (None, &json!(50)));
}

#[test]
fn streams_always_report_usage() {
    for (members, expected) in [
        (r#""stream":true"#, json!({"include_usage": true})),
        (r#""stream":true,"stream_options":null"#, json!({"include_usage": true})),
        (
            r#""stream":true,"stream_options":{"include_usage":false,"include_obfuscation":false}"#,
            json!({"include_usage": true, "include_obfuscation": false}),
        ),
        (
            r#""stream":true,"stream_options":{"include_usage":true,"Include_Usage":false}"#,
            json!({"include_usage": true}),
        ),
    ] {
        let sent: Value = serde_json::from_str(&sent(&with(members), &target(None))).unwrap();
        assert_eq!(sent["stream_options"], expected, "{members}");
    }
    let sent: Value = serde_json::from_str(&sent(&with(r#""stream":false"#), &target(None))).unwrap();
    assert_eq!(sent.get("stream_options"), None);
}

#[test]
fn what_was_priced_is_what_is_sent() {
    let body = with(
        r#""n":10,"n":1,"max_tokens":100000,"max_tokens":10,"model":"dear","N":10,"Max_Tokens":9999,"\u006eX":1,"MESSAGES":[],"Model":"dear""#,
    );
    let sent = sent(&body, &target(Some(10)));
    for (key, times) in [
        ("\"n\"", 1),
        ("\"N\"", 0),
        ("\"max_tokens\"", 1),
        ("\"Max_Tokens\"", 0),
        ("\"model\"", 1),
        ("\"Model\"", 0),
        ("\"MESSAGES\"", 0),
        ("dear", 0),
        ("100000", 0),
    ] {
        assert_eq!(sent.matches(key).count(), times, "{key} in {sent}");
    }
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!((&sent["n"], &sent["max_tokens"], &sent["model"]), (&json!(1), &json!(10), &json!("up")));
}

#[test]
fn a_text_that_was_not_priced_is_not_sent() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"not priced","content":"priced"}]}"#;
    assert!(!sent(body, &target(None)).contains("not priced"));
}

#[test]
fn a_request_of_another_dialect_is_written_from_its_meaning() {
    let body = with(
        r#""tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"x":1.50},"strict":true}}],
        "tool_choice":"required","parallel_tool_calls":true,"temperature":0.50,"stop":"a","n":2,"seed":7,"user":"u",
        "reasoning_effort":"low","max_tokens":50,"stream":true,"stream_options":{"include_usage":true},
        "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"y":1e400},"strict":false}},
        "messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"x"},
        {"type":"image_url","image_url":{"url":"https://x.example/a","detail":"low"}}]},
        {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c","content":"r"}]"#,
    );
    let canonical = request(&body).canonical;
    let bytes = openai::encode_request(
        &Request { source: None, canonical: canonical.clone() },
        &UpstreamTarget { limit_field: LimitField::OnlyMaxCompletionTokens, ..target(Some(20)) },
    )
    .unwrap()
    .body;
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(
        text.contains("1.50") && text.contains("1e400") && text.contains("\"temperature\":0.50"),
        "{text}"
    );
    let (Canonical::Chat(asked), Canonical::Chat(sent)) = (canonical, openai::decode_chat(&bytes).unwrap())
    else {
        panic!("not a chat");
    };
    assert_eq!((sent.model.as_str(), sent.max_output_tokens), ("up", Some(20)));
    assert_eq!(sent.messages, asked.messages);
    assert_eq!(sent.tools, asked.tools);
    assert_eq!(sent.output, asked.output);
    assert_eq!(sent.sampling, asked.sampling);
    assert_eq!((sent.stop, sent.choices, sent.tool_choice), (asked.stop, asked.choices, asked.tool_choice));
    assert_eq!((sent.user, sent.reasoning_effort), (asked.user, asked.reasoning_effort));
    assert!(sent.stream && sent.include_usage);
}

/// Members of a request, some of them twice or in another case.
fn members() -> impl Strategy<Value = Vec<(String, String)>> {
    let key = prop::sample::select(vec![
        "n",
        "N",
        "max_tokens",
        "MAX_TOKENS",
        "model",
        "stream",
        "temperature",
        "x",
        "y",
        "\\u006e",
    ]);
    let value =
        prop::sample::select(vec!["1", "2", "10", "null", "true", "\"m\"", "0.5", "{\"n\":1,\"n\":2}"]);
    prop::collection::vec((key.prop_map(str::to_owned), value.prop_map(str::to_owned)), 0..8)
}

proptest! {
    /// Whichever of two equal keys an upstream takes, and whatever case it ignores, it reads what was priced.
    #[test]
    fn no_spelling_smuggles_a_price(members in members(), limit in prop::option::of(1..20_u64)) {
        let members: Vec<String> = members.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let body = with(&members.join(","));
        let Ok(Canonical::Chat(priced)) = openai::decode_chat(&body.clone().into()) else { return Ok(()) };
        let sent = sent(&body, &target(limit));
        let sent: Vec<(String, Value)> = pairs(&sent);
        let all = |name: &str| -> Vec<&Value> {
            sent.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
        };
        let limit = limit.into_iter().chain(priced.max_output_tokens).min();
        let choices: Vec<u64> = all("n").into_iter().map(|n| n.as_u64().unwrap_or(1)).collect();
        prop_assert!(choices.is_empty() && priced.choices == 1 || choices == [u64::from(priced.choices)]);
        let limits: Vec<u64> = ["max_tokens", "max_completion_tokens"].into_iter().flat_map(all).filter_map(Value::as_u64).collect();
        prop_assert_eq!(limits, Vec::from_iter(limit));
        prop_assert_eq!(all("model"), [&json!("up")]);
        prop_assert_eq!(all("messages").len(), 1);
        let stream = all("stream").into_iter().any(|stream| stream == &json!(true));
        prop_assert_eq!(stream, priced.stream);
    }
}

/// All members, also equal ones.
fn pairs(object: &str) -> Vec<(String, Value)> {
    struct Pairs(Vec<(String, Value)>);
    impl<'de> serde::Deserialize<'de> for Pairs {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct All;
            impl<'de> serde::de::Visitor<'de> for All {
                type Value = Pairs;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                    let mut all = Vec::new();
                    while let Some(pair) = map.next_entry()? {
                        all.push(pair);
                    }
                    Ok(Pairs(all))
                }
            }
            deserializer.deserialize_map(All)
        }
    }
    serde_json::from_str::<Pairs>(object).unwrap().0
}

#[test]
fn a_provider_that_is_not_quite_like_openai_gets_its_own_words() {
    let quirks =
        Quirks { stream_options: false, seed_field: "random_seed", short_call_ids: true, ..Quirks::NONE };
    let target = UpstreamTarget { quirks, ..target(None) };
    let asked = |messages: &str| {
        format!(
            r#"{{"model":"m","stream":true,"stream_options":{{"include_usage":true}},"seed":7,"messages":[{messages}]}}"#
        )
    };
    let plain = sent(&asked(r#"{"role":"user","content":"x"}"#), &target);
    assert_eq!(
        plain,
        r#"{"model":"up","stream":true,"messages":[{"role":"user","content":"x"}],"random_seed":7}"#
    );
    let call = r#"{"role":"assistant","tool_calls":[{"id":"call_0123456789","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
    let result = r#"{"role":"tool","tool_call_id":"call_0123456789","content":"r"}"#;
    let body: Value = serde_json::from_str(&sent(&asked(&format!("{call},{result}")), &target)).unwrap();
    let id = &body["messages"][0]["tool_calls"][0]["id"];
    assert_eq!((id, id.as_str().unwrap().len()), (&body["messages"][1]["tool_call_id"], 9));
    assert_eq!((&body["random_seed"], &body["stream_options"]), (&json!(7), &Value::Null));
}
