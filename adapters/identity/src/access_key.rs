//! The text of an access key: what may be one, how the hub makes one, and what of it is stored.
//!
//! Keys that the hub issues are `blocklet-` and a public key in base58btc, as the platform's clients
//! know them. Nobody holds the secret half: the public key's 32 random bytes are the credential, and
//! whatever prints them prints a password.

use std::fmt;

use hub_domain::ports::SecretText;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::byte_text::{BASE58BTC, base58btc};
use crate::did::{Did, DidKind};
use crate::random;

const PREFIX: &str = "blocklet-";
const LENGTH: std::ops::RangeInclusive<usize> = 16..=128;
/// Characters that are shown, to tell keys apart.
const TAIL: usize = 4;

/// The text can't be an access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access key has 16 to 128 printable characters, no dot, and no blank at either end")]
pub struct InvalidKeyText;

/// A key and what is stored of it. The text is shown once and kept nowhere.
#[derive(Clone)]
pub struct IssuedKey {
    pub text: SecretText,
    /// SHA-256 of the whole text.
    pub hash: [u8; 32],
    /// The last four characters.
    pub tail: String,
}

impl fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedKey").field("tail", &self.tail).finish_non_exhaustive()
    }
}

impl IssuedKey {
    fn of(text: &str) -> Self {
        let mut tail: Vec<char> = text.chars().rev().take(TAIL).collect();
        tail.reverse();
        Self { hash: KeyHash::of(text).0, tail: tail.into_iter().collect(), text: SecretText::new(text) }
    }
}

/// Makes a key that nobody has: 256 random bits. Without a source of randomness the process can't go
/// on safely, and panics.
pub fn issue_access_key() -> IssuedKey {
    let mut public_key = Zeroizing::new([0; 32]);
    random::fill(public_key.as_mut_slice());
    IssuedKey::of(&text_of(&public_key))
}

/// The text of the key that belongs to a public key.
fn text_of(public_key: &[u8; 32]) -> Zeroizing<String> {
    let digits = Zeroizing::new(base58btc(public_key));
    Zeroizing::new([PREFIX, &digits].concat())
}

/// A key whose text somebody chose, such as the bootstrap key.
pub fn key_of_text(text: &str) -> Result<IssuedKey, InvalidKeyText> {
    if is_key_text(text) { Ok(IssuedKey::of(text)) } else { Err(InvalidKeyText) }
}

/// The platform's id of a key that the hub issued: the DID of the public key in its text. `None` for
/// any other text, which may be a key all the same.
pub fn access_key_id(text: &str) -> Option<Did> {
    let digits = text.strip_prefix(PREFIX)?.strip_prefix(BASE58BTC)?;
    let mut public_key = [0; 32];
    let length = bs58::decode(digits).onto(&mut public_key).ok()?;
    (length == public_key.len()).then(|| Did::of_key(DidKind::ACCOUNT, &public_key))
}

/// The role behind a passport's name, which may have the keys' prefix.
pub fn role_of_passport(passport: &str) -> &str {
    passport.strip_prefix(PREFIX).unwrap_or(passport)
}

/// A dot would make it look like a token of another kind.
pub(crate) fn is_key_text(text: &str) -> bool {
    text.len() <= 4 * LENGTH.end()
        && LENGTH.contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(|character| character.is_control() || character == '.')
}

/// What a key is found by. Two are compared in constant time.
#[derive(Clone, Copy, Eq)]
pub(crate) struct KeyHash(pub [u8; 32]);

impl KeyHash {
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::hash::Hash for KeyHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issued_key_looks_like_the_platforms() {
        let key = issue_access_key();
        let digits = key.text.expose().strip_prefix("blocklet-z").unwrap();

        assert_eq!(bs58::decode(digits).into_vec().unwrap().len(), 32);
        assert!(is_key_text(key.text.expose()));
        assert!(key.text.expose().ends_with(&key.tail) && key.tail.len() == 4);
        assert_eq!(key_of_text(key.text.expose()).unwrap().hash, key.hash);
    }

    #[test]
    fn no_key_is_issued_twice() {
        assert_ne!(issue_access_key().hash, issue_access_key().hash);
    }

    #[test]
    fn a_hash_is_sha_256_of_the_whole_text() {
        let key = key_of_text("abcdefghijklmnop").unwrap();
        let hex: String = key.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "f39dac6cbaba535e2c207cd0cd8f154974223c848f727f98b3564cea569b41cf");
        assert_eq!(key.tail, "mnop");
    }

    #[test]
    fn a_chosen_key_is_printable_and_neither_short_nor_long() {
        let (shortest, longest) = ("x".repeat(16), "x".repeat(128));
        for text in [shortest.as_str(), &longest, "with blanks inside it", "sechzehn-zeichen-mit-ü"] {
            assert!(key_of_text(text).is_ok(), "{text}");
        }
        let (short, long) = ("x".repeat(15), "x".repeat(129));
        let dotted = "header.payload.signature";
        for text in [
            short.as_str(),
            &long,
            dotted,
            "",
            " begins-with-a-blank",
            "ends-with-a-blank ",
            "has\na-line-end-inside",
        ] {
            assert_eq!(key_of_text(text).err(), Some(InvalidKeyText), "{text:?}");
        }
    }

    #[test]
    fn what_is_logged_of_a_key_is_its_tail() {
        let key = key_of_text("a-very-secret-bootstrap-key").unwrap();
        let logged = format!("{key:?}");
        assert!(logged.contains("-key") && !logged.contains("secret"), "{logged}");
    }
}
