//! Why a command failed: one line for people, one number for scripts.

use std::io::Write;
use std::process::ExitCode;

use hub_domain::ports::{
    AccountsError, KeyStoreError, ModelBookError, ProviderBookError, SecretsError, StorageError,
};
use hub_domain::use_cases::issue_key::IssueKeyError;

use crate::compose::DataDirError;
use crate::settings::SettingsError;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The operator mends the configuration.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The operator mends the command line.
    #[error("{0}")]
    Usage(String),
    /// It was understood and could not be done.
    #[error("{0}")]
    Refused(String),
    /// Worth another try.
    #[error("{0}")]
    Busy(String),
    /// The audit came to no result.
    #[error("the audit could not run: {0}")]
    NotAudited(String),
}

impl Failure {
    /// As sysexits.h has them, where it has them.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::NotAudited(_) => 3,
            Self::Busy(_) => 75,
            Self::Settings(_) => 78,
        })
    }

    /// One line on standard error.
    pub fn print(&self) -> ExitCode {
        // Without standard error there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "aigne-hub: {self}");
        self.code()
    }

    /// Whatever stopped an audit, it came to no result.
    pub fn not_audited(self) -> Self {
        match self {
            Self::NotAudited(_) => self,
            other => Self::NotAudited(other.to_string()),
        }
    }

    pub fn refused(reason: impl ToString) -> Self {
        Self::Refused(reason.to_string())
    }

    pub fn no_account(account: &str) -> Self {
        Self::Refused(format!("there is no account `{account}`"))
    }
}

macro_rules! refused {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::refused(error)
            }
        }
    )+};
}

impl From<DataDirError> for Failure {
    fn from(error: DataDirError) -> Self {
        match error {
            // The other server may be on its way out.
            DataDirError::Taken(_) | DataDirError::DatabaseTaken(_) => Self::Busy(error.to_string()),
            DataDirError::Io { .. } => Self::refused(error),
        }
    }
}

refused!(
    StorageError,
    AccountsError,
    KeyStoreError,
    ProviderBookError,
    ModelBookError,
    SecretsError,
    IssueKeyError,
    std::io::Error
);
