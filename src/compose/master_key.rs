//! The keys that seal providers' keys and kept answers, and where they are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hub_identity::{MasterKeys, SealedSecrets};

use crate::settings::{Configuration, SettingsError};

/// Where the master key is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyPlace {
    /// `secrets.master_key`.
    Setting,
    /// `secrets.master_key_file`.
    File(PathBuf),
    /// `secrets.master_key_command`.
    Command(String),
    /// Made by the hub, because none was configured.
    Generated(PathBuf),
}

impl fmt::Display for MasterKeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting => f.write_str("in secrets.master_key"),
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Command(_) => f.write_str("printed by secrets.master_key_command"),
            Self::Generated(path) => write!(f, "in {} (generated; back it up)", path.display()),
        }
    }
}

impl MasterKeyPlace {
    /// The setting to which a mistake is put down.
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Setting => "secrets.master_key",
            Self::File(_) => "secrets.master_key_file",
            Self::Command(_) => "secrets.master_key_command",
            Self::Generated(_) => "data_dir",
        }
    }

    /// The file that holds the keys, where one does.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Generated(path) => Some(path),
            Self::Setting | Self::Command(_) => None,
        }
    }
}

/// Where the master key of this configuration is, without looking.
pub fn master_key_place(configuration: &Configuration) -> MasterKeyPlace {
    let secrets = &configuration.settings.secrets;
    match (secrets.master_key.as_ref(), secrets.master_key_file.as_ref(), secrets.master_key_command.as_ref())
    {
        (Some(_), _, _) => MasterKeyPlace::Setting,
        (None, Some(path), _) => MasterKeyPlace::File(path.clone()),
        (None, None, Some(command)) => MasterKeyPlace::Command(command.0.clone()),
        (None, None, None) => MasterKeyPlace::Generated(configuration.data_dir.file("master.key")),
    }
}

/// The configured keys, else those in the data directory; none where the first is still to be made.
pub fn known_master_keys(configuration: &Configuration) -> Result<Option<MasterKeys>, SettingsError> {
    let place = master_key_place(configuration);
    let bad = |error: &dyn fmt::Display| configuration.bad(place.setting(), error.to_string());
    let read = match &place {
        MasterKeyPlace::Setting => {
            let secret = configuration.settings.secrets.master_key.as_ref().map(|secret| secret.0.expose());
            return MasterKeys::from_text(secret.unwrap_or_default()).map(Some).map_err(|error| bad(&error));
        }
        MasterKeyPlace::Command(command) => MasterKeys::from_command(command),
        MasterKeyPlace::File(path) => MasterKeys::from_file(path),
        MasterKeyPlace::Generated(path) => match MasterKeys::from_file(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            outcome => outcome,
        },
    };
    read.map(Some).map_err(|error| bad(&error))
}

/// The same, made where it is missing.
pub fn master_keys(configuration: &Configuration) -> Result<MasterKeys, SettingsError> {
    match known_master_keys(configuration)? {
        Some(keys) => Ok(keys),
        None => {
            let path = configuration.data_dir.file("master.key");
            MasterKeys::load_or_create(&path)
                .map_err(|error| configuration.bad("data_dir", format!("{}: {error}", path.display())))
        }
    }
}

/// Reads the keys again, where they are in a file: a running server learns of a new one so.
pub fn refresher(configuration: &Configuration, secrets: Arc<SealedSecrets>) -> Arc<dyn Fn() + Send + Sync> {
    let place = master_key_place(configuration);
    Arc::new(move || {
        let Some(path) = place.file() else { return };
        match MasterKeys::from_file(path) {
            Ok(keys) if keys.ids() != secrets.ids() => {
                tracing::info!(key = %keys.ids()[0], "secrets are sealed with another master key from now on");
                secrets.exchange(&keys);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the master key can't be read again; the known one is used"),
        }
    })
}
