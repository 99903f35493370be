//! The number that counts every change of keys, providers and rates. It is raised in the transaction of
//! the change; each instance asks for it twice a second and reads its settings anew when it has grown.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::connection::{Connection, on_backend};
use crate::schema::settings;

const VERSION: &str = "version";

pub async fn read(conn: &mut Connection, _: &()) -> QueryResult<i64> {
    on_backend!(conn, c => settings::table.find(VERSION).select(settings::value).first(c).await)
}

pub async fn raise(conn: &mut Connection) -> QueryResult<()> {
    add(conn, 1).await
}

/// Keeps other changes waiting until the end of the transaction.
pub async fn lock(conn: &mut Connection) -> QueryResult<()> {
    add(conn, 0).await
}

async fn add(conn: &mut Connection, changes: i64) -> QueryResult<()> {
    let updated = on_backend!(conn, c => {
        diesel::update(settings::table.find(VERSION))
            .set(settings::value.eq(settings::value + changes))
            .execute(c)
            .await
    })?;
    if updated == 1 { Ok(()) } else { Err(diesel::result::Error::NotFound) }
}
