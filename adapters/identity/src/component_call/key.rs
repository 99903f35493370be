//! The keys of components and how they hash.

use sha3::{Digest, Keccak256, Sha3_256};

use crate::did::KeyKind;
use crate::public_key::{InvalidPublicKey, PublicKey};

/// A component's or an application's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    kind: KeyKind,
    key: PublicKey,
}

impl CallKey {
    pub fn new(kind: KeyKind, bytes: &[u8]) -> Result<Self, InvalidPublicKey> {
        PublicKey::new(kind, bytes).map(|key| Self { kind, key })
    }

    /// The hash of the text, if this key signed it.
    pub(crate) fn verify(&self, text: &str, signature: &[u8]) -> Option<[u8; 32]> {
        let digest = digest(self.kind, text);
        self.key.verify(&digest, signature).ok().map(|()| digest)
    }
}

/// Accounts of Ethereum hash as Ethereum does, all others with SHA3-256.
pub(crate) fn digest(kind: KeyKind, text: &str) -> [u8; 32] {
    match kind {
        KeyKind::Ethereum => Keccak256::digest(text).into(),
        _ => Sha3_256::digest(text).into(),
    }
}
