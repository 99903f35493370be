//! The key under which all secrets are sealed: configured, or made at the first start.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::random;

/// Bytes of a key, and of its digits as they stand in a file.
const LENGTH: usize = 32;
const DIGITS: usize = 2 * LENGTH;

/// 256 bits that never leave the process but into their own file. Its memory is wiped when it goes.
pub struct MasterKey(Zeroizing<[u8; LENGTH]>);

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

    /// From a file that holds 64 hexadecimal digits; a line's end may follow.
    pub fn from_file(path: &Path) -> io::Result<Self> {
        let text = Zeroizing::new(std::fs::read_to_string(path)?);
        Self::from_hex(text.trim_end()).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
        })
    }

    /// From a file, which is made with a new key when it is missing. Of several processes that start
    /// at once one makes it and all read it; nobody ever sees half of it.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match Self::from_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => return outcome,
        }
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        // Readable by its owner only, from its first byte on.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(Self::generate().hex().as_bytes())?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => std::fs::File::open(directory)?.sync_all()?,
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(failed) => return Err(failed.error),
        }
        Self::from_file(path)
    }

    fn hex(&self) -> Zeroizing<String> {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        let mut text = Zeroizing::new(String::with_capacity(DIGITS));
        for byte in self.0.iter() {
            text.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        text
    }

    /// Names the key, and tells nothing of it.
    pub(crate) fn id(&self) -> [u8; 8] {
        let hash = Sha256::new().chain_update("aigne-hub/master-key-id/v1").chain_update(self.0.as_slice());
        let mut id = [0; 8];
        id.copy_from_slice(&hash.finalize()[..8]);
        id
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
    use std::os::unix::fs::PermissionsExt;

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
    fn a_missing_file_is_made_for_its_owner_only_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let made = MasterKey::load_or_create(&path).unwrap();
        let read = MasterKey::load_or_create(&path).unwrap();

        assert_eq!(made.bytes(), read.bytes());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn of_many_that_start_at_once_all_have_the_same_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let start = || MasterKey::load_or_create(&path).unwrap();
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key.bytes() == keys[0].bytes()));
    }

    #[test]
    fn a_file_without_a_key_is_told_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        std::fs::write(&path, "not a key").unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("master.key"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a key");
    }

    #[test]
    fn nothing_of_a_key_is_logged() {
        assert_eq!(format!("{:?}", MasterKey::from_hex(HEX).unwrap()), "MasterKey(…)");
    }
}
