//! The token by which a browser shows that a write comes from the hub's own page: it stands in a cookie
//! that pages of other sites can't read, and must be repeated in a header.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use md5::Md5;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::keyed;

/// The token that belongs to a session token, as the platform makes it. `secret_key` is a text.
pub fn csrf_token(secret_key: &str, login_token: &str) -> String {
    let first = keyed::<Hmac<Md5>>(secret_key.as_bytes()).chain_update(login_token).finalize().into_bytes();
    let first = URL_SAFE_NO_PAD.encode(first);
    let second = keyed::<Hmac<Sha256>>(secret_key.as_bytes()).chain_update(&first).finalize().into_bytes();
    format!("{first}.{}", URL_SAFE_NO_PAD.encode(second))
}

/// Whether a header carries the token of this session. Compared in constant time.
pub fn is_csrf_token_of(presented: &str, secret_key: &str, login_token: &str) -> bool {
    csrf_token(secret_key, login_token).as_bytes().ct_eq(presented.as_bytes()).into()
}
