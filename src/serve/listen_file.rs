//! `listen` in the data directory: the address in force, for scripts that let the system choose a port.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::settings::DataDir;

/// Taken away when dropped.
pub struct ListenFile(PathBuf);

impl ListenFile {
    /// Written aside and renamed, so that nobody reads half an address.
    pub fn write(data_dir: &DataDir, address: SocketAddr) -> Self {
        let path = data_dir.file("listen");
        let aside = data_dir.file("listen.new");
        let written =
            std::fs::write(&aside, format!("{address}\n")).and_then(|()| std::fs::rename(&aside, &path));
        if let Err(error) = written {
            tracing::warn!(%error, path = %path.display(), "the address could not be written down");
        }
        Self(path)
    }
}

impl Drop for ListenFile {
    fn drop(&mut self) {
        // It may be gone with its directory.
        let _ = std::fs::remove_file(&self.0);
    }
}
