//! JSON and queries in the one form in which they are signed.

use hub_identity::{canonical_json, canonical_value, query_object};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn json_that_is_none_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":}",
        "{a:1}",
        "{'a':1}",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "-",
        "NaN",
        "nul",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"",
        "[1 2]",
        "{\"a\":1}}",
        "1 2",
        "\u{feff}{}",
    ] {
        assert!(canonical_json(text).is_err(), "{text:?}");
    }
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(canonical_json(&deep(128)).is_ok());
    assert!(canonical_json(&deep(129)).is_err() && canonical_json(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn queries_are_read_as_the_clients_read_them() {
    let table = [
        ("[]=1&[]=2", json!({ "0": "1", "1": "2" })),
        ("[0]=x", json!({ "0": "x" })),
        ("a[]=1&a[b]=2", json!({ "a": { "0": "1", "b": "2" } })),
        ("a[b]=1&a=2", json!({ "a": { "b": "1", "2": true } })),
        ("a[b]=1&a[b]=2", json!({ "a": { "b": ["1", "2"] } })),
        ("a[0][b]=1&a[0][c]=2", json!({ "a": [{ "b": "1", "c": "2" }] })),
        ("a[01]=x", json!({ "a": { "01": "x" } })),
        ("a[b=c", json!({ "a": { "[b": "c" } })),
        ("a]=1", json!({ "a]": "1" })),
        ("a[constructor]=1&b=2", json!({ "b": "2" })),
        ("a=1=2", json!({ "a": "1=2" })),
        ("%61=%C3%BC", json!({ "a": "ü" })),
        ("a=%FF", json!({ "a": "%FF" })),
    ];
    for (query, expected) in table {
        assert_eq!(query_object(query), expected, "{query}");
    }
    let many = vec!["a=1"; 5000].join("&");
    assert!(query_object(&many)["a"].as_object().is_some_and(|places| places.len() == 1000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_canonical_stays_so(value in any_json()) {
        let once = canonical_json(&value.to_string()).unwrap();
        prop_assert_eq!(canonical_json(&once).unwrap(), once.clone());
        prop_assert_eq!(canonical_value(&value), once);
    }

    #[test]
    fn no_query_or_json_makes_the_readers_panic(text in "[a\\[\\]=&%5BbD0-9_.\"{}:,\\\\u ]{0,60}") {
        query_object(&text);
        let _ = canonical_json(&text);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
