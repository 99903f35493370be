//! The contract of [`Secrets`](crate::ports::Secrets).

use crate::ports::{Secrets, SecretsError};

pub fn secrets(secrets: &dyn Secrets) {
    what_was_sealed_can_be_opened(secrets);
    a_sealed_text_opens_only_where_it_belongs(secrets);
    a_changed_text_does_not_open(secrets);
}

fn what_was_sealed_can_be_opened(secrets: &dyn Secrets) {
    for plain in [&b""[..], b"sk-1234567890", &[0; 100_000]] {
        let sealed = secrets.seal(plain, "credential/1").unwrap();
        assert_eq!(*secrets.open(&sealed, "credential/1").unwrap(), plain);
    }
}

fn a_sealed_text_opens_only_where_it_belongs(secrets: &dyn Secrets) {
    let sealed = secrets.seal(b"sk-1234567890", "credential/1").unwrap();
    let opened = secrets.open(&sealed, "credential/2");
    assert!(matches!(opened, Err(SecretsError::Tampered)), "{opened:?}");
}

fn a_changed_text_does_not_open(secrets: &dyn Secrets) {
    let sealed = secrets.seal(b"sk-1234567890", "credential/1").unwrap();
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert!(secrets.open(&changed, "credential/1").is_err(), "byte {place} was changed");
    }
    for length in 0..sealed.len() {
        assert!(secrets.open(&sealed[..length], "credential/1").is_err(), "cut to {length} bytes");
    }
}
