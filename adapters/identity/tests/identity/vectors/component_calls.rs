//! Signed calls: what of them is signed, and which are refused.

use hub_identity::{
    CallGuard, CallHeaders, CallKey, CallRefused, Did, KeyKind, ReceivedCall, RemoteHeaders, SecretKey,
    Stamp, canonical_json, guessed_bytes, query_object, remote_app_id, remote_signed_text, sign_call,
    sign_remote_call, verify_call, verify_remote_call,
};
use serde_json::{Value, json};
use sha3::{Digest, Sha3_256};

use super::case::{Case, hex_bytes, hex_text, text};

pub fn run(case: &Case<'_>) {
    match case.op() {
        "canonical" => {
            assert_eq!(canonical_json(case.input_text("text")).unwrap(), case.expect_text("text"));
        }
        "qs_parse" => assert_eq!(query_object(case.input_text("query")), *case.expect("object")),
        "sign" => sign(case),
        "verify" => {
            let verified = verify(case);
            assert_eq!(verified.is_ok(), *case.expect("ok"), "{verified:?}");
        }
        "middleware" => {
            let guard = match case.input_text("guard") {
                "verifySig" => CallGuard::SignatureOnly,
                "v1" => CallGuard::OrAdmin,
                other => panic!("the guard `{other}` is not understood"),
            };
            // The route behind the guard answers this.
            let passed = (200, r#"{"ok":true}"#);
            let (status, body) = verify(case).map_or_else(|refused| guard.answer(refused), |()| passed);
            assert_eq!(status, *case.expect("status"));
            assert_eq!(serde_json::from_str::<Value>(body).unwrap(), *case.expect("body"));
        }
        "remote_sign" => remote_sign(case),
        "remote_verify" => remote_verify(case),
        _ => case.is_unknown(),
    }
}

fn secret_key(case: &Case<'_>) -> SecretKey {
    SecretKey::new(KeyKind::Ed25519, &hex_bytes(case.input("secretKey"))).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn header<'a>(case: &Case<'a>, name: &str) -> Option<&'a str> {
    let headers = case.input("http")["headers"].as_object().unwrap();
    let known = [
        "content-type",
        "x-component-did",
        "x-component-sig",
        "x-component-sig-iat",
        "x-component-sig-exp",
        "x-component-sig-version",
        "x-path-prefix",
        "x-app-id",
        "x-app-user-did",
        "x-timestamp",
    ];
    for name in headers.keys() {
        assert!(known.contains(&name.as_str()), "the header `{name}` is not understood");
    }
    headers.get(name).map(text)
}

fn sign(case: &Case<'_>) {
    let request = case.input("request");
    let url = text(&request["url"]).strip_prefix("http://hub.example.com").unwrap();
    let params = query_of(&request["params"]);
    let target = if params.is_empty() { url.to_owned() } else { format!("{url}?{params}") };
    let data = &request["data"];
    let body = if data.is_null() { String::new() } else { data.to_string() };
    let call =
        ReceivedCall::new(text(&request["method"]), &target, Some("application/json"), body.as_bytes());
    let (iat, exp) = (number(case.input("iat")), number(case.input("exp")));
    let stamp = Stamp::Times { iat, exp };

    let signed = call.signed_text(stamp).unwrap();
    assert_eq!(signed, case.expect_text("canonical"));
    assert_eq!(hex_text(&Sha3_256::digest(&signed)), case.expect_text("hash"));
    let signature = sign_call(&secret_key(case), &call, stamp).unwrap();
    assert_eq!(signature, case.expect_text("sig"));
    let mut headers = json!({
        "x-component-sig": signature,
        "x-component-sig-iat": iat.to_string(),
        "x-component-sig-exp": exp.to_string(),
        // Labels, of which nothing is signed.
        "x-component-did": case.expect("headers")["x-component-did"],
        "x-component-sig-version": "1",
    });
    if !data.is_null() {
        headers["content-type"] = "application/json".into();
    }
    assert_eq!(headers, *case.expect("headers"));
}

/// The parameters as the platform's client puts them into the address.
fn query_of(params: &Value) -> String {
    fn put(name: &str, value: &Value, pairs: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(member, value)| put(&format!("{name}[{member}]"), value, pairs));
            }
            Value::Array(values) => {
                values.iter().enumerate().for_each(|(at, value)| put(&format!("{name}[{at}]"), value, pairs));
            }
            Value::String(text) => pairs.push(format!("{name}={text}")),
            other => pairs.push(format!("{name}={other}")),
        }
    }
    let mut pairs = Vec::new();
    params.as_object().into_iter().flatten().for_each(|(name, value)| put(name, value, &mut pairs));
    pairs.join("&")
}

fn received<'a>(case: &Case<'a>) -> ReceivedCall<'a> {
    let http = case.input("http");
    assert_eq!(http.as_object().unwrap().len(), 4, "{http}");
    let body = text(&http["body"]).as_bytes();
    ReceivedCall::new(text(&http["method"]), text(&http["path"]), header(case, "content-type"), body)
}

fn verify(case: &Case<'_>) -> Result<(), CallRefused> {
    let key = CallKey::new(KeyKind::Ed25519, &hex_bytes(case.input("publicKey"))).unwrap();
    let headers = CallHeaders {
        signature: header(case, "x-component-sig"),
        iat: header(case, "x-component-sig-iat"),
        exp: header(case, "x-component-sig-exp"),
        challenge: None,
        path_prefix: header(case, "x-path-prefix"),
    };
    verify_call(&received(case), headers, &[key], number(case.input("now"))).map(drop)
}

fn remote_sign(case: &Case<'_>) {
    let (key, data) = (secret_key(case), case.input("data").to_string());
    let (user, timestamp) = (case.input("userDid").as_str(), number(case.input("timestamp")));
    let app = remote_app_id(&key.public_key()).unwrap();
    let app = app.address();

    let signed = remote_signed_text(app, user, data.as_bytes(), timestamp).unwrap();
    assert_eq!(signed, case.expect_text("canonical"));
    let signature = sign_remote_call(&key, app, user, data.as_bytes(), timestamp).unwrap();
    assert_eq!(signature, case.expect_text("sig"));
    let headers = json!({
        "x-app-id": app,
        "x-timestamp": timestamp.to_string(),
        "x-component-sig": signature,
        // As the original client sends it without a user.
        "x-app-user-did": user.unwrap_or_default(),
    });
    assert_eq!(headers, *case.expect("headers"));
}

fn remote_verify(case: &Case<'_>) {
    let apps = case.input("apps").as_object().unwrap();
    let headers = RemoteHeaders {
        app: header(case, "x-app-id"),
        timestamp: header(case, "x-timestamp"),
        signature: header(case, "x-component-sig"),
        user: header(case, "x-app-user-did"),
    };
    let call = received(case);
    let key_of = |app: &Did| apps.get(app.address()).map(|key| guessed_bytes(text(key)));
    let now = number(case.input("now"));
    let verified = verify_remote_call(headers, call.content_type, call.body, key_of, now);
    assert_eq!(verified.is_ok(), *case.expect("ok"), "{verified:?}");
}
