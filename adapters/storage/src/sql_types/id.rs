//! Identifiers, as [`Id`].

use std::io::Write;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sqlite::{Sqlite, SqliteValue};
use hub_domain::ids::{AccountId, CallId, CredentialId, KeyId, ProviderId, RateId, TransferId};
use uuid::Uuid;

use super::Id;

/// A UUIDv7 as both databases order it: by its 16 bytes, hence by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct Key(pub Uuid);

impl ToSql<Id, Pg> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Pg> for Key {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.as_bytes())?))
    }
}

impl ToSql<Id, Sqlite> for Key {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Sqlite> for Key {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl From<$name> for Key {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }

        impl From<Key> for $name {
            fn from(key: Key) -> Self {
                Self(key.0)
            }
        }
    )+};
}

ids!(AccountId, CallId, CredentialId, KeyId, ProviderId, RateId, TransferId);
