//! Assertions of passkeys. The tokens around them are not checked here yet.

use hub_identity::{Did, DidHash, DidKind, PasskeyKey};

use crate::suite::{Suite, bytes, text};

#[test]
fn vectors_of_passkey_assertions_are_accepted_or_refused() {
    let suite = Suite::read("jwt");
    let (mut good, mut bad) = (0, 0);
    for case in suite.cases("verify") {
        let (id, description) = (&case["id"], text(&case["description"]));
        if !description.starts_with("passkey") {
            continue;
        }
        let key = PasskeyKey::from_cose(&bytes(&case["input"]["publicKey"]).unwrap()).unwrap();
        let (message, assertion) = text(&case["input"]["token"]).rsplit_once('.').unwrap();
        let challenge = DidHash::Sha3.digest(message.as_bytes());
        let asserted = key.verify(assertion, &challenge);

        assert_eq!(asserted.is_ok(), case["expect"]["ok"] == true, "{id}: {description}: {asserted:?}");
        if asserted.is_ok() {
            good += 1
        } else {
            bad += 1
        }
        if description.contains("another relying party") {
            assert_eq!(asserted.unwrap().origin, "https://evil.example", "{id}: the caller sees it");
        }
    }
    assert!(good >= 3 && bad >= 7, "{good} good ones, {bad} bad ones");
}

#[test]
fn vectors_of_passkeys_are_keys_of_p_256() {
    for case in Suite::read("did").cases("derive") {
        let key = bytes(&case["input"]["publicKey"]).unwrap();
        let is_passkey = case["input"]["type"]["pk"] == "PASSKEY";
        assert_eq!(PasskeyKey::from_cose(&key).is_ok(), is_passkey, "{}", case["id"]);
        if is_passkey {
            assert!(Did::of_key(DidKind::PASSKEY, &key).owns(&key));
            let mut off_the_curve = key.clone();
            *off_the_curve.last_mut().unwrap() ^= 1;
            assert!(PasskeyKey::from_cose(&off_the_curve).is_err());
            assert!(PasskeyKey::from_cose(&[key.as_slice(), &[0]].concat()).is_err());
            assert!(PasskeyKey::from_cose(&key[..76]).is_err());
        }
    }
}

#[test]
fn what_is_no_assertion_is_refused() {
    let suite = Suite::read("did");
    let case =
        suite.cases("derive").into_iter().find(|case| case["input"]["type"]["pk"] == "PASSKEY").unwrap();
    let key = PasskeyKey::from_cose(&bytes(&case["input"]["publicKey"]).unwrap()).unwrap();
    for assertion in ["", "x", "e30", "bnVsbA", "W10", "====", &"A".repeat(1_000_000)] {
        assert!(key.verify(assertion, b"challenge").is_err());
    }
}
