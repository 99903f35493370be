//! Instants, as [`Instant`], and the database's own clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::{AsExpression, Expression, ValidGrouping, is_aggregate};
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::BigInt;
use diesel::sqlite::{Sqlite, SqliteValue};
use diesel::{AppearsOnTable, QueryResult, SelectableExpression};
use hub_domain::ports::UnixMillis;

use super::Instant;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Instant)]
pub struct Millis(pub i64);

impl Millis {
    /// This machine's clock, which is also SQLite's. PostgreSQL has its own: [`Now`].
    pub fn of_this_machine() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(whole_millis(since))
    }

    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(time)))
    }
}

/// At most half of what fits, so that sums do too: longer is for ever.
pub fn whole_millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).min(i64::MAX / 2)
}

impl From<UnixMillis> for Millis {
    fn from(instant: UnixMillis) -> Self {
        Self(instant.0)
    }
}

impl From<Millis> for UnixMillis {
    fn from(millis: Millis) -> Self {
        Self(millis.0)
    }
}

impl ToSql<Instant, Pg> for Millis {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<BigInt, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<Instant, Pg> for Millis {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<BigInt, Pg>::from_sql(value).map(Self)
    }
}

impl ToSql<Instant, Sqlite> for Millis {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Sqlite> for Millis {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        FromSql::<BigInt, Sqlite>::from_sql(value).map(Self)
    }
}

/// The database's clock, shifted by so many milliseconds: `Now::PRESENT`, `Now::plus(ttl)`.
///
/// Leases and limits compare it with itself only, so that no host's clock decides about them.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    shift: i64,
}

impl Now {
    pub const PRESENT: Self = Self { shift: 0 };

    pub fn plus(time: Duration) -> Self {
        Self { shift: whole_millis(time) }
    }

    pub fn minus(time: Duration) -> Self {
        Self { shift: -whole_millis(time) }
    }
}

impl Expression for Now {
    type SqlType = Instant;
}

impl<T> AppearsOnTable<T> for Now {}
impl<T> SelectableExpression<T> for Now {}

impl<G> ValidGrouping<G> for Now {
    type IsAggregate = is_aggregate::Never;
}

impl QueryId for Now {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for Now {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint) + ");
        out.push_bind_param::<BigInt, _>(&self.shift)?;
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for Now {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(CAST(round(unixepoch('subsec') * 1000) AS INTEGER) + ");
        out.push_bind_param::<BigInt, _>(&self.shift)?;
        out.push_sql(")");
        Ok(())
    }
}
