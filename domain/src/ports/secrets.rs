//! Secrets at rest.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A secret in clear. It has no `Debug` text, is never serialised, and its memory is wiped when the last
/// copy goes.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Arc<Zeroizing<String>>);

impl SecretText {
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::new(Zeroizing::new(text.as_ref().to_owned())))
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What people may see: the last four characters of a long enough secret.
    pub fn masked(&self) -> String {
        let tail: Vec<char> = self.0.chars().rev().take(4).collect();
        if self.0.chars().count() < 12 {
            "…".into()
        } else {
            format!("…{}", tail.iter().rev().collect::<String>())
        }
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum SecretsError {
    /// The text was sealed with a key that this hub does not have.
    #[error("sealed with the unknown key `{0}`")]
    UnknownKey(String),
    /// It was changed, or belongs to another place.
    #[error("the sealed text can't be opened here")]
    Tampered,
}

/// Seals under a master key; `context` names the place that the text belongs to, and opening it
/// elsewhere fails.
pub trait Secrets: Send + Sync {
    fn seal(&self, plain: &[u8], context: &str) -> Result<Vec<u8>, SecretsError>;
    /// What was sealed; wiped when it goes.
    fn open(&self, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, SecretsError>;
}
