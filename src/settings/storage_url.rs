//! Where the books are.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use url::Url;

use super::http_url::without_password;
use super::setting::Setting;

/// `sqlite:///var/lib/aigne-hub/hub.db`, or `postgres://user:password@host/database`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageUrl {
    Sqlite(PathBuf),
    Postgres(Url),
}

impl StorageUrl {
    /// The file of an SQLite database.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(file) => Some(file),
            Self::Postgres(_) => None,
        }
    }
}

impl Setting for StorageUrl {
    const IS_SECRET: bool = true;

    fn accepts() -> Cow<'static, str> {
        "`sqlite:///path/hub.db` or `postgres://user:password@host:port/database`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(file) = text.strip_prefix("sqlite:") {
            // `sqlite:///var/hub.db` is absolute, `sqlite://hub.db` and `sqlite:hub.db` are relative.
            let file = file.strip_prefix("//").unwrap_or(file);
            let names_a_file = !file.is_empty() && !file.ends_with('/') && !file.contains(['?', ':']);
            return names_a_file.then(|| Self::Sqlite(PathBuf::from(file)));
        }
        let url = Url::parse(text).ok()?;
        let is_postgres = matches!(url.scheme(), "postgres" | "postgresql");
        // A host in the query is how libpq's addresses name a directory of sockets.
        let has_host = url.has_host() || url.query_pairs().any(|(key, _)| key == "host");
        (is_postgres && has_host).then_some(Self::Postgres(url))
    }

    fn show(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite://{}", file.display()),
            Self::Postgres(url) => without_password(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_sqlite_address_has_three_slashes() {
        assert_eq!(StorageUrl::parse("sqlite:///var/hub.db").unwrap().file(), Some(Path::new("/var/hub.db")));
        assert_eq!(StorageUrl::parse("sqlite://hub.db").unwrap().file(), Some(Path::new("hub.db")));
    }

    #[test]
    fn a_password_is_not_shown() {
        let url = StorageUrl::parse("postgres://hub:tr0ub4dor@db.internal:5432/hub").unwrap();
        assert_eq!(url.show(), "postgres://hub:***@db.internal:5432/hub");
    }

    #[test]
    fn other_databases_are_refused() {
        for text in ["mysql://localhost/hub", "hub.db", "sqlite://", "sqlite::memory:", "postgres:hub"] {
            assert_eq!(StorageUrl::parse(text), None, "{text}");
        }
    }
}
