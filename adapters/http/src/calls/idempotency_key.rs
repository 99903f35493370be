//! `Idempotency-Key`: from the header to the claim that is made together with the hold.

use actix_web::http::header::{HeaderMap, HeaderName};
use hub_domain::error::CallError;
use hub_domain::ids::AccountId;
use hub_domain::ports::Claim;
use sha2::{Digest, Sha256};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_LENGTH: usize = 255;

/// The client's name for one request, however often it sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdempotencyKey(String);

impl IdempotencyKey {
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, CallError> {
        let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
        let is_printable = |byte: &u8| (b' '..=b'~').contains(byte);
        let is_valid = (1..=MAX_LENGTH).contains(&value.len()) && value.as_bytes().iter().all(is_printable);
        match value.to_str() {
            Ok(key) if is_valid => Ok(Some(Self(key.to_owned()))),
            _ => Err(CallError::invalid(
                "`Idempotency-Key` must be 1 to 255 printable ASCII characters",
                "Idempotency-Key".to_owned(),
                "invalid_idempotency_key",
            )),
        }
    }

    /// What two requests must have in common to be one: account, method, route and key; and what tells a
    /// repetition from a mistake: the body.
    pub(super) fn claim(&self, account: AccountId, method: &str, route: &str, body: &[u8]) -> Claim {
        let mut scope = Sha256::new();
        scope.update(account.0.as_bytes());
        for part in [method, route, &self.0] {
            // Neither a method nor a route has a newline, and the key stands last.
            scope.update(part.as_bytes());
            scope.update(b"\n");
        }
        Claim { scope: scope.finalize().into(), fingerprint: Sha256::digest(body).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn key(value: &[u8]) -> Result<Option<IdempotencyKey>, CallError> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
        IdempotencyKey::of(&headers)
    }

    #[test]
    fn a_key_is_1_to_255_printable_characters() {
        for valid in ["a", "order 7/retry", &"k".repeat(255)] {
            assert_eq!(key(valid.as_bytes()), Ok(Some(IdempotencyKey(valid.into()))));
        }
        for invalid in ["".as_bytes(), "k".repeat(256).as_bytes(), "kä".as_bytes(), b"a\tb"] {
            assert!(key(invalid).is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn claims_differ_by_account_route_key_and_body_and_by_nothing_else() {
        let (ann, bob) = (AccountId::new(), AccountId::new());
        let claim =
            |key: &str, account, route, body| IdempotencyKey(key.into()).claim(account, "POST", route, body);
        let first = claim("k", ann, "/v1/chat/completions", b"{}");
        assert_eq!(first, claim("k", ann, "/v1/chat/completions", b"{}"));
        for other in [
            claim("l", ann, "/v1/chat/completions", b"{}"),
            claim("k", bob, "/v1/chat/completions", b"{}"),
            claim("k", ann, "/v1/embeddings", b"{}"),
        ] {
            assert_ne!(first.scope, other.scope);
        }
        let other_body = claim("k", ann, "/v1/chat/completions", b"{ }");
        assert_eq!(first.scope, other_body.scope);
        assert_ne!(first.fingerprint, other_body.fingerprint);
    }
}
