//! The public keys of wallets and applications, and strict checks of what they signed.

use ed25519_dalek as ed25519;
use k256::ecdsa as secp256k1;
use k256::ecdsa::signature::hazmat::PrehashVerifier;

use crate::did::KeyKind;

/// A key that signs bytes. Passkeys sign another way: [`PasskeyKey`](crate::PasskeyKey).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    Ed25519(ed25519::VerifyingKey),
    /// Also that of an Ethereum account: the same curve, the bytes written without their `04`.
    Secp256k1(secp256k1::VerifyingKey),
}

/// The bytes are no public key of that kind, or one for which anybody can sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of this kind")]
pub struct InvalidPublicKey;

/// It was not this key that signed these bytes, or the signature is not in its one proper form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not valid")]
pub struct InvalidSignature;

/// The mark of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

impl PublicKey {
    /// From the bytes that its DID is made of: 32 of Ed25519, 65 of secp256k1 (uncompressed), 64 of
    /// Ethereum. Points of small order, for which everything is signed by anybody, are refused.
    pub fn new(kind: KeyKind, bytes: &[u8]) -> Result<Self, InvalidPublicKey> {
        if !kind.fits(bytes) {
            return Err(InvalidPublicKey);
        }
        match kind {
            KeyKind::Ed25519 => {
                let bytes = bytes.try_into().map_err(|_| InvalidPublicKey)?;
                let key = ed25519::VerifyingKey::from_bytes(bytes).map_err(|_| InvalidPublicKey)?;
                if key.is_weak() { Err(InvalidPublicKey) } else { Ok(Self::Ed25519(key)) }
            }
            KeyKind::Secp256k1 if bytes.first() == Some(&UNCOMPRESSED) => Self::of_point(bytes),
            KeyKind::Ethereum => Self::of_point(&[&[UNCOMPRESSED], bytes].concat()),
            KeyKind::Secp256k1 | KeyKind::Passkey => Err(InvalidPublicKey),
        }
    }

    fn of_point(bytes: &[u8]) -> Result<Self, InvalidPublicKey> {
        let key = secp256k1::VerifyingKey::from_sec1_bytes(bytes).map_err(|_| InvalidPublicKey)?;
        Ok(Self::Secp256k1(key))
    }

    /// Ed25519: 64 bytes, S below the order, no point of small order. secp256k1: DER without a byte too
    /// much, the lower of the two possible S. So each signature has one form.
    pub fn verify(&self, digest: &[u8; 32], signature: &[u8]) -> Result<(), InvalidSignature> {
        match self {
            Self::Ed25519(key) => {
                let signature = ed25519::Signature::from_slice(signature).map_err(|_| InvalidSignature)?;
                key.verify_strict(digest, &signature).map_err(|_| InvalidSignature)
            }
            Self::Secp256k1(key) => {
                let signature = secp256k1::Signature::from_der(signature).map_err(|_| InvalidSignature)?;
                if signature.normalize_s().is_some() {
                    return Err(InvalidSignature);
                }
                key.verify_prehash(digest, &signature).map_err(|_| InvalidSignature)
            }
        }
    }
}
