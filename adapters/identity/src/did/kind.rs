//! What the first two bytes of a DID say: `role (6 bits) | key (5) | hash (5)`.

use super::DidHash;

/// What an identifier stands for. Codes without a name are no DIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DidRole(u8);

impl DidRole {
    pub const ACCOUNT: Self = Self(0);
    pub const NODE: Self = Self(1);
    pub const DEVICE: Self = Self(2);
    pub const APPLICATION: Self = Self(3);
    pub const VALIDATOR: Self = Self(8);
    pub const TETHER: Self = Self(11);
    pub const SWAP: Self = Self(12);
    pub const BLOCKLET: Self = Self(15);
    pub const PASSKEY: Self = Self(22);
    pub const ANY: Self = Self(63);

    /// Codes up to 24 have names, and 63.
    pub fn from_code(code: u8) -> Option<Self> {
        (code <= 24 || code == Self::ANY.0).then_some(Self(code))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    Ed25519,
    Secp256k1,
    Ethereum,
    Passkey,
}

impl KeyKind {
    fn from_code(code: u16) -> Option<Self> {
        [Self::Ed25519, Self::Secp256k1, Self::Ethereum, Self::Passkey].get(usize::from(code)).copied()
    }

    const fn code(self) -> u16 {
        match self {
            Self::Ed25519 => 0,
            Self::Secp256k1 => 1,
            Self::Ethereum => 2,
            Self::Passkey => 3,
        }
    }

    /// Whether bytes can be a public key of this kind, by their length.
    pub(crate) fn fits(self, key: &[u8]) -> bool {
        match self {
            Self::Ed25519 => key.len() == 32,
            Self::Secp256k1 => key.len() == 65,
            Self::Ethereum => key.len() == 64,
            Self::Passkey => !key.is_empty(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DidEncoding {
    /// `z…`
    Base58,
    /// `0x…`
    Base16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DidKind {
    pub role: DidRole,
    pub key: KeyKind,
    pub hash: DidHash,
    pub encoding: DidEncoding,
}

impl DidKind {
    /// A user with an Ed25519 key; also the id of an access key.
    pub const ACCOUNT: Self = Self {
        role: DidRole::ACCOUNT,
        key: KeyKind::Ed25519,
        hash: DidHash::Sha3,
        encoding: DidEncoding::Base58,
    };
    /// A user with a passkey.
    pub const PASSKEY: Self = Self {
        role: DidRole::PASSKEY,
        key: KeyKind::Passkey,
        hash: DidHash::Sha2,
        encoding: DidEncoding::Base58,
    };
    /// An address as Ethereum writes it. Whatever its role, it reads as an account's.
    pub const ETHEREUM: Self = Self {
        role: DidRole::ACCOUNT,
        key: KeyKind::Ethereum,
        hash: DidHash::Keccak,
        encoding: DidEncoding::Base16,
    };

    /// The first two bytes.
    pub fn code(self) -> u16 {
        u16::from(self.role.0) << 10 | self.key.code() << 5 | self.hash.code()
    }

    pub(super) fn from_code(code: u16, encoding: DidEncoding) -> Option<Self> {
        let role = DidRole::from_code(u8::try_from(code >> 10).ok()?)?;
        let (key, hash) = (KeyKind::from_code(code >> 5 & 31)?, DidHash::from_code(code & 31)?);
        Some(Self { role, key, hash, encoding })
    }

    /// Four roles are always hashed with SHA-2, whatever was asked for.
    pub fn corrected(self) -> Self {
        let forced = [DidRole::NODE, DidRole::VALIDATOR, DidRole::TETHER, DidRole::SWAP];
        if forced.contains(&self.role) { Self { hash: DidHash::Sha2, ..self } } else { self }
    }

    pub(super) fn is_ethereum(self) -> bool {
        let Self { key, hash, encoding, .. } = self;
        (key, hash, encoding) == (KeyKind::Ethereum, DidHash::Keccak, DidEncoding::Base16)
    }
}
