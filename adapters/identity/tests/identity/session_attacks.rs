//! Session tokens under attack.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use hub_identity::{
    InvalidSession, KeyKind, SessionClaims, SessionSecret, SessionUse, TokenPlaces, sign_jwt,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::wallet::Wallet;

const NOW: u64 = 1_760_000_000;
const SECRET: &str = "a secret of this server alone";

fn secret() -> SessionSecret {
    SessionSecret::new(SECRET).unwrap()
}

fn claims() -> SessionClaims {
    SessionClaims::of_wallet(&Wallet::of(KeyKind::Ed25519, 1).did(), "guest", NOW, NOW + 60)
}

fn verified(token: &str) -> Result<SessionClaims, InvalidSession> {
    SessionClaims::verify(token, &secret(), NOW, SessionUse::Session)
}

/// A token made by hand, with the right secret.
fn made(header: &Value, payload: &Value, mac: impl Fn(&str) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(payload));
    let signature = URL_SAFE_NO_PAD.encode(mac(&message));
    format!("{message}.{signature}")
}

fn hs256(message: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

fn payload(changes: Value) -> Value {
    let mut payload = serde_json::to_value(claims()).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        payload[name] = value.clone();
    }
    payload
}

#[test]
fn a_session_is_read_as_it_was_written() {
    let full = SessionClaims {
        wallet_os: Some("ios".to_owned()),
        full_name: Some("Ålice \"A\" 日本".to_owned()),
        kyc: 3,
        jti: Some("0199c7c1".to_owned()),
        ..claims()
    };
    assert_eq!(verified(&full.sign(&secret())), Ok(full));
}

#[test]
fn only_hs256_signs_sessions() {
    let header = |alg: &str| json!({ "alg": alg, "typ": "JWT" });
    assert!(verified(&made(&header("HS256"), &payload(json!({})), hs256)).is_ok());
    for alg in ["none", "None", "", "hs256", "HS384", "HS512", "RS256", "EdDSA", "Ed25519"] {
        assert!(verified(&made(&header(alg), &payload(json!({})), hs256)).is_err(), "{alg}");
        assert!(verified(&made(&header(alg), &payload(json!({})), |_| Vec::new())).is_err(), "{alg}");
    }
    let hs384 = |message: &str| {
        let mac = Hmac::<Sha384>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(message).finalize().into_bytes().to_vec()
    };
    let hs512 = |message: &str| {
        let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(message).finalize().into_bytes().to_vec()
    };
    assert!(verified(&made(&header("HS384"), &payload(json!({})), hs384)).is_err());
    assert!(verified(&made(&header("HS512"), &payload(json!({})), hs512)).is_err());
    assert!(verified(&made(&json!({ "typ": "JWT" }), &payload(json!({})), hs256)).is_err());
}

#[test]
fn what_a_session_must_say_is_looked_at_though_it_is_well_signed() {
    let did = claims().did;
    let table = [
        (json!({}), true),
        (json!({ "exp": NOW + 1 }), true),
        (json!({ "exp": NOW }), false),
        (json!({ "exp": null }), false),
        (json!({ "exp": (NOW + 60).to_string() }), false),
        (json!({ "exp": -1 }), false),
        (json!({ "exp": 1e300 }), false),
        (json!({ "nbf": NOW }), true),
        (json!({ "nbf": NOW + 1 }), false),
        (json!({ "type": "admin" }), false),
        (json!({ "type": ["user"] }), false),
        (json!({ "tokenType": "refresh" }), false),
        (json!({ "tokenType": "other" }), false),
        (json!({ "did": "" }), false),
        (json!({ "did": "admin" }), false),
        (json!({ "did": format!("{did} ") }), false),
        (json!({ "did": did.to_lowercase() }), false),
        (json!({ "did": { "$ne": null } }), false),
        (json!({ "role": 1 }), false),
    ];
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    for (changes, is_good) in table {
        let token = made(&header, &payload(changes.clone()), hs256);
        assert_eq!(verified(&token).is_ok(), is_good, "{changes}");
    }
}

#[test]
fn a_token_is_good_for_its_own_use_and_server_only() {
    let session = claims().sign(&secret());
    let refresh = claims().for_refresh(NOW + 1000).sign(&secret());
    let verify =
        |token: &str, presented_for| SessionClaims::verify(token, &secret(), NOW, presented_for).is_ok();
    assert!(verify(&session, SessionUse::Session) && !verify(&session, SessionUse::Refresh));
    assert!(verify(&refresh, SessionUse::Refresh) && !verify(&refresh, SessionUse::Session));
    let other = SessionSecret::generate();
    assert!(SessionClaims::verify(&session, &other, NOW, SessionUse::Session).is_err());
}

#[test]
fn a_wallets_token_is_no_session_though_it_says_the_same() {
    let wallet = Wallet::of(KeyKind::Ed25519, 1);
    let Wallet::Keys(key) = &wallet else { unreachable!() };
    let says = payload(json!({})).as_object().unwrap().clone();
    let token = sign_jwt(key, &wallet.did().to_string(), says, NOW).unwrap();
    assert!(verified(&token).is_err());
}

#[test]
fn a_session_that_is_cut_longer_or_huge_is_refused() {
    let token = claims().sign(&secret());
    for length in 0..token.len() {
        assert!(verified(&token[..length]).is_err(), "cut to {length}");
    }
    for changed in [
        format!("{token}="),
        format!("{token}."),
        format!("{token}.e30"),
        format!(".{token}"),
        format!("{token} "),
        token.replace('.', "=."),
        "a.b.c".to_owned(),
        "..".to_owned(),
    ] {
        assert!(verified(&changed).is_err(), "{changed}");
    }
    let huge = SessionClaims { full_name: Some("x".repeat(20_000)), ..claims() };
    assert!(verified(&huge.sign(&secret())).is_err());
    assert!(verified(&".".repeat(10_000_000)).is_err());
}

#[test]
fn a_secret_is_long_and_shows_nothing() {
    assert!(SessionSecret::new("short").is_err());
    assert_eq!(format!("{:?}", secret()), "SessionSecret(…)");
    assert_ne!(SessionSecret::generate().expose(), SessionSecret::generate().expose());
}

#[test]
fn a_token_that_stands_in_three_places_is_taken_from_none_in_silence() {
    let places = TokenPlaces {
        authorization: Some("Bearer a"),
        cookie: Some("login_token=b"),
        query: Some("c"),
        body: None,
    };
    let presented = places.token();
    assert!(presented.is_duplicate && presented.token.as_deref() == Some("a"));
    let smuggled =
        TokenPlaces { cookie: Some("x=\"; login_token=b; login_token=c"), ..TokenPlaces::default() };
    assert_eq!(smuggled.token().token.as_deref(), Some("b"), "the first of its name");
    let empty = TokenPlaces { cookie: Some("login_token="), query: Some(""), ..TokenPlaces::default() };
    assert_eq!(empty.token().token, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_character_of_a_session_is_changed_it_is_refused(
        place in any::<prop::sample::Index>(),
        other in any::<char>(),
    ) {
        let token = claims().sign(&secret());
        let place = place.index(token.len());
        prop_assume!(!token[place..].starts_with(other));
        let changed = format!("{}{other}{}", &token[..place], &token[place + 1..]);
        prop_assert!(verified(&changed).is_err(), "{}", changed);
    }

    #[test]
    fn no_headers_make_the_search_for_a_token_panic(
        authorization in any::<Option<String>>(),
        cookie in any::<Option<String>>(),
        query in any::<Option<String>>(),
    ) {
        let (authorization, cookie) = (authorization.as_deref(), cookie.as_deref());
        TokenPlaces { authorization, cookie, query: query.as_deref(), body: None }.token();
    }
}
