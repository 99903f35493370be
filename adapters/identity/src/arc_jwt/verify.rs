//! Checks a token against the key that its issuer is said to have.

use serde_json::{Map, Value};

use super::times::Stated;
use super::{DecodedJwt, JWT_VERSION, Times, algorithm};
use crate::did::{Did, KeyKind};
use crate::passkey::{AssertedAt, PasskeyKey};
use crate::public_key::PublicKey;

/// What a good token says, and who says it.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedJwt {
    /// The issuer, unless another was to sign.
    pub signer: Did,
    pub payload: Map<String, Value>,
    /// For a passkey: where it was used. The caller must compare it with what it allows.
    pub asserted_at: Option<AssertedAt>,
}

/// Which of several checks failed is nobody's business, but for one that a user can put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJwt {
    #[error("Invalid JWT token")]
    Invalid,
    /// All but its times is right.
    #[error("JWT token expired, make sure your device time in sync with network")]
    Expired,
}

/// `public_key` are the bytes that the issuer's DID is made of.
pub fn verify_jwt(token: &str, public_key: &[u8], times: Times) -> Result<VerifiedJwt, InvalidJwt> {
    verify_jwt_by("iss", token, public_key, times)
}

/// The same for a token that somebody signed on behalf of its issuer: `member` names the signer.
pub fn verify_jwt_by(
    member: &str,
    token: &str,
    public_key: &[u8],
    times: Times,
) -> Result<VerifiedJwt, InvalidJwt> {
    let decoded = DecodedJwt::of(token).ok_or(InvalidJwt::Invalid)?;
    let text =
        |members: &Map<String, Value>, name| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let stated_algorithm = text(&decoded.header, "alg").ok_or(InvalidJwt::Invalid)?;
    let signer = text(&decoded.payload, member).ok_or(InvalidJwt::Invalid)?;
    let version = text(&decoded.payload, "version");
    let stated = Stated::of(&decoded.payload).ok_or(InvalidJwt::Invalid)?;

    let signer = Did::of_signer(&signer, public_key).map_err(|_| InvalidJwt::Invalid)?;
    let kind = signer.kind().key;
    if version.as_deref() != Some(JWT_VERSION) || !is_algorithm_of(kind, &stated_algorithm) {
        return Err(InvalidJwt::Invalid);
    }
    let asserted_at = check_signature(&decoded, kind, public_key).ok_or(InvalidJwt::Invalid)?;
    if !stated.are_good(times) {
        return Err(InvalidJwt::Expired);
    }
    Ok(VerifiedJwt { signer, payload: decoded.payload, asserted_at })
}

/// A key of one kind never checks a signature of another, nor none at all.
fn is_algorithm_of(kind: KeyKind, stated: &str) -> bool {
    let is_old_name = kind == KeyKind::Secp256k1 && stated.eq_ignore_ascii_case("secp256k1");
    is_old_name || stated.eq_ignore_ascii_case(algorithm(kind))
}

/// `None` for a wrong signature.
fn check_signature(decoded: &DecodedJwt<'_>, kind: KeyKind, public_key: &[u8]) -> Option<Option<AssertedAt>> {
    let digest = decoded.digest();
    if kind == KeyKind::Passkey {
        let key = PasskeyKey::from_cose(public_key).ok()?;
        return key.verify(decoded.signature, &digest).ok().map(Some);
    }
    let key = PublicKey::new(kind, public_key).ok()?;
    key.verify(&digest, &decoded.signature_bytes()?).ok().map(|()| None)
}
