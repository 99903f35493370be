//! Steps: pieces of work that run against a connection, each wholly or not at all.

use std::future::Future;

use crate::connection::Connection;

/// An `async fn(&mut Connection, &I) -> R`. It may be run again when the database got in its way, so it
/// must do nothing but talk to the connection.
pub trait Body<'c, I: 'c, R>: Fn(&'c mut Connection, &'c I) -> Self::Future + Send + Sync {
    type Future: Future<Output = R> + Send + 'c;
}

impl<'c, I, R, F, Fut> Body<'c, I, R> for F
where
    I: 'c,
    F: Fn(&'c mut Connection, &'c I) -> Fut + Send + Sync,
    Fut: Future<Output = R> + Send + 'c,
{
    type Future = Fut;
}
