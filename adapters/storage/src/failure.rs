//! Why a step came to nothing, and what the databases' errors mean to a caller.

use diesel::result::{DatabaseErrorKind, Error};
use hub_domain::ports::StorageError;

/// What a step's body returns when it did not do what it was asked. Nothing that it wrote stays.
#[derive(Debug)]
pub enum Failure<E> {
    /// The answer is no: a name is taken, a balance too small.
    Refused(E),
    /// The database failed.
    Database(Error),
}

impl<E> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl<E: From<StorageError>> Failure<E> {
    pub fn into_error(self) -> E {
        match self {
            Self::Refused(error) => error,
            Self::Database(error) => storage_error(&error).into(),
        }
    }
}

/// What can be done about a database's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The connection is gone, or the database takes no writes for now.
    Away,
    /// Somebody else's transaction was in the way; the same step may succeed at once.
    Conflict,
    /// The file is not what it should be.
    Corrupt,
    /// Another try gives the same.
    Broken,
}

/// diesel passes on no codes beyond its own kinds, hence the texts. Those of PostgreSQL may be
/// translated; then an error of this class is only taken for [`Trouble::Broken`].
const AWAY: [&str; 22] = [
    // SQLite
    "database is locked",
    "database table is locked",
    "database schema is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "locking protocol",
    "out of memory",
    // PostgreSQL
    "terminating connection",
    "the database system is",
    "too many clients",
    "too many connections",
    "remaining connection slots",
    "canceling statement due to",
    "No space left on device",
    "could not extend file",
    "could not write",
    "idle-in-transaction",
    "recovery is in progress",
    "out of shared memory",
    "connection closed",
];
const CORRUPT: [&str; 2] = ["database disk image is malformed", "file is not a database"];

pub fn trouble(error: &Error) -> Trouble {
    let Error::DatabaseError(kind, information) = error else {
        return match error {
            Error::BrokenTransactionManager => Trouble::Away,
            _ => Trouble::Broken,
        };
    };
    match kind {
        DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::ReadOnlyTransaction => Trouble::Away,
        DatabaseErrorKind::SerializationFailure => Trouble::Conflict,
        DatabaseErrorKind::Unknown => {
            let message = information.message();
            if CORRUPT.iter().any(|text| message.contains(text)) {
                Trouble::Corrupt
            } else if message.contains("deadlock detected") {
                Trouble::Conflict
            } else if AWAY.iter().any(|text| message.contains(text)) {
                Trouble::Away
            } else {
                Trouble::Broken
            }
        }
        _ => Trouble::Broken,
    }
}

/// Whether the connection can't be used any more.
pub fn is_connection_lost(error: &Error) -> bool {
    let Error::DatabaseError(kind, information) = error else { return false };
    match kind {
        DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => true,
        DatabaseErrorKind::Unknown => information.message().contains("terminating connection"),
        _ => false,
    }
}

pub fn storage_error(error: &Error) -> StorageError {
    match trouble(error) {
        Trouble::Away | Trouble::Conflict => StorageError::away(error),
        Trouble::Corrupt | Trouble::Broken => StorageError::broken(error),
    }
}

/// For bodies that refuse nothing of their own.
pub type Step<T> = Result<T, Failure<StorageError>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(message: &str) -> Error {
        Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned()))
    }

    #[test]
    fn what_passes_by_itself_is_away() {
        for message in [
            "database is locked",
            "database or disk is full",
            "disk I/O error",
            "terminating connection due to administrator command",
            "the database system is starting up",
            "sorry, too many clients already",
            "canceling statement due to lock timeout",
        ] {
            assert_eq!(trouble(&unknown(message)), Trouble::Away, "{message}");
            assert!(storage_error(&unknown(message)).is_away(), "{message}");
        }
    }

    #[test]
    fn what_others_did_is_a_conflict() {
        assert_eq!(trouble(&unknown("deadlock detected")), Trouble::Conflict);
    }

    #[test]
    fn a_defect_of_ours_is_no_outage() {
        let taken = Error::DatabaseError(DatabaseErrorKind::UniqueViolation, Box::new("taken".to_owned()));
        for error in [taken, unknown("no such table: accounts"), Error::NotFound] {
            assert_eq!(trouble(&error), Trouble::Broken, "{error}");
        }
        assert_eq!(trouble(&unknown("database disk image is malformed")), Trouble::Corrupt);
    }
}
