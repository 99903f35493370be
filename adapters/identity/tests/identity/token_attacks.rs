//! Tokens of wallets under attack: what was not signed so, by this key, for this time, is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_identity::{InvalidJwt, KeyKind, Times, UnsignedJwt, VerifiedJwt, verify_jwt};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::wallet::{ALL_KINDS, Wallet};

const NOW: u64 = 1_760_000_000;

fn verified(wallet: &Wallet, token: &str) -> Result<VerifiedJwt, InvalidJwt> {
    verify_jwt(token, &wallet.public_key(), Times::at(NOW))
}

/// Another first part over the same signature.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[test]
fn every_kind_of_wallet_is_believed_what_it_signed() {
    for kind in ALL_KINDS {
        let wallet = Wallet::of(kind, 1);
        let good = verified(&wallet, &wallet.token(json!({ "challenge": "ABC" }), NOW)).unwrap();
        assert_eq!((&good.signer, &good.payload["challenge"]), (&wallet.did(), &json!("ABC")));
        assert_eq!(good.asserted_at.is_some(), kind == KeyKind::Passkey);
    }
}

#[test]
fn no_name_of_an_algorithm_but_that_of_the_key_is_accepted() {
    let names = [
        "none",
        "None",
        "",
        "HS256",
        "HS512",
        "RS256",
        "EdDSA",
        "ES256",
        "Ed25519",
        "ES256K",
        "secp256k1",
        "Ethereum",
        "Passkey",
    ];
    for kind in ALL_KINDS {
        let wallet = Wallet::of(kind, 1);
        let token = wallet.token(json!({}), NOW);
        for name in names {
            let header = json!({ "alg": name, "type": "JWT" });
            let changed = with_header(&token, &header);
            let is_own = changed == token;
            assert_eq!(verified(&wallet, &changed).is_ok(), is_own, "{kind:?} as {name}");
            // Nor if it is signed under that name.
            let payload = token.split('.').nth(1).unwrap();
            let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header.to_string()));
            if let Wallet::Keys(key) = &wallet {
                let digest = hub_identity::DidHash::Sha3.digest(message.as_bytes());
                let signature = URL_SAFE_NO_PAD.encode(key.sign(&digest).unwrap());
                let is_alias = kind == KeyKind::Secp256k1 && name == "secp256k1";
                let outcome = verified(&wallet, &format!("{message}.{signature}"));
                assert_eq!(outcome.is_ok(), is_own || is_alias, "{kind:?} signed as {name}");
            }
        }
        assert!(verified(&wallet, &with_header(&token, &json!({ "type": "JWT" }))).is_err());
        assert!(verified(&wallet, &with_header(&token, &json!({ "alg": ["Ed25519"] }))).is_err());
    }
}

#[test]
fn a_key_signs_for_its_own_did_only() {
    for kind in ALL_KINDS {
        for other in ALL_KINDS {
            let (mallory, alice) = (Wallet::of(kind, 2), Wallet::of(other, 1));
            let forged = mallory.token(json!({ "iss": alice.did().to_string() }), NOW);
            assert!(verified(&alice, &forged).is_err(), "{kind:?} for {other:?}, with her key");
            assert!(verified(&mallory, &forged).is_err(), "{kind:?} for {other:?}, with his own");
        }
    }
}

#[test]
fn only_the_version_that_hashes_is_accepted() {
    for kind in ALL_KINDS {
        let wallet = Wallet::of(kind, 1);
        for version in [json!("1.0.0"), json!("1.2.0"), json!("1.1"), json!(""), json!(null), json!(1.1)] {
            let token = wallet.token(json!({ "version": version }), NOW);
            assert_eq!(verified(&wallet, &token), Err(InvalidJwt::Invalid), "{kind:?}: {version}");
        }
    }
}

#[test]
fn a_token_counts_between_its_times_and_five_seconds_beyond() {
    let wallet = Wallet::of(KeyKind::Ed25519, 1);
    let table = [
        (json!({ "exp": NOW - 5 }), Ok(())),
        (json!({ "exp": (NOW - 6).to_string() }), Err(InvalidJwt::Expired)),
        (json!({ "iat": NOW + 5 }), Ok(())),
        (json!({ "iat": NOW + 6 }), Err(InvalidJwt::Expired)),
        (json!({ "nbf": NOW + 6 }), Err(InvalidJwt::Expired)),
        (json!({ "exp": u64::MAX.to_string() }), Ok(())),
        (json!({ "exp": "99999999999999999999999" }), Err(InvalidJwt::Invalid)),
        (json!({ "exp": -1 }), Err(InvalidJwt::Invalid)),
        (json!({ "exp": 1_760_000_060.5 }), Err(InvalidJwt::Invalid)),
        (json!({ "exp": "0x68e7792c" }), Err(InvalidJwt::Invalid)),
        (json!({ "exp": format!("0{}", NOW + 60) }), Err(InvalidJwt::Invalid)),
        (json!({ "exp": format!(" {}", NOW + 60) }), Err(InvalidJwt::Invalid)),
        (json!({ "exp": null }), Err(InvalidJwt::Invalid)),
        (json!({ "exp": [NOW + 60] }), Err(InvalidJwt::Invalid)),
        (json!({ "nbf": "soon" }), Err(InvalidJwt::Invalid)),
    ];
    for (says, expected) in table {
        let outcome = verified(&wallet, &wallet.token(says.clone(), NOW)).map(drop);
        assert_eq!(outcome, expected, "{says}");
    }
}

#[test]
fn a_token_that_is_cut_or_longer_or_spelt_otherwise_is_refused() {
    for kind in ALL_KINDS {
        let wallet = Wallet::of(kind, 1);
        let token = wallet.token(json!({}), NOW);
        for length in 0..token.len() {
            assert!(verified(&wallet, &token[..length]).is_err(), "{kind:?} cut to {length}");
        }
        for longer in [
            format!("{token}."),
            format!("{token}.e30"),
            format!("{token}="),
            format!("{token}A"),
            format!(" {token}"),
            format!("{token}\n"),
            token.replacen('.', "..", 1),
            token.replacen('.', "=.", 1),
        ] {
            assert!(verified(&wallet, &longer).is_err(), "{kind:?}: {longer}");
        }
    }
}

#[test]
fn a_token_of_any_size_costs_no_more_than_looking_at_its_length() {
    let wallet = Wallet::of(KeyKind::Ed25519, 1);
    let token = wallet.token(json!({ "padding": "x".repeat(70_000) }), NOW);
    assert_eq!(verified(&wallet, &token), Err(InvalidJwt::Invalid), "well signed, and too long");
    assert!(verified(&wallet, &"A.".repeat(5_000_000)).is_err());
}

#[test]
fn a_signature_stands_for_its_own_payload() {
    for kind in ALL_KINDS {
        let wallet = Wallet::of(kind, 1);
        let (first, second) =
            (wallet.token(json!({ "role": "guest" }), NOW), wallet.token(json!({ "role": "owner" }), NOW));
        let (_, signature) = first.rsplit_once('.').unwrap();
        let (message, _) = second.rsplit_once('.').unwrap();
        assert!(verified(&wallet, &format!("{message}.{signature}")).is_err(), "{kind:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_character_is_changed_the_token_is_refused(
        kind in prop::sample::select(ALL_KINDS.to_vec()),
        place in any::<prop::sample::Index>(),
        other in any::<char>(),
    ) {
        let wallet = Wallet::of(kind, 1);
        let token = wallet.token(json!({ "challenge": "ABC" }), NOW);
        let place = place.index(token.len());
        prop_assume!(!token[place..].starts_with(other));
        let changed = format!("{}{other}{}", &token[..place], &token[place + 1..]);
        prop_assert!(verified(&wallet, &changed).is_err(), "{}", changed);
    }

    #[test]
    fn no_text_makes_the_check_panic(text in any::<String>(), key in any::<Vec<u8>>()) {
        prop_assert!(verify_jwt(&text, &key, Times::at(NOW)).is_err());
    }

    #[test]
    fn what_a_wallet_says_is_what_is_read(says in prop::collection::btree_map("[a-zé😀]{1,6}", "[^\0]{1,8}", 0..6)) {
        let mut payload = Map::new();
        payload.extend(says.iter().map(|(name, value)| (name.clone(), value.clone().into())));
        let wallet = Wallet::of(KeyKind::Secp256k1, 3);
        let good = verified(&wallet, &wallet.token(Value::Object(payload), NOW)).unwrap();
        for (name, value) in says {
            prop_assert_eq!(good.payload[&name].as_str(), Some(value.as_str()));
        }
    }
}

#[test]
fn an_unsigned_token_leaves_out_what_is_empty() {
    let payload = json!({ "b": null, "a": "", "c": 0, "d": false, "e": [], "f": {} });
    let unsigned = UnsignedJwt::new(KeyKind::Ed25519, payload.as_object().unwrap().clone());
    let (_, part) = unsigned.message().split_once('.').unwrap();
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(text, r#"{"c":0,"d":false,"e":[],"f":{}}"#);
}
