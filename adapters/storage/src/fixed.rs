//! Statements of SQLite whose text never changes, kept prepared under a name.
//!
//! Diesel writes out the text of most statements anew to find the prepared one by it, and prepares every
//! `UPDATE` anew, because the columns that one sets may differ from run to run. Where they don't, that is
//! more work than the statement itself.

use std::marker::PhantomData;

use diesel::connection::LoadConnection;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};

/// One statement for each `Name`, a type of its own for each place that runs one.
pub struct Fixed<Name, Q> {
    query: Q,
    name: PhantomData<Name>,
}

/// `fixed::<InsertCall, _>(diesel::insert_into(…))`.
pub fn fixed<Name, Q>(query: Q) -> Fixed<Name, Q> {
    Fixed { query, name: PhantomData }
}

impl<Name, Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Fixed<Name, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Sqlite) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Name: 'static, Q> QueryId for Fixed<Name, Q> {
    type QueryId = Name;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Name, Q: Query> Query for Fixed<Name, Q> {
    type SqlType = Q::SqlType;
}

impl<Name, Q> RunQueryDsl<SqliteConnection> for Fixed<Name, Q> {}

impl<Name: 'static, Q: QueryFragment<Sqlite>> Fixed<Name, Q> {
    /// Runs a statement that gives no rows. (`execute` takes it by reference, and diesel asks a reference anew
    /// whether it may be kept prepared.)
    pub fn run(self, conn: &mut SqliteConnection) -> QueryResult<()> {
        for row in LoadConnection::load(conn, NoRows(self))? {
            row?;
        }
        Ok(())
    }
}

struct NoRows<Name, Q>(Fixed<Name, Q>);

impl<Name, Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for NoRows<Name, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, backend: &Sqlite) -> QueryResult<bool> {
        self.0.is_safe_to_cache_prepared(backend)
    }
}

impl<Name: 'static, Q> QueryId for NoRows<Name, Q> {
    type QueryId = Name;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Name, Q> Query for NoRows<Name, Q> {
    type SqlType = Untyped;
}

/// A statement without parameters.
pub struct Text(pub &'static str);

impl QueryFragment<Sqlite> for Text {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}
