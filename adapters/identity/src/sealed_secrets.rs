//! Secrets at rest, sealed with XChaCha20-Poly1305.
//!
//! A sealed text is `version (1) | key id (8) | nonce (24) | ciphertext and tag`. The head and the
//! context are authenticated with it, so that it can neither be changed nor moved to another place.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hub_domain::ports::{Secrets, SecretsError};

use crate::master_key::MasterKey;
use crate::random;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const HEAD: usize = 1 + 8;

/// Seals and opens under one master key.
pub struct SealedSecrets {
    /// Wipes its key when it goes.
    cipher: XChaCha20Poly1305,
    /// Version and key id.
    head: [u8; HEAD],
}

impl SealedSecrets {
    pub fn new(key: MasterKey) -> Self {
        let mut head = [VERSION; HEAD];
        head[1..].copy_from_slice(&key.id());
        Self { cipher: XChaCha20Poly1305::new(key.bytes().into()), head }
    }

    /// Of a fixed length before the context, so that no two places read alike.
    fn associated(&self, context: &str) -> Vec<u8> {
        [self.head.as_slice(), context.as_bytes()].concat()
    }
}

impl Secrets for SealedSecrets {
    fn seal(&self, plain: &[u8], context: &str) -> Result<Vec<u8>, SecretsError> {
        let mut nonce = [0; NONCE];
        random::fill(&mut nonce);
        let payload = Payload { msg: plain, aad: &self.associated(context) };
        // Fails beyond 256 GiB only.
        let sealed =
            self.cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| SecretsError::Tampered)?;
        Ok([self.head.as_slice(), &nonce, &sealed].concat())
    }

    fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, SecretsError> {
        let (head, rest) = sealed.split_first_chunk::<HEAD>().ok_or(SecretsError::Tampered)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(SecretsError::Tampered)?;
        if head[0] != VERSION {
            return Err(SecretsError::Tampered);
        }
        if *head != self.head {
            let id = head[1..].iter().map(|byte| format!("{byte:02x}")).collect();
            return Err(SecretsError::UnknownKey(id));
        }
        let payload = Payload { msg: sealed, aad: &self.associated(context) };
        self.cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| SecretsError::Tampered)
    }
}

impl fmt::Debug for SealedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSecrets(…)")
    }
}
