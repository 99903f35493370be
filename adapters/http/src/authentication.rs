//! From a request's head to who sent it. The only place that reads credentials.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use hub_domain::error::CallError;
use hub_domain::ports::{IdentityVerifier, Presented};
use hub_domain::vocabulary::Principal;

use crate::refusal::Refusal;

/// The caller, who must be known.
pub(crate) async fn caller(
    headers: &HeaderMap,
    verifier: &dyn IdentityVerifier,
) -> Result<Principal, Refusal> {
    let token = token(headers)?.ok_or(Refusal::Unauthenticated)?;
    Ok(verifier.verify(Presented::Token(token)).await?)
}

/// The caller where one is known; a key that is not valid is as good as none.
pub(crate) async fn maybe_caller(
    headers: &HeaderMap,
    verifier: &dyn IdentityVerifier,
) -> Result<Option<Principal>, Refusal> {
    match caller(headers, verifier).await {
        Ok(principal) => Ok(Some(principal)),
        Err(Refusal::Unauthenticated) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Where Anthropic's clients put the key.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The one token that a request carries.
fn token(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let bearer = bearer(headers)?;
    let mut keys = headers.get_all(X_API_KEY).filter_map(|value| value.to_str().ok()).map(str::trim);
    let key = keys.next().filter(|key| !key.is_empty());
    if keys.next().is_some() || bearer.zip(key).is_some_and(|(bearer, key)| bearer != key) {
        // Which of them counts would be a guess.
        return Err(CallError::invalid(
            "the request carries two keys; send one, as `Authorization: Bearer …` or as `x-api-key`",
            None,
            "ambiguous_credentials",
        )
        .into());
    }
    Ok(bearer.or(key))
}

/// The token of `Authorization: Bearer`; `None` where there is none or it can't be one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION);
    let (first, second) = (all.next(), all.next());
    if second.is_some() {
        // Which of them counts would be a guess.
        return Err(CallError::invalid(
            "there are two `Authorization` headers; send one",
            None,
            "ambiguous_credentials",
        )
        .into());
    }
    let token = first.and_then(|value| value.to_str().ok()).and_then(|text| {
        let (scheme, token) = text.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
    });
    Ok(token.filter(|token| !token.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn token_of(values: &[&str]) -> Result<Option<String>, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        bearer(&headers).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn the_scheme_is_read_without_case() {
        assert_eq!(token_of(&["Bearer abc"]), Ok(Some("abc".into())));
        assert_eq!(token_of(&["bearer  abc"]), Ok(Some("abc".into())));
    }

    #[test]
    fn anything_but_a_bearer_token_is_none() {
        for value in ["", "abc", "Basic abc", "Bearer", "Bearer ", "Bearer \u{e9}"] {
            assert_eq!(token_of(&[value]), Ok(None), "{value:?}");
        }
    }

    #[test]
    fn a_key_may_come_as_anthropics_clients_send_it() {
        let with = |bearer: Option<&str>, keys: &[&str]| {
            let mut headers = HeaderMap::new();
            if let Some(bearer) = bearer {
                headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {bearer}")).unwrap());
            }
            for key in keys {
                headers.append(X_API_KEY, HeaderValue::from_str(key).unwrap());
            }
            token(&headers).map(|token| token.map(str::to_owned))
        };
        assert_eq!(with(None, &["abc"]), Ok(Some("abc".into())));
        assert_eq!(with(Some("abc"), &["abc"]), Ok(Some("abc".into())), "the same key twice is one key");
        assert_eq!(with(Some("abc"), &[""]), Ok(Some("abc".into())));
        assert!(with(Some("abc"), &["other"]).is_err());
        assert!(with(None, &["abc", "other"]).is_err());
    }

    #[test]
    fn two_headers_are_refused_even_when_equal() {
        assert!(matches!(token_of(&["Bearer abc", "Bearer abc"]), Err(Refusal::Call(_))));
    }
}
