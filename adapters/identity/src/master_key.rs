//! A key under which secrets are sealed.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::byte_text::hex;
use crate::random;

/// Bytes of a key, and of its digits as they stand in a file.
const LENGTH: usize = 32;
const DIGITS: usize = 2 * LENGTH;

/// 256 bits that never leave the process but into their own file. Its memory is wiped when it goes.
pub struct MasterKey(Zeroizing<[u8; LENGTH]>);

/// What names a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MasterKeyId(pub(crate) [u8; 8]);

impl MasterKeyId {
    /// As a database keeps it.
    pub fn number(self) -> i64 {
        i64::from_be_bytes(self.0)
    }

    pub fn of_number(number: i64) -> Self {
        Self(number.to_be_bytes())
    }
}

/// 16 hexadecimal digits.
impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The text is no master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    #[error("a master key has {DIGITS} hexadecimal digits (`openssl rand -hex 32` makes one)")]
    NotHex,
    #[error("this master key is no secret: all its bytes are the same")]
    TooSimple,
}

impl MasterKey {
    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, MasterKeyError> {
        if text.len() != DIGITS {
            return Err(MasterKeyError::NotHex);
        }
        let mut key = Zeroizing::new([0; LENGTH]);
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| {
                digits.get(at).and_then(|digit| char::from(*digit).to_digit(16)).ok_or(MasterKeyError::NotHex)
            };
            *byte = u8::try_from(digit(0)? << 4 | digit(1)?).map_err(|_| MasterKeyError::NotHex)?;
        }
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(MasterKeyError::TooSimple);
        }
        Ok(Self(key))
    }

    /// A new one. Without a source of randomness the process can't go on safely, and panics.
    pub fn generate() -> Self {
        let mut key = Zeroizing::new([0; LENGTH]);
        random::fill(key.as_mut_slice());
        Self(key)
    }

    /// As it stands in a file.
    pub(crate) fn hex(&self) -> Zeroizing<String> {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        let mut text = Zeroizing::new(String::with_capacity(DIGITS));
        for byte in self.0.iter() {
            text.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        text
    }

    /// Names the key, and tells nothing of it.
    pub fn id(&self) -> MasterKeyId {
        let hash = Sha256::new().chain_update("aigne-hub/master-key-id/v1").chain_update(self.0.as_slice());
        let mut id = [0; 8];
        id.copy_from_slice(&hash.finalize()[..8]);
        MasterKeyId(id)
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        let key = MasterKey::from_hex(HEX).unwrap();
        assert_eq!(key.bytes()[..4], [0x00, 0x11, 0x22, 0x33]);
        assert_eq!(*key.hex(), HEX.to_lowercase());
        for text in
            ["", "00", &HEX[..63], &format!("{HEX}0"), &HEX.replace('0', "g"), &HEX.replace("00", "+0")]
        {
            assert_eq!(MasterKey::from_hex(text).err(), Some(MasterKeyError::NotHex), "{text}");
        }
    }

    #[test]
    fn a_key_that_is_no_secret_is_refused() {
        for text in ["0".repeat(64), "ab".repeat(32)] {
            assert_eq!(MasterKey::from_hex(&text).err(), Some(MasterKeyError::TooSimple));
        }
    }

    #[test]
    fn nothing_of_a_key_is_logged() {
        assert_eq!(format!("{:?}", MasterKey::from_hex(HEX).unwrap()), "MasterKey(…)");
    }

    #[test]
    fn a_name_is_kept_as_a_number() {
        let id = MasterKey::from_hex(HEX).unwrap().id();
        assert_eq!(MasterKeyId::of_number(id.number()), id);
        assert_eq!(id.to_string().len(), 16);
        assert_ne!(MasterKey::generate().id(), id);
    }
}
