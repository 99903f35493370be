use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn keys(text: &str) -> Vec<String> {
    Outline::of(text).unwrap().members().iter().map(|member| member.key.to_string()).collect()
}

fn unchanged(text: &str) -> String {
    Outline::of(text).unwrap().into_edits().apply(text).unwrap()
}

#[test]
fn members_are_found_in_their_order() {
    let text = r#" { "b" : [1, {"x": "}"}] , "a":{"b":2}, "c" : -1.50e3 } "#;
    assert_eq!(keys(text), ["b", "a", "c"]);
    let outline = Outline::of(text).unwrap();
    assert_eq!(&text[outline.get("c").unwrap().value.clone()], "-1.50e3");
    assert_eq!(&text[outline.get("b").unwrap().value.clone()], r#"[1, {"x": "}"}]"#);
}

#[test]
fn what_is_not_touched_survives_byte_for_byte() {
    let text = r#"{"big":12345678901234567890,"tiny":1e-400,"t":"\ud83d","esc":"a\/b\u00e9"}"#;
    let mut edits = Outline::of(text).unwrap().into_edits();
    edits.set("new", "1".into());
    edits.set("tiny", "2".into());
    assert_eq!(
        edits.apply(text).unwrap(),
        r#"{"big":12345678901234567890,"tiny":2,"t":"\ud83d","esc":"a\/b\u00e9","new":1}"#
    );
}

#[test]
fn the_last_of_equal_keys_stays_at_any_depth() {
    let text = r#"{"n":1,"a":[{"k":1,"k":2,"z":{"q":1,"\u0071":2},"k":3}],"n":2}"#;
    assert_eq!(unchanged(text), r#"{"a":[{"z":{"\u0071":2},"k":3}],"n":2}"#);
    assert!(!Outline::of(text).unwrap().is_unique());
}

#[test]
fn a_cut_inside_a_cut_is_one_cut() {
    let text = r#"{"a":{"k":{"x":1,"x":2},"k":{"y":1,"y":2}}}"#;
    assert_eq!(unchanged(text), r#"{"a":{"k":{"y":2}}}"#);
}

#[test]
fn an_object_of_many_keys_is_searched_too() {
    let members: Vec<String> = (0..40).map(|index| format!("\"k{}\":{index}", index % 30)).collect();
    let text = format!("{{\"o\":{{{}}}}}", members.join(","));
    let value: Value = serde_json::from_str(&unchanged(&text)).unwrap();
    assert_eq!(value["o"]["k5"], 35);
    assert_eq!(unchanged(&text).matches("\"k5\"").count(), 1);
}

#[test]
fn limits_are_kept() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert_eq!(Outline::of(&deep).unwrap_err(), OutlineError::TooDeep);
    let many = format!("{{\"a\":[{}0]}}", "0,".repeat(MAX_VALUES));
    assert_eq!(Outline::of(&many).unwrap_err(), OutlineError::TooManyValues);
    assert_eq!(Outline::of(r#"{"a\u0000":1}"#).unwrap_err(), OutlineError::NulInKey);
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["", "[]", "1", "\"a\"", "{", "{\"a\":1}}", "{\"a\":1} x", "{\"a\":[1}", "{\"a", "null"] {
        assert!(Outline::of(text).is_err(), "{text}");
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((".{0,3}", inner), 0..5).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_is_outlined(members in prop::collection::vec(("[^\0]{0,4}", json()), 0..6), pretty in any::<bool>()) {
        let value: Value = members.into_iter().collect();
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        match Outline::of(&text) {
            Ok(outline) => {
                for member in outline.members() {
                    let inner: Value = serde_json::from_str(&text[member.value.clone()]).unwrap();
                    prop_assert_eq!(&inner, &value[&*member.key]);
                }
                prop_assert_eq!(outline.members().len(), value.as_object().map_or(0, |object| object.len()));
                let again: Value = serde_json::from_str(&unchanged(&text)).unwrap();
                prop_assert_eq!(again, value);
            }
            Err(error) => prop_assert_eq!(error, OutlineError::NulInKey),
        }
    }

    #[test]
    fn any_text_is_survived(text in "[{}\\[\\]\",:\\\\ a0\u{e9}]{0,40}") {
        if let Ok(outline) = Outline::of(&text) {
            let _ = outline.into_edits().apply(&text);
        }
    }
}
