//! What is sealed opens in its place, with its key, unchanged; and nowhere else.

use hub_domain::memory::MarkedSecrets;
use hub_domain::ports::{Secrets, SecretsError, contract};
use hub_identity::{MasterKey, MasterKeys, SealedSecrets};

const HEX: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn sealed_under(hex: &str) -> SealedSecrets {
    SealedSecrets::new(MasterKey::from_hex(hex).unwrap())
}

#[test]
fn sealed_secrets_keep_the_contract() {
    contract::secrets(&sealed_under(HEX));
    contract::secrets(&SealedSecrets::new(MasterKey::generate()));
}

#[test]
fn another_process_with_the_same_key_opens_what_was_sealed() {
    let sealed = sealed_under(HEX).seal(b"sk-1234567890", "credential/1").unwrap();
    assert_eq!(*sealed_under(HEX).open(&sealed, "credential/1").unwrap(), b"sk-1234567890");
}

#[test]
fn a_text_of_another_key_is_told_by_the_keys_name() {
    let sealed = sealed_under(HEX).seal(b"sk-1234567890", "credential/1").unwrap();
    let opened = SealedSecrets::new(MasterKey::generate()).open(&sealed, "credential/1");

    let Err(SecretsError::UnknownKey(name)) = opened else { panic!("{opened:?}") };
    assert_eq!(name.len(), 16);
    assert!(!HEX.contains(&name), "a name tells nothing of the key");
}

#[test]
fn equal_secrets_look_different() {
    let secrets = sealed_under(HEX);
    let seal = || secrets.seal(b"sk-1234567890", "credential/1").unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn nothing_of_a_secret_is_seen_from_outside() {
    let sealed = sealed_under(HEX).seal(b"sk-1234567890", "credential/1").unwrap();
    assert!(!sealed.windows(4).any(|piece| piece == b"1234"));
    assert_eq!(sealed.len(), 1 + 8 + 24 + 13 + 16);
    assert_eq!(format!("{:?}", sealed_under(HEX)), "SealedSecrets(…)");
}

#[test]
fn a_text_of_another_make_does_not_open() {
    let foreign = MarkedSecrets.seal(&[1; 100], "credential/1").unwrap();
    assert!(sealed_under(HEX).open(&foreign, "credential/1").is_err());
    assert!(matches!(sealed_under(HEX).open(b"", ""), Err(SecretsError::Tampered)));
}

const OTHER: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[test]
fn of_several_keys_the_first_seals_and_all_open() {
    let (before, now) = (sealed_under(HEX), sealed_under(OTHER));
    let both = SealedSecrets::new(MasterKeys::from_text(&format!("{OTHER},{HEX}")).unwrap());
    let old = before.seal(b"sk-1234567890", "credential/1").unwrap();
    assert_eq!(*both.open(&old, "credential/1").unwrap(), b"sk-1234567890");
    let anew = both.seal(b"sk-1234567890", "credential/1").unwrap();
    assert_eq!(*now.open(&anew, "credential/1").unwrap(), b"sk-1234567890");
    assert!(matches!(before.open(&anew, "credential/1"), Err(SecretsError::UnknownKey(_))));
    assert_eq!(SealedSecrets::key_of(&old), Some(before.ids()[0]));
    assert!(anew.starts_with(&SealedSecrets::head_of(both.ids()[0])));
    assert_eq!(SealedSecrets::key_of(b"short"), None);
}

#[test]
fn keys_are_exchanged_while_they_are_used() {
    let secrets = sealed_under(HEX);
    let old = secrets.seal(b"sk-1234567890", "credential/1").unwrap();
    secrets.exchange(&MasterKeys::from_text(&format!("{OTHER} {HEX}")).unwrap());
    assert!(secrets.open(&old, "credential/1").is_ok());
    let anew = secrets.seal(b"sk-1234567890", "credential/1").unwrap();
    secrets.exchange(&MasterKeys::from_text(OTHER).unwrap());
    assert!(secrets.open(&anew, "credential/1").is_ok() && secrets.open(&old, "credential/1").is_err());
}
