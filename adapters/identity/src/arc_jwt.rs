//! The platform's own tokens, by which wallets and applications sign what they say.
//!
//! They look like JWTs and are others: the header has `type`, times are texts of decimal digits, and what
//! is signed is the SHA3-256 of the text. Only version 1.1.0 is written or accepted. Tokens of other
//! versions sign the text itself, of which keys of secp256k1 sign the first 32 characters, which are the
//! same in all of them: one such token forges every other.

mod times;
mod verify;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::canonical_json::canonical_value;
use crate::did::{DidHash, KeyKind};
use crate::secret_key::{InvalidSecretKey, SecretKey};

pub use times::Times;
pub use verify::{InvalidJwt, VerifiedJwt, verify_jwt, verify_jwt_by};

/// The one version that hashes what it signs.
pub const JWT_VERSION: &str = "1.1.0";
/// Seconds between `iat` and `exp` unless told otherwise.
const LIFE: u64 = 300;
/// Longer tokens are refused before anything is decoded.
const LONGEST: usize = 64 * 1024;

/// A token without its last part: what a key, or an authenticator, is to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedJwt(String);

/// The parts of a token, of which nothing was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedJwt<'a> {
    pub header: Map<String, Value>,
    pub payload: Map<String, Value>,
    /// What is signed: the first two parts with their dot.
    pub message: &'a str,
    /// The third part as it stands: base64url of a signature, or of a passkey's assertion.
    pub signature: &'a str,
}

impl UnsignedJwt {
    /// Members are sorted; those that are `null` or an empty text are left out.
    pub fn new(kind: KeyKind, mut payload: Map<String, Value>) -> Self {
        payload.retain(|_, value| !(value.is_null() || value == ""));
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(canonical_value(value));
        let header = json!({ "alg": algorithm(kind), "type": "JWT" });
        Self(format!("{}.{}", part(&header), part(&Value::Object(payload))))
    }

    /// The text whose hash is signed.
    pub fn message(&self) -> &str {
        &self.0
    }

    /// SHA3-256 of the text: what is signed, and the challenge of a passkey.
    pub fn digest(&self) -> [u8; 32] {
        digest(&self.0)
    }

    pub fn signed(self, signature: &[u8]) -> String {
        format!("{}.{}", self.0, URL_SAFE_NO_PAD.encode(signature))
    }
}

impl<'a> DecodedJwt<'a> {
    /// Three parts of base64url without padding, the first two JSON objects.
    pub fn of(token: &'a str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let object = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some(Self { header: object(header)?, payload: object(payload)?, message, signature })
    }

    /// The signature of a key that is no passkey.
    pub fn signature_bytes(&self) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(self.signature).ok()
    }

    pub fn digest(&self) -> [u8; 32] {
        digest(self.message)
    }
}

/// Signs a payload. `issuer` is a whole DID; `now` is in seconds. The payload may set `iss`, `iat`, `nbf`
/// and `exp` itself.
pub fn sign_jwt(
    key: &SecretKey,
    issuer: &str,
    payload: Map<String, Value>,
    now: u64,
) -> Result<String, InvalidSecretKey> {
    let unsigned = UnsignedJwt::new(key.kind(), with_defaults(issuer, payload, now));
    let signature = key.sign(&unsigned.digest())?;
    Ok(unsigned.signed(&signature))
}

/// The payload with issuer, times and version.
pub(crate) fn with_defaults(issuer: &str, payload: Map<String, Value>, now: u64) -> Map<String, Value> {
    let mut whole = Map::new();
    for (name, value) in [
        ("iss", issuer.to_owned()),
        ("iat", now.to_string()),
        ("nbf", now.to_string()),
        ("exp", now.saturating_add(LIFE).to_string()),
    ] {
        whole.insert(name.to_owned(), value.into());
    }
    whole.extend(payload);
    whole.insert("version".to_owned(), JWT_VERSION.into());
    whole
}

/// As the header names the signature of such a key.
fn algorithm(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Ed25519 => "Ed25519",
        KeyKind::Secp256k1 => "ES256K",
        KeyKind::Ethereum => "Ethereum",
        KeyKind::Passkey => "Passkey",
    }
}

fn digest(message: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(&DidHash::Sha3.digest(message.as_bytes()));
    digest
}
