//! A wallet with a key of any kind, as a phone or a browser would have it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_identity::{Did, DidKind, DidRole, KeyKind, SecretKey, UnsignedJwt};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub const ALL_KINDS: [KeyKind; 4] =
    [KeyKind::Ed25519, KeyKind::Secp256k1, KeyKind::Ethereum, KeyKind::Passkey];

pub enum Wallet {
    Keys(SecretKey),
    Passkey(Authenticator),
}

impl Wallet {
    /// The wallet number `seed` with such a key; always the same.
    pub fn of(kind: KeyKind, seed: u8) -> Self {
        let bytes = [seed.max(1); 32];
        match kind {
            KeyKind::Passkey => Self::Passkey(Authenticator::of(&bytes)),
            kind => Self::Keys(SecretKey::new(kind, &bytes).unwrap()),
        }
    }

    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Keys(key) => key.kind(),
            Self::Passkey(_) => KeyKind::Passkey,
        }
    }

    pub fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Keys(key) => key.public_key(),
            Self::Passkey(authenticator) => authenticator.cose(),
        }
    }

    pub fn did(&self) -> Did {
        let kind = match self.kind() {
            KeyKind::Passkey => DidKind::PASSKEY,
            KeyKind::Ethereum => DidKind::ETHEREUM,
            key => DidKind { key, role: DidRole::ACCOUNT, ..DidKind::ACCOUNT },
        };
        Did::of_key(kind, &self.public_key())
    }

    /// A good token that says this, from `now` on for five minutes. What is said wins over what is
    /// usual.
    pub fn token(&self, says: Value, now: u64) -> String {
        let mut payload = Map::new();
        let usual = json!({
            "iss": self.did().to_string(), "iat": now.to_string(), "nbf": now.to_string(),
            "exp": (now + 300).to_string(), "version": "1.1.0",
        });
        payload.extend(usual.as_object().unwrap().clone());
        payload.extend(says.as_object().unwrap().clone());
        self.sign(UnsignedJwt::new(self.kind(), payload))
    }

    pub fn sign(&self, unsigned: UnsignedJwt) -> String {
        match self {
            Self::Keys(key) => {
                let signature = key.sign(&unsigned.digest()).unwrap();
                unsigned.signed(&signature)
            }
            Self::Passkey(authenticator) => {
                let assertion = authenticator.asserts(&unsigned.digest());
                unsigned.signed(assertion.to_string().as_bytes())
            }
        }
    }
}

/// What makes and keeps passkeys.
pub struct Authenticator(SigningKey);

pub const ORIGIN: &str = "https://hub.example.com";
pub const PRESENT_AND_VERIFIED: u8 = 0b101;

impl Authenticator {
    pub fn of(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_slice(secret).unwrap())
    }

    pub fn cose(&self) -> Vec<u8> {
        let point = self.0.verifying_key().to_encoded_point(false);
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [&head, point.x().unwrap().as_slice(), &[0x22, 0x58, 0x20], point.y().unwrap()].concat()
    }

    pub fn asserts(&self, challenge: &[u8]) -> Value {
        self.asserts_at(challenge, "webauthn.get", ORIGIN, PRESENT_AND_VERIFIED)
    }

    pub fn asserts_at(&self, challenge: &[u8], r#type: &str, origin: &str, flags: u8) -> Value {
        let client =
            json!({ "type": r#type, "challenge": URL_SAFE_NO_PAD.encode(challenge), "origin": origin });
        let client = client.to_string();
        let host = origin.strip_prefix("https://").unwrap();
        let data = [Sha256::digest(host).as_slice(), &[flags, 0, 0, 0, 1]].concat();
        let signature: Signature = self.0.sign(&[data.as_slice(), &Sha256::digest(&client)].concat());
        json!({
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "signature": URL_SAFE_NO_PAD.encode(signature.to_der().as_bytes()),
        })
    }
}
