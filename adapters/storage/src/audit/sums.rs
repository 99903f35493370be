//! Numbers in the text of checks, in two halves of 32 bits.
//!
//! A sum of 64-bit numbers can leave their range, where SQLite fails. Books that somebody has filled with
//! absurd numbers shall be found wrong and not stop the audit, hence halves are summed, and the carry is
//! brought over. Two numbers are equal when both halves are.

/// A number, as the two columns of one side of a [`super::check::Wrong`].
macro_rules! number {
    ($value:literal AS $side:literal) => {
        concat!(
            // A literal is of 32 bits on PostgreSQL.
            "CAST((",
            $value,
            ") AS BIGINT) >> 32 AS ",
            $side,
            "_high, CAST((",
            $value,
            ") AS BIGINT) & 4294967295 AS ",
            $side,
            "_low"
        )
    };
}

/// A sum, as columns `high` and `low`.
macro_rules! sum {
    ($value:literal) => {
        concat!(
            "CAST(SUM((",
            $value,
            ") >> 32) AS BIGINT) + (CAST(SUM((",
            $value,
            ") & 4294967295) AS BIGINT) >> 32) AS high, CAST(SUM((",
            $value,
            ") & 4294967295) AS BIGINT) & 4294967295 AS low"
        )
    };
}

/// The sum of a joined table, which may have no row, as the two columns of one side.
macro_rules! total {
    ($table:literal AS $side:literal) => {
        concat!(
            "coalesce(",
            $table,
            ".high, 0) AS ",
            $side,
            "_high, coalesce(",
            $table,
            ".low, 0) AS ",
            $side,
            "_low"
        )
    };
}

/// Whether a number is not the sum of a joined table.
macro_rules! differs {
    ($value:literal, $table:literal) => {
        concat!(
            "((",
            $value,
            ") >> 32 <> coalesce(",
            $table,
            ".high, 0) OR (",
            $value,
            ") & 4294967295 <> coalesce(",
            $table,
            ".low, 0))"
        )
    };
}

pub(super) use {differs, number, sum, total};
