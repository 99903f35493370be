//! Secrets at rest, sealed with XChaCha20-Poly1305.
//!
//! A sealed text is `version (1) | key id (8) | nonce (24) | ciphertext and tag`. The head and the
//! context are authenticated with it, so that it can neither be changed nor moved to another place.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hub_domain::ports::{Secrets, SecretsError};
use zeroize::Zeroizing;

use crate::master_key::MasterKeyId;
use crate::master_keys::MasterKeys;
use crate::random;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const HEAD: usize = 1 + 8;

/// What a sealed text begins with.
pub type SealedHead = [u8; HEAD];

/// Seals under the first of some master keys, and opens under any. The keys can be exchanged while texts
/// are sealed and opened.
pub struct SealedSecrets {
    ring: RwLock<Arc<Ring>>,
}

/// The first one seals.
struct Ring(Vec<Sealer>);

struct Sealer {
    id: MasterKeyId,
    /// Wipes its key when it goes.
    cipher: XChaCha20Poly1305,
}

impl SealedSecrets {
    pub fn new(keys: impl Into<MasterKeys>) -> Self {
        Self { ring: RwLock::new(Arc::new(Ring::of(&keys.into()))) }
    }

    /// Goes on with other keys.
    pub fn exchange(&self, keys: &MasterKeys) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Ring::of(keys));
    }

    /// The names of the keys, that of the one which seals first.
    pub fn ids(&self) -> Vec<MasterKeyId> {
        self.ring().0.iter().map(|sealer| sealer.id).collect()
    }

    /// What a text that is sealed with a key begins with.
    pub fn head_of(id: MasterKeyId) -> SealedHead {
        let mut head = [VERSION; HEAD];
        head[1..].copy_from_slice(&id.0);
        head
    }

    /// The name of the key with which a text is sealed, by its beginning; `None` for what is no sealed
    /// text.
    pub fn key_of(sealed: &[u8]) -> Option<MasterKeyId> {
        let (head, _) = sealed.split_first_chunk::<HEAD>()?;
        let (version, id) = head.split_first()?;
        if *version == VERSION { id.try_into().ok().map(MasterKeyId) } else { None }
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ring {
    fn of(keys: &MasterKeys) -> Self {
        let sealer = |key: &crate::MasterKey| Sealer {
            id: key.id(),
            cipher: XChaCha20Poly1305::new(key.bytes().into()),
        };
        Self(keys.keys().map(sealer).collect())
    }
}

/// Of a fixed length before the context, so that no two places read alike.
fn associated(head: &SealedHead, context: &str) -> Vec<u8> {
    [head.as_slice(), context.as_bytes()].concat()
}

impl Secrets for SealedSecrets {
    fn seal(&self, plain: &[u8], context: &str) -> Result<Vec<u8>, SecretsError> {
        let ring = self.ring();
        let sealer = ring.0.first().ok_or(SecretsError::Tampered)?;
        let head = Self::head_of(sealer.id);
        let mut nonce = [0; NONCE];
        random::fill(&mut nonce);
        let payload = Payload { msg: plain, aad: &associated(&head, context) };
        // Fails beyond 256 GiB only.
        let sealed = sealer.cipher.encrypt(XNonce::from_slice(&nonce), payload);
        Ok([head.as_slice(), &nonce, &sealed.map_err(|_| SecretsError::Tampered)?].concat())
    }

    fn open(&self, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
        let id = Self::key_of(sealed).ok_or(SecretsError::Tampered)?;
        let ring = self.ring();
        let sealer = ring.0.iter().find(|sealer| sealer.id == id);
        let sealer = sealer.ok_or_else(|| SecretsError::UnknownKey(id.to_string()))?;
        let rest = sealed.get(HEAD..).ok_or(SecretsError::Tampered)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(SecretsError::Tampered)?;
        let payload = Payload { msg: sealed, aad: &associated(&Self::head_of(id), context) };
        let plain = sealer.cipher.decrypt(XNonce::from_slice(nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| SecretsError::Tampered)
    }
}

impl fmt::Debug for SealedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSecrets(…)")
    }
}
