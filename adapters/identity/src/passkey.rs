//! Passkeys: what a WebAuthn authenticator signed, checked with its P-256 key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::EncodedPoint;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// A COSE key of P-256 for ES256 as WebAuthn delivers it: this, x, [`COSE_Y`], y.
const COSE_HEAD: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const COSE_Y: &[u8] = &[0x22, 0x58, 0x20];

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
/// The relying party's hash, flags and a counter.
const LEAST_AUTHENTICATOR_DATA: usize = 37;
/// A longer assertion is refused before anything is decoded.
const LONGEST_ASSERTION: usize = 16 * 1024;

/// The public key of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyKey(VerifyingKey);

/// The bytes are no COSE key of P-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a passkey's public key")]
pub struct InvalidPasskey;

/// It was not this key that signed this challenge. Which check failed is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the assertion is not valid")]
pub struct InvalidAssertion;

/// Where a good assertion was made. The caller must compare both with what it allows: a signature
/// says nothing about the site that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "origin and relying party are not checked yet"]
pub struct AssertedAt {
    pub origin: String,
    /// SHA-256 of the relying party's id.
    pub rp_id_hash: [u8; 32],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion<'a> {
    authenticator_data: &'a str,
    #[serde(rename = "clientDataJSON")]
    client_data: &'a str,
    signature: &'a str,
}

#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
}

impl PasskeyKey {
    /// From the COSE key, which is also what a passkey's DID is made of.
    pub fn from_cose(bytes: &[u8]) -> Result<Self, InvalidPasskey> {
        let rest = bytes.strip_prefix(COSE_HEAD).ok_or(InvalidPasskey)?;
        let (x, rest) = rest.split_first_chunk::<32>().ok_or(InvalidPasskey)?;
        let y: &[u8; 32] = rest.strip_prefix(COSE_Y).and_then(|y| y.try_into().ok()).ok_or(InvalidPasskey)?;
        let point = EncodedPoint::from_affine_coordinates(x.into(), y.into(), false);
        VerifyingKey::from_encoded_point(&point).map(Self).map_err(|_| InvalidPasskey)
    }

    /// Checks an assertion, as a token carries it: base64url of JSON whose members are base64url.
    pub fn verify(&self, assertion: &str, challenge: &[u8]) -> Result<AssertedAt, InvalidAssertion> {
        if assertion.len() > LONGEST_ASSERTION {
            return Err(InvalidAssertion);
        }
        let json = decoded(assertion)?;
        let assertion: Assertion<'_> = serde_json::from_slice(&json).map_err(|_| InvalidAssertion)?;
        let authenticator_data = decoded(assertion.authenticator_data)?;
        let client_json = decoded(assertion.client_data)?;
        let signature = Signature::from_der(&decoded(assertion.signature)?).map_err(|_| InvalidAssertion)?;

        let client: ClientData = serde_json::from_slice(&client_json).map_err(|_| InvalidAssertion)?;
        if client.r#type != "webauthn.get" || client.challenge != URL_SAFE_NO_PAD.encode(challenge) {
            return Err(InvalidAssertion);
        }
        let (rp_id_hash, rest) = authenticator_data.split_first_chunk::<32>().ok_or(InvalidAssertion)?;
        let needed = USER_PRESENT | USER_VERIFIED;
        let has_flags = rest.first().is_some_and(|flags| flags & needed == needed);
        if authenticator_data.len() < LEAST_AUTHENTICATOR_DATA || !has_flags {
            return Err(InvalidAssertion);
        }
        let signed = [authenticator_data.as_slice(), &Sha256::digest(&client_json)].concat();
        self.0.verify(&signed, &signature).map_err(|_| InvalidAssertion)?;
        Ok(AssertedAt { origin: client.origin, rp_id_hash: *rp_id_hash })
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, InvalidAssertion> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidAssertion)
}
