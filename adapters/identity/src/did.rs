//! The platform's decentralised identifiers: 26 bytes that name a role, a kind of key, a hash, and the
//! first 20 bytes of the hashed key, with a checksum; or an Ethereum address.
//!
//! A text is read strictly: one prefix, one spelling. Two DIDs are the same when their addresses are,
//! letter by letter; case counts.

mod hash;
mod kind;

use std::fmt;
use std::str::FromStr;

use crate::byte_text::{base58btc, hex, unhex};

pub use hash::DidHash;
pub use kind::{DidEncoding, DidKind, DidRole, KeyKind};

const BYTES: usize = 26;
const KEY_HASH: usize = 20;
/// Kind and key; the checksum is over them.
const BODY: usize = 2 + KEY_HASH;
/// Ethereum's addresses have no kind in them.
const ETHEREUM_DIGITS: usize = 40;
/// Longer texts are refused before anything is decoded.
const LONGEST: usize = 128;

/// A valid identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Did {
    /// Without a prefix.
    address: Box<str>,
    kind: DidKind,
}

/// The text is no DID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid DID")]
pub struct InvalidDid;

impl Did {
    /// The identifier of a key. The bytes are those of `identity` for its kind: 32 of Ed25519, 65 of
    /// secp256k1, 64 of Ethereum, the COSE key of a passkey.
    pub fn of_key(kind: DidKind, key: &[u8]) -> Self {
        let kind = kind.corrected();
        if kind.is_ethereum() {
            let hash = DidHash::Keccak.digest(key);
            let digits = hex(&hash[hash.len() - ETHEREUM_DIGITS / 2..]);
            return Self { address: checksum_case(&digits).into(), kind: DidKind::ETHEREUM };
        }
        let mut bytes = kind.code().to_be_bytes().to_vec();
        bytes.extend_from_slice(&kind.hash.digest(key)[..KEY_HASH]);
        bytes.extend_from_slice(&kind.hash.digest(&bytes)[..BYTES - BODY]);
        let address = match kind.encoding {
            DidEncoding::Base58 => base58btc(&bytes),
            DidEncoding::Base16 => format!("0x{}", hex(&bytes)),
        };
        Self { address: address.into(), kind }
    }

    /// The identifier that a signer claims, if the key is its own. Where the platform can't read the
    /// kind (hexadecimal, with a prefix) it lets nobody sign, and nor do we.
    pub fn of_signer(claimed: &str, key: &[u8]) -> Result<Self, InvalidDid> {
        let did: Self = claimed.parse()?;
        let is_unreadable = did.kind.encoding == DidEncoding::Base16 && !did.kind.is_ethereum();
        if is_unreadable && without_method(claimed) != claimed || !did.owns(key) {
            return Err(InvalidDid);
        }
        Ok(did)
    }

    /// In the one spelling in which it owns a key: an Ethereum address with its checksum.
    pub fn canonical(&self) -> Self {
        let Some(digits) = self.address.strip_prefix("0x").filter(|_| self.kind.is_ethereum()) else {
            return self.clone();
        };
        Self { address: checksum_case(&digits.to_ascii_lowercase()).into(), kind: self.kind }
    }

    /// Without a prefix.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn kind(&self) -> DidKind {
        self.kind
    }

    /// Whether this is the identifier of a key.
    pub fn owns(&self, key: &[u8]) -> bool {
        self.kind.key.fits(key) && Self::of_key(self.kind, key).address == self.address
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "did:abt:{}", self.address)
    }
}

impl FromStr for Did {
    type Err = InvalidDid;

    /// With or without the prefix of a method.
    fn from_str(text: &str) -> Result<Self, InvalidDid> {
        if text.len() > LONGEST {
            return Err(InvalidDid);
        }
        let address = without_method(text);
        let (bytes, encoding) = if let Some(digits) = address.strip_prefix("0x") {
            if digits.len() == ETHEREUM_DIGITS {
                return ethereum(address, digits);
            }
            (unhex(digits).ok_or(InvalidDid)?, DidEncoding::Base16)
        } else {
            let digits = address.strip_prefix('z').ok_or(InvalidDid)?;
            (bs58::decode(digits).into_vec().map_err(|_| InvalidDid)?, DidEncoding::Base58)
        };
        let (code, _) = bytes.split_first_chunk::<2>().ok_or(InvalidDid)?;
        let kind = DidKind::from_code(u16::from_be_bytes(*code), encoding).ok_or(InvalidDid)?;
        let (body, checksum) = bytes.split_at_checked(BODY).ok_or(InvalidDid)?;
        if bytes.len() != BYTES || kind.hash.digest(body)[..checksum.len()] != *checksum {
            return Err(InvalidDid);
        }
        Ok(Self { address: address.into(), kind })
    }
}

/// Only one prefix is taken off; `did:` and a method of small letters and digits.
fn without_method(text: &str) -> &str {
    let is_method = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let parts = text.strip_prefix("did:").and_then(|rest| rest.split_once(':'));
    parts.filter(|(method, _)| is_method(method)).map_or(text, |(_, address)| address)
}

/// In small letters, or with the checksum in the case of its letters (EIP-55).
fn ethereum(address: &str, digits: &str) -> Result<Did, InvalidDid> {
    let lower = digits.to_ascii_lowercase();
    unhex(&lower).ok_or(InvalidDid)?;
    if digits != lower && address != checksum_case(&lower) {
        return Err(InvalidDid);
    }
    Ok(Did { address: address.into(), kind: DidKind::ETHEREUM })
}

/// `0x` and the digits, with a letter large where the hash of the digits says so (EIP-55).
fn checksum_case(digits: &str) -> String {
    let hash = hex(&DidHash::Keccak.digest(digits.as_bytes()));
    let cased = digits.chars().zip(hash.chars());
    let cased = cased.map(|(digit, hash)| if hash >= '8' { digit.to_ascii_uppercase() } else { digit });
    ['0', 'x'].into_iter().chain(cased).collect()
}
