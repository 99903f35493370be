//! The platform's tokens: signed as the original does, and refused where it is too lax.

use hub_identity::{
    DecodedJwt, Did, JWT_VERSION, SecretKey, Times, UnsignedJwt, guessed_bytes, sign_jwt, verify_jwt_by,
};
use serde_json::{Map, Value};

use super::case::{Case, hex_bytes, hex_text, text};

pub fn run(case: &Case<'_>) {
    match case.op() {
        "sign" => {
            let token = sign(case);
            assert_eq!(token, case.expect_text("token"));
        }
        "signing_input" => {
            let token = case.input_text("token");
            // One is not signed yet.
            let parts = token.matches('.').count();
            let whole = if parts == 1 { format!("{token}.") } else { token.to_owned() };
            let decoded = DecodedJwt::of(&whole).unwrap();
            assert_eq!(decoded.message, case.expect_text("message"));
            assert_eq!(hex_text(&decoded.digest()), case.expect_text("messageHash"));
            // What is not hashed is refused whatever its signature.
            let is_ours = decoded.payload["version"] == JWT_VERSION;
            assert_eq!(*case.expect("hashed"), is_ours);
        }
        "decode" => {
            let decoded = DecodedJwt::of(case.input_text("token")).unwrap();
            assert_eq!(Value::Object(decoded.header.clone()), *case.expect("header"));
            assert_eq!(Value::Object(decoded.payload.clone()), *case.expect("body"));
            assert_eq!(hex_text(&decoded.signature_bytes().unwrap()), case.expect_text("signature"));
        }
        "verify" => {
            let (times, signer) = options(case);
            let key = guessed_bytes(case.input_text("publicKey"));
            let verified = verify_jwt_by(signer, case.input_text("token"), &key, times);
            assert_eq!(verified.is_ok(), *case.expect("ok"), "{verified:?}");
        }
        _ => case.is_unknown(),
    }
}

/// When the token is looked at, and the member that names who signed it.
fn options<'a>(case: &Case<'a>) -> (Times, &'a str) {
    let now = case.input("now").as_u64().unwrap();
    let (mut times, mut signer) = (Times::at(now), "iss");
    for (name, value) in case.input("options").as_object().into_iter().flatten() {
        match name.as_str() {
            "tolerance" => times = Times::At { now, tolerance: value.as_u64().unwrap() },
            "enforceTimestamp" if value == false => times = Times::Ignored,
            "signerKey" => signer = text(value),
            other => panic!("the option `{other}` is not understood"),
        }
    }
    (times, signer)
}

fn sign(case: &Case<'_>) -> String {
    let signer = case.input_text("signer");
    let kind = signer.parse::<Did>().unwrap().kind().key;
    let key = SecretKey::new(kind, &hex_bytes(case.input("secretKey"))).unwrap();
    let payload = case.input("payload").as_object().unwrap().clone();
    match case.input_text("version") {
        JWT_VERSION => sign_jwt(&key, signer, payload, 1_760_000_000).unwrap(),
        "1.0.0" => sign_unsoundly(&key, signer, payload),
        other => panic!("the version `{other}` is not understood"),
    }
}

/// As the original signs its last reply. The hub never does; such a token is what it must refuse.
fn sign_unsoundly(key: &SecretKey, signer: &str, mut payload: Map<String, Value>) -> String {
    payload.insert("iss".to_owned(), signer.into());
    payload.insert("version".to_owned(), "1.0.0".into());
    let unsigned = UnsignedJwt::new(key.kind(), payload);
    let signature = key.sign(unsigned.message().as_bytes()).unwrap();
    unsigned.signed(&signature)
}
