//! The SQL types in which the two databases differ, and the values that are written in them: [`Key`] and
//! [`Millis`] convert from and into the domain's ids and instants (`Key::from(account)`).

mod id;
mod instant;
mod json;
mod open;

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

pub use id::Key;
pub use instant::{Millis, Now, whole_millis};
pub use json::AsJson;
pub use open::IsOpen;

/// `uuid`, or a blob of 16 bytes. Both are ordered by their bytes, a UUIDv7 hence by time.
#[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct Id;

/// Milliseconds since the Unix epoch, an integer in both.
#[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 20, array_oid = 1016), sqlite_type(name = "Long"))]
pub struct Instant;

/// `jsonb`, or text.
#[derive(Debug, Clone, Copy, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
pub struct Json;
