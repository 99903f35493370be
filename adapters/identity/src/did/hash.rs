//! The hashes that a DID can be made with; always one round.

use sha2::{Digest, Sha256};
use sha3::{Keccak256, Keccak384, Keccak512, Sha3_256, Sha3_384, Sha3_512};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DidHash {
    Keccak,
    Sha3,
    Keccak384,
    Sha3_384,
    Keccak512,
    Sha3_512,
    Sha2,
}

impl DidHash {
    /// By code.
    const ALL: [Self; 7] = [
        Self::Keccak,
        Self::Sha3,
        Self::Keccak384,
        Self::Sha3_384,
        Self::Keccak512,
        Self::Sha3_512,
        Self::Sha2,
    ];

    pub(super) fn from_code(code: u16) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    pub(super) const fn code(self) -> u16 {
        match self {
            Self::Keccak => 0,
            Self::Sha3 => 1,
            Self::Keccak384 => 2,
            Self::Sha3_384 => 3,
            Self::Keccak512 => 4,
            Self::Sha3_512 => 5,
            Self::Sha2 => 6,
        }
    }

    /// At least 32 bytes.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Keccak => Keccak256::digest(bytes).to_vec(),
            Self::Sha3 => Sha3_256::digest(bytes).to_vec(),
            Self::Keccak384 => Keccak384::digest(bytes).to_vec(),
            Self::Sha3_384 => Sha3_384::digest(bytes).to_vec(),
            Self::Keccak512 => Keccak512::digest(bytes).to_vec(),
            Self::Sha3_512 => Sha3_512::digest(bytes).to_vec(),
            Self::Sha2 => Sha256::digest(bytes).to_vec(),
        }
    }
}
