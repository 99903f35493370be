//! The condition of the partial index on open calls.

use diesel::backend::{Backend, DieselReserveSpecialization};
use diesel::expression::{Expression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use diesel::{AppearsOnTable, QueryResult};

/// `model_calls.state = 'held'`, as a literal: with a bound value neither database would use the index.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct IsOpen;

impl Expression for IsOpen {
    type SqlType = Bool;
}

impl<T> AppearsOnTable<T> for IsOpen {}

impl<G> ValidGrouping<G> for IsOpen {
    type IsAggregate = is_aggregate::Never;
}

impl<DB: Backend + DieselReserveSpecialization> QueryFragment<DB> for IsOpen {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("model_calls.state = 'held'");
        Ok(())
    }
}
