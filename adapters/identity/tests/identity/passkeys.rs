//! Assertions of passkeys, as an authenticator makes them. Whole tokens are among the vectors.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_identity::{Did, DidKind, PasskeyKey};

use crate::wallet::{Authenticator, ORIGIN, PRESENT_AND_VERIFIED};

#[test]
fn an_assertion_is_good_for_its_own_challenge_and_tells_where_it_was_made() {
    let authenticator = Authenticator::of(&[7; 32]);
    let key = PasskeyKey::from_cose(&authenticator.cose()).unwrap();
    let assertion = URL_SAFE_NO_PAD.encode(authenticator.asserts(b"challenge").to_string());

    assert_eq!(key.verify(&assertion, b"challenge").unwrap().origin, ORIGIN);
    assert!(key.verify(&assertion, b"another challenge").is_err());
    let other = PasskeyKey::from_cose(&Authenticator::of(&[8; 32]).cose()).unwrap();
    assert!(other.verify(&assertion, b"challenge").is_err());
}

#[test]
fn a_user_must_be_present_and_verified_and_signing_in() {
    let authenticator = Authenticator::of(&[7; 32]);
    let key = PasskeyKey::from_cose(&authenticator.cose()).unwrap();
    let verified = |r#type: &str, flags: u8| {
        let assertion = authenticator.asserts_at(b"challenge", r#type, ORIGIN, flags);
        key.verify(&URL_SAFE_NO_PAD.encode(assertion.to_string()), b"challenge").is_ok()
    };
    assert!(verified("webauthn.get", PRESENT_AND_VERIFIED));
    assert!(!verified("webauthn.create", PRESENT_AND_VERIFIED));
    assert!(!verified("webauthn.get", 0b001) && !verified("webauthn.get", 0b100));
}

#[test]
fn a_passkey_is_a_key_of_p_256_and_nothing_else() {
    let key = Authenticator::of(&[7; 32]).cose();
    assert!(Did::of_key(DidKind::PASSKEY, &key).owns(&key));
    let mut off_the_curve = key.clone();
    *off_the_curve.last_mut().unwrap() ^= 1;
    assert!(PasskeyKey::from_cose(&off_the_curve).is_err());
    assert!(PasskeyKey::from_cose(&[key.as_slice(), &[0]].concat()).is_err());
    assert!(PasskeyKey::from_cose(&key[..76]).is_err());
}

#[test]
fn what_is_no_assertion_is_refused() {
    let key = PasskeyKey::from_cose(&Authenticator::of(&[7; 32]).cose()).unwrap();
    for assertion in ["", "x", "e30", "bnVsbA", "W10", "====", &"A".repeat(1_000_000)] {
        assert!(key.verify(assertion, b"challenge").is_err());
    }
}
