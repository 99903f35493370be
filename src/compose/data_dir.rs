//! What the data directory holds beside the database: the lock of the one server, and its name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::settings::DataDir;

/// Held for as long as the server lives; the kernel frees it when the process dies.
pub struct InstanceLock {
    file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("another server runs in {0}; stop it, or give this one a --data-dir of its own")]
    Taken(String),
    #[error("another server uses the database {0}; stop it first")]
    DatabaseTaken(String),
    #[error("{path}: {error}")]
    Io { path: String, error: io::Error },
}

/// Makes a directory, for its owner alone, where it is missing.
pub fn create_private_dir(path: &Path) -> Result<(), DataDirError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| DataDirError::Io { path: path.display().to_string(), error })
}

/// Opens a file that only its owner may read.
pub fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

impl InstanceLock {
    /// Takes `hub.lock` in the data directory, or says that somebody has it.
    pub fn take(data_dir: &DataDir) -> Result<Self, DataDirError> {
        create_private_dir(data_dir.path())?;
        let taken = || DataDirError::Taken(data_dir.path().display().to_string());
        Self::lock(&data_dir.file("hub.lock"))?.ok_or_else(taken)
    }

    /// Takes the lock of a database file that lies elsewhere, beside it.
    pub fn take_database(file: &Path) -> Result<Self, DataDirError> {
        let mut name = file.as_os_str().to_owned();
        name.push(".lock");
        let taken = || DataDirError::DatabaseTaken(file.display().to_string());
        Self::lock(Path::new(&name))?.ok_or_else(taken)
    }

    fn lock(path: &Path) -> Result<Option<Self>, DataDirError> {
        let io = |error| DataDirError::Io { path: path.display().to_string(), error };
        let file = private_file(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }

    /// This instance's name, made at the first start; it stands in the lock file, hence under the lock.
    pub fn instance_id(&mut self) -> io::Result<String> {
        let mut text = String::new();
        self.file.rewind()?;
        self.file.read_to_string(&mut text)?;
        let known = text.trim();
        if uuid::Uuid::try_parse(known).is_ok() {
            return Ok(known.to_owned());
        }
        let id = uuid::Uuid::now_v7().to_string();
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "{id}")?;
        self.file.sync_all()?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Environment;

    fn data_dir(dir: &Path) -> DataDir {
        DataDir::resolve(Some(dir), &Environment::default())
    }

    #[test]
    fn a_data_directory_has_one_server_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = data_dir(&dir.path().join("hub"));
        let first = InstanceLock::take(&data_dir).unwrap();
        let refused = InstanceLock::take(&data_dir).err().unwrap().to_string();
        assert!(refused.contains("another server runs in"), "{refused}");
        drop(first);
        InstanceLock::take(&data_dir).unwrap();
    }

    #[test]
    fn a_database_elsewhere_has_one_server_at_a_time_too() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("books.db");
        let _first = InstanceLock::take_database(&file).unwrap();
        let refused = InstanceLock::take_database(&file).err().unwrap().to_string();
        assert!(refused.contains("books.db"), "{refused}");
    }

    #[test]
    fn an_instance_keeps_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = data_dir(dir.path());
        let name = InstanceLock::take(&data_dir).unwrap().instance_id().unwrap();
        assert_eq!(InstanceLock::take(&data_dir).unwrap().instance_id().unwrap(), name);
    }
}
