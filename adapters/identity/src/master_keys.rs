//! The master keys of an installation, and where they come from: a setting, a file, a command's output, or
//! a file that the hub makes.
//!
//! Of several keys the first seals; the others open what was sealed with them, until it is sealed anew.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::master_key::{MasterKey, MasterKeyError, MasterKeyId};

/// At least one key.
#[derive(Debug)]
pub struct MasterKeys {
    first: MasterKey,
    others: Vec<MasterKey>,
}

impl From<MasterKey> for MasterKeys {
    fn from(first: MasterKey) -> Self {
        Self { first, others: Vec::new() }
    }
}

impl MasterKeys {
    /// From keys of 64 hexadecimal digits with commas, blanks or lines' ends between them.
    pub fn from_text(text: &str) -> Result<Self, MasterKeyError> {
        let keys = text.split(|sign: char| sign == ',' || sign.is_whitespace());
        let mut keys = keys.filter(|key| !key.is_empty()).map(MasterKey::from_hex);
        let first = keys.next().ok_or(MasterKeyError::NotHex)??;
        Ok(Self { first, others: keys.collect::<Result<_, _>>()? })
    }

    /// One new key. Without a source of randomness the process can't go on safely, and panics.
    pub fn generate() -> Self {
        MasterKey::generate().into()
    }

    pub fn from_file(path: &Path) -> io::Result<Self> {
        let text = Zeroizing::new(std::fs::read_to_string(path)?);
        Self::from_text(&text).map_err(|error| invalid(&path.display().to_string(), error))
    }

    /// From what a command prints; the shell runs it. What it says on standard error is seen.
    pub fn from_command(command: &str) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = shell.output()?;
        let printed = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err(io::Error::other(format!("the command failed ({})", output.status)));
        }
        let text =
            std::str::from_utf8(&printed).map_err(|_| invalid("the command", MasterKeyError::NotHex))?;
        Self::from_text(text).map_err(|error| invalid("the command", error))
    }

    /// From a file, which is made with a new key when it is missing. Of several processes that start
    /// at once one makes it and all read it; nobody ever sees half of it.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match Self::from_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => return outcome,
        }
        match Self::generate().prepared(path)?.persist_noclobber(path) {
            Ok(_) => sync(path)?,
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(failed) => return Err(failed.error),
        }
        Self::from_file(path)
    }

    /// Puts a new key before the first one of a file, which stays to open what it has sealed. Keys that
    /// came after it are dropped. The file has the old keys or the new ones, and nothing between.
    pub fn renew(path: &Path) -> io::Result<Self> {
        let former = Self::from_file(path)?;
        let renewed = Self { first: MasterKey::generate(), others: vec![former.first] };
        renewed.prepared(path)?.persist(path).map_err(|failed| failed.error)?;
        sync(path)?;
        Ok(renewed)
    }

    /// The keys in a file beside the one whose place it is to take; readable by its owner only, from its
    /// first byte on.
    fn prepared(&self, path: &Path) -> io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::NamedTempFile::new_in(directory(path))?;
        for key in std::iter::once(&self.first).chain(&self.others) {
            file.write_all(key.hex().as_bytes())?;
            file.write_all(b"\n")?;
        }
        file.as_file().sync_all()?;
        Ok(file)
    }

    /// The first one's name first.
    pub fn ids(&self) -> Vec<MasterKeyId> {
        self.keys().map(MasterKey::id).collect()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

fn directory(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn sync(path: &Path) -> io::Result<()> {
    std::fs::File::open(directory(path))?.sync_all()
}

fn invalid(what: &str, error: MasterKeyError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const ONE: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    const TWO: &str = "10112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

    fn id(hex: &str) -> MasterKeyId {
        MasterKey::from_hex(hex).unwrap().id()
    }

    #[test]
    fn of_several_keys_the_first_comes_first_however_they_are_kept_apart() {
        for text in [format!("{ONE},{TWO}"), format!("{ONE}\n{TWO}\n"), format!(" {ONE} , {TWO} ")] {
            assert_eq!(MasterKeys::from_text(&text).unwrap().ids(), [id(ONE), id(TWO)]);
        }
        for text in ["", ",", " \n", &format!("{ONE},short"), &format!("{ONE}{TWO}")] {
            assert!(MasterKeys::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_command_prints_the_keys_or_fails() {
        let printed = MasterKeys::from_command(&format!("printf '%s\n' {ONE} {TWO}")).unwrap();
        assert_eq!(printed.ids(), [id(ONE), id(TWO)]);
        for (command, told) in [("exit 3", "3"), ("echo no key", "hexadecimal"), ("true", "hexadecimal")] {
            let error = MasterKeys::from_command(command).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_renewed_file_keeps_the_key_that_it_had_and_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let first = MasterKeys::load_or_create(&path).unwrap().ids();
        let second = MasterKeys::renew(&path).unwrap().ids();
        assert_eq!(second[1..], first[..]);
        assert_eq!(MasterKeys::from_file(&path).unwrap().ids(), second);
        let third = MasterKeys::renew(&path).unwrap().ids();
        assert_eq!(third[1..], second[..1], "and none before it");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(MasterKeys::renew(&directory.path().join("other.key")).is_err(), "there is nothing to renew");
    }

    #[test]
    fn a_missing_file_is_made_for_its_owner_only_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let made = MasterKeys::load_or_create(&path).unwrap();
        let read = MasterKeys::load_or_create(&path).unwrap();

        assert_eq!(made.ids(), read.ids());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn of_many_that_start_at_once_all_have_the_same_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let start = || MasterKeys::load_or_create(&path).unwrap();
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key.ids() == keys[0].ids()));
    }

    #[test]
    fn a_file_without_a_key_is_told_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        std::fs::write(&path, "not a key").unwrap();
        let error = MasterKeys::load_or_create(&path).unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("master.key"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a key");
    }
}
