//! Secret keys: the application's own, and those of wallets in tests.

use std::fmt;

use ed25519_dalek as ed25519;
use ed25519_dalek::Signer;
use k256::ecdsa as secp256k1;
use k256::ecdsa::signature::hazmat::PrehashSigner;
use zeroize::Zeroizing;

use crate::did::{Did, DidKind, KeyKind};
use crate::random;

/// A key that signs. Its memory is wiped when it goes, and it has no `Debug` text.
pub enum SecretKey {
    Ed25519(ed25519::SigningKey),
    Secp256k1(secp256k1::SigningKey),
    Ethereum(secp256k1::SigningKey),
}

/// The bytes are no secret key of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a secret key of this kind")]
pub struct InvalidSecretKey;

impl SecretKey {
    /// 32 bytes; of Ed25519 also 64, the second half being the public key. Passkeys never leave their
    /// authenticator.
    pub fn new(kind: KeyKind, bytes: &[u8]) -> Result<Self, InvalidSecretKey> {
        let point = || secp256k1::SigningKey::from_slice(bytes).map_err(|_| InvalidSecretKey);
        match kind {
            KeyKind::Ed25519 => {
                let (seed, public_key) = bytes.split_first_chunk().ok_or(InvalidSecretKey)?;
                let key = ed25519::SigningKey::from_bytes(seed);
                let is_whole = public_key.is_empty() || key.verifying_key().as_bytes() == public_key;
                if is_whole { Ok(Self::Ed25519(key)) } else { Err(InvalidSecretKey) }
            }
            KeyKind::Secp256k1 => point().map(Self::Secp256k1),
            KeyKind::Ethereum => point().map(Self::Ethereum),
            KeyKind::Passkey => Err(InvalidSecretKey),
        }
    }

    /// A new key for Ed25519, from which nothing can be told. Without a source of randomness the process
    /// can't go on safely, and panics.
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        random::fill(seed.as_mut_slice());
        Self::Ed25519(ed25519::SigningKey::from_bytes(&seed))
    }

    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Ed25519(_) => KeyKind::Ed25519,
            Self::Secp256k1(_) => KeyKind::Secp256k1,
            Self::Ethereum(_) => KeyKind::Ethereum,
        }
    }

    /// The bytes that a DID is made of.
    pub fn public_key(&self) -> Vec<u8> {
        let uncompressed =
            |key: &secp256k1::SigningKey| key.verifying_key().to_encoded_point(false).as_bytes().to_vec();
        match self {
            Self::Ed25519(key) => key.verifying_key().as_bytes().to_vec(),
            Self::Secp256k1(key) => uncompressed(key),
            Self::Ethereum(key) => uncompressed(key).split_off(1),
        }
    }

    /// The identifier of this key in that role, with that hash.
    pub fn did(&self, kind: DidKind) -> Did {
        Did::of_key(DidKind { key: self.kind(), ..kind }, &self.public_key())
    }

    /// Signs a hash of at least 32 bytes. Ed25519 signs all it is given; of more than 32 bytes the other
    /// curve signs the first 32 only, so what is to be signed must be hashed first.
    pub fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, InvalidSecretKey> {
        let der = |key: &secp256k1::SigningKey| {
            let signed: Result<secp256k1::Signature, _> = key.sign_prehash(digest);
            signed.map(|signature| signature.to_der().as_bytes().to_vec()).map_err(|_| InvalidSecretKey)
        };
        match self {
            Self::Ed25519(key) => Ok(key.sign(digest).to_bytes().to_vec()),
            Self::Secp256k1(key) | Self::Ethereum(key) => der(key),
        }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}
