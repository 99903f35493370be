//! The directory that holds what must outlive the process.

use std::path::{Path, PathBuf};

use super::environment::Environment;

/// The database of SQLite, the lock, the instance's id, the generated master key, the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The configured one, else `$XDG_DATA_HOME/aigne-hub`, else `~/.local/share/aigne-hub`, else
    /// `./data`.
    pub fn resolve(configured: Option<&Path>, environment: &Environment) -> Self {
        let absolute = |name| environment.get(name).map(Path::new).filter(|path| path.is_absolute());
        let of_platform = absolute("XDG_DATA_HOME")
            .map(Path::to_owned)
            .or_else(|| Some(absolute("HOME")?.join(".local/share")))
            .map(|share| share.join("aigne-hub"));
        Self(configured.map(Path::to_owned).or(of_platform).unwrap_or_else(|| PathBuf::from("data")))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(variables: &[(&str, &str)]) -> PathBuf {
        let environment = Environment::new(variables.iter().copied());
        DataDir::resolve(None, &environment).path().to_owned()
    }

    #[test]
    fn the_platform_says_where_data_goes() {
        assert_eq!(resolved(&[("HOME", "/home/ada")]), Path::new("/home/ada/.local/share/aigne-hub"));
        assert_eq!(
            resolved(&[("HOME", "/home/ada"), ("XDG_DATA_HOME", "/srv")]),
            Path::new("/srv/aigne-hub")
        );
        assert_eq!(resolved(&[]), Path::new("data"));
    }

    #[test]
    fn a_configured_directory_wins() {
        let environment = Environment::new([("HOME", "/home/ada")]);
        assert_eq!(DataDir::resolve(Some(Path::new("/var/hub")), &environment).path(), Path::new("/var/hub"));
    }
}
