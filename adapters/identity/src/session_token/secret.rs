//! The secret under which a server signs its sessions.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::byte_text::hex;
use crate::did::DidHash;
use crate::random;

/// A text whose UTF-8 is the key. Its memory is wiped when it goes, and it has no `Debug` text.
pub struct SessionSecret(Zeroizing<String>);

/// What guesses a shorter one is fast enough to find it.
const SHORTEST: usize = 16;

/// A text that is too short for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session secret has at least {SHORTEST} characters")]
pub struct SecretTooShort;

impl SessionSecret {
    pub fn new(text: &str) -> Result<Self, SecretTooShort> {
        if text.len() < SHORTEST { Err(SecretTooShort) } else { Ok(Self(Zeroizing::new(text.to_owned()))) }
    }

    /// 256 random bits.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random::fill(bytes.as_mut_slice());
        Self(Zeroizing::new(hex(bytes.as_slice())))
    }

    /// As a Blocklet Server derives it from what an application is configured with. The texts count, not
    /// what they stand for: the same key in large letters makes another secret.
    pub fn derived(secret_key: &str, address: &str, salt: &str) -> Self {
        let texts = Zeroizing::new([secret_key, address, salt].concat());
        let digest = Zeroizing::new(DidHash::Sha3.digest(texts.as_bytes()));
        Self(Zeroizing::new(format!("0x{}", hex(&digest))))
    }

    /// For keeping it, sealed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn mac(&self, message: &str) -> Hmac<Sha256> {
        keyed::<Hmac<Sha256>>(self.0.as_bytes()).chain_update(message)
    }
}

/// A code under a key of any length.
pub(crate) fn keyed<M: Mac + hmac::digest::KeyInit>(key: &[u8]) -> M {
    // HMAC takes keys of every length; an empty one stands for the impossible error.
    <M as Mac>::new_from_slice(key).unwrap_or_else(|_| <M as Mac>::new(&Default::default()))
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}
