//! The key that seals providers' keys and kept answers, and where it is.

use std::fmt;
use std::path::PathBuf;

use hub_identity::MasterKey;

use crate::settings::{Configuration, SettingsError};

/// Where the master key is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyPlace {
    /// `secrets.master_key`.
    Setting,
    /// `secrets.master_key_file`.
    File(PathBuf),
    /// Made by the hub, because none was configured.
    Generated(PathBuf),
}

impl fmt::Display for MasterKeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting => f.write_str("in secrets.master_key"),
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Generated(path) => write!(f, "in {} (generated; back it up)", path.display()),
        }
    }
}

/// Where the master key of this configuration is, without looking.
pub fn master_key_place(configuration: &Configuration) -> MasterKeyPlace {
    let secrets = &configuration.settings.secrets;
    match (secrets.master_key.as_ref(), secrets.master_key_file.as_ref()) {
        (Some(_), _) => MasterKeyPlace::Setting,
        (None, Some(path)) => MasterKeyPlace::File(path.clone()),
        (None, None) => MasterKeyPlace::Generated(configuration.data_dir.file("master.key")),
    }
}

/// The configured key, else the one in the data directory; none where that is still to be made.
pub fn known_master_key(configuration: &Configuration) -> Result<Option<MasterKey>, SettingsError> {
    match master_key_place(configuration) {
        MasterKeyPlace::Setting => {
            let secret = configuration.settings.secrets.master_key.as_ref().map(|secret| secret.0.expose());
            let key = MasterKey::from_hex(secret.unwrap_or_default());
            key.map(Some).map_err(|error| configuration.bad("secrets.master_key", error.to_string()))
        }
        MasterKeyPlace::File(path) => MasterKey::from_file(&path)
            .map(Some)
            .map_err(|error| configuration.bad("secrets.master_key_file", error.to_string())),
        MasterKeyPlace::Generated(path) => match MasterKey::from_file(&path) {
            Ok(key) => Ok(Some(key)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(configuration.bad("data_dir", error.to_string())),
        },
    }
}

/// The same, made where it is missing.
pub fn master_key(configuration: &Configuration) -> Result<MasterKey, SettingsError> {
    match known_master_key(configuration)? {
        Some(key) => Ok(key),
        None => {
            let path = configuration.data_dir.file("master.key");
            MasterKey::load_or_create(&path)
                .map_err(|error| configuration.bad("data_dir", format!("{}: {error}", path.display())))
        }
    }
}
