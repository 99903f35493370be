//! Columns of values for set-based statements of PostgreSQL.

/// Declares a struct with one array for each column, and `unnest`, which writes them as a table `x`.
///
/// diesel has no `unnest`; a statement of this kind has the same text however many rows there are, so it
/// is prepared once.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident<$life:lifetime> { $($column:ident: $rust:ty => $sql:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub struct $name<$life> {
            $(pub $column: Vec<$rust>,)+
            // Not every statement borrows.
            pub borrowed: std::marker::PhantomData<&$life ()>,
        }

        impl<$life> $name<$life> {
            #[allow(clippy::too_many_arguments)]
            pub fn push(&mut self, $($column: $rust),+) {
                $(self.$column.push($column);)+
            }

            fn unnest<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                let mut separator = "unnest(";
                $(
                    out.push_sql(separator);
                    out.push_bind_param::<diesel::sql_types::Array<$sql>, Vec<$rust>>(&self.$column)?;
                    separator = ", ";
                )+
                let _ = separator;
                out.push_sql(concat!(") AS x (", columns!(@names $($column),+), ")"));
                Ok(())
            }
        }

        impl<$life> diesel::query_builder::QueryId for $name<$life> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
    };
    (@names $first:ident $(, $column:ident)*) => {
        concat!(stringify!($first) $(, ", ", stringify!($column))*)
    };
}
pub(crate) use columns;
