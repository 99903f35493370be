//! The text that is signed of a call.

use crate::canonical_json::{NotJson, canonical_json, canonical_value, quoted};
use crate::query_string::query_object;

/// A call as it came in, before anything rewrote it.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedCall<'a> {
    pub method: &'a str,
    /// Raw: percent signs untouched, no host, no query.
    pub path: &'a str,
    /// Without `?`.
    pub query: &'a str,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

/// For how long, or for which challenge, a call is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp<'a> {
    /// In seconds.
    Times {
        iat: u64,
        exp: u64,
    },
    Challenge(&'a str),
}

impl<'a> Stamp<'a> {
    pub(super) fn challenge(self) -> Option<&'a str> {
        if let Self::Challenge(challenge) = self { Some(challenge) } else { None }
    }

    pub(super) fn exp(self) -> Option<u64> {
        if let Self::Times { exp, .. } = self { Some(exp) } else { None }
    }
}

impl<'a> ReceivedCall<'a> {
    /// Of a target such as `/api/x?a=1`.
    pub fn new(method: &'a str, target: &'a str, content_type: Option<&'a str>, body: &'a [u8]) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { method, path, query, content_type, body }
    }

    /// What is signed of it.
    pub fn signed_text(&self, stamp: Stamp<'_>) -> Result<String, NotJson> {
        self.canonical(self.path, stamp)
    }

    /// The members in their order. A body that is not sent as JSON counts as an empty object.
    pub(super) fn canonical(&self, path: &str, stamp: Stamp<'_>) -> Result<String, NotJson> {
        let body = signed_body(self.content_type, self.body)?;
        let query = canonical_value(&query_object(self.query));
        let (method, url) = (quote(&self.method.to_ascii_lowercase()), quote(path));
        Ok(match stamp {
            Stamp::Times { iat, exp } => format!(
                r#"{{"body":{body},"exp":{exp},"iat":{iat},"method":{method},"query":{query},"url":{url}}}"#
            ),
            Stamp::Challenge(challenge) => format!(
                r#"{{"body":{body},"challenge":{},"method":{method},"query":{query},"url":{url}}}"#,
                quote(challenge)
            ),
        })
    }
}

/// What of a body is signed, in its canonical form: an object or a list sent as JSON; nothing else is
/// read at all.
pub(crate) fn signed_body(content_type: Option<&str>, body: &[u8]) -> Result<String, NotJson> {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    if body.is_empty() || !kind.trim().eq_ignore_ascii_case("application/json") {
        return Ok("{}".to_owned());
    }
    let json = canonical_json(std::str::from_utf8(body).map_err(|_| NotJson)?)?;
    match json.as_bytes().first() {
        Some(b'{' | b'[') => Ok(json),
        _ if json == "null" => Ok("{}".to_owned()),
        _ => Err(NotJson),
    }
}

fn quote(text: &str) -> String {
    quoted(&text.encode_utf16().collect::<Vec<_>>())
}
