//! Tokens for a browser that named a key of its own: nobody between can read them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use serde_json::Value;

/// Seals a text, as JSON (so with its quotes), for the X25519 key that the browser gave as `_ek_`: a
/// NaCl sealed box in base64. `None` for what is no key.
pub fn sealed_for_browser(encryption_key: &str, text: &str) -> Option<String> {
    let key = PublicKey::from_slice(&URL_SAFE_NO_PAD.decode(encryption_key).ok()?).ok()?;
    let sealed = key.seal(&mut OsRng, Value::from(text).to_string().as_bytes()).ok()?;
    Some(STANDARD.encode(sealed))
}
