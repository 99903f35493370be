//! From a request's head to who sent it. The only place that reads credentials.

use actix_web::http::Uri;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use hub_domain::error::CallError;
use hub_domain::ports::{IdentityVerifier, Presented};
use hub_domain::vocabulary::Principal;

use crate::query::Query;
use crate::refusal::Refusal;
use crate::surface::{Surface, X_GOOG_API_KEY};

/// The caller, who must be known.
pub(crate) async fn caller(
    headers: &HeaderMap,
    uri: &Uri,
    surface: Surface,
    verifier: &dyn IdentityVerifier,
) -> Result<Principal, Refusal> {
    let in_query = if surface == Surface::Gemini { key_of(uri) } else { None };
    let token = token(headers, in_query.as_deref())?.ok_or(Refusal::Unauthenticated)?;
    Ok(verifier.verify(Presented::Token(token)).await?)
}

/// `?key=`, which Gemini's older clients send.
fn key_of(uri: &Uri) -> Option<String> {
    Query::parse(uri.query()?).text("key").map(str::to_owned)
}

/// The caller where one is known; a key that is not valid is as good as none.
pub(crate) async fn maybe_caller(
    headers: &HeaderMap,
    uri: &Uri,
    surface: Surface,
    verifier: &dyn IdentityVerifier,
) -> Result<Option<Principal>, Refusal> {
    match caller(headers, uri, surface, verifier).await {
        Ok(principal) => Ok(Some(principal)),
        Err(Refusal::Unauthenticated) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Where Anthropic's and Google's clients put the key.
static KEY_HEADERS: [HeaderName; 2] = [HeaderName::from_static("x-api-key"), X_GOOG_API_KEY];

/// The one token that a request carries, be it in several places.
fn token<'a>(headers: &'a HeaderMap, in_query: Option<&'a str>) -> Result<Option<&'a str>, Refusal> {
    let given = KEY_HEADERS.iter().flat_map(|name| headers.get_all(name));
    let given = given.filter_map(|value| value.to_str().ok()).map(str::trim).chain(in_query);
    let mut all = bearer(headers)?.into_iter().chain(given.filter(|key| !key.is_empty()));
    let first = all.next();
    if all.any(|key| Some(key) != first) {
        // Which of them counts would be a guess.
        return Err(CallError::invalid(
            "the request carries two keys; send one, as `Authorization: Bearer …`, `x-api-key` or `x-goog-api-key`",
            None,
            "ambiguous_credentials",
        )
        .into());
    }
    Ok(first)
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
                headers.append(KEY_HEADERS[0].clone(), HeaderValue::from_str(key).unwrap());
            }
            token(&headers, None).map(|token| token.map(str::to_owned))
        };
        assert_eq!(with(None, &["abc"]), Ok(Some("abc".into())));
        assert_eq!(with(Some("abc"), &["abc"]), Ok(Some("abc".into())), "the same key twice is one key");
        assert_eq!(with(Some("abc"), &[""]), Ok(Some("abc".into())));
        assert!(with(Some("abc"), &["other"]).is_err());
        assert!(with(None, &["abc", "other"]).is_err());
    }

    #[test]
    fn a_key_may_come_as_googles_clients_send_it() {
        let mut headers = HeaderMap::new();
        assert_eq!(token(&headers, Some("abc")), Ok(Some("abc")));
        headers.insert(KEY_HEADERS[1].clone(), HeaderValue::from_static("abc"));
        assert_eq!(token(&headers, None), Ok(Some("abc")));
        assert_eq!(token(&headers, Some("abc")), Ok(Some("abc")));
        assert!(token(&headers, Some("other")).is_err());
        assert_eq!(key_of(&"/v1beta/models?alt=sse&key=a%2Bb".parse().unwrap()), Some("a+b".to_owned()));
    }

    #[test]
    fn two_headers_are_refused_even_when_equal() {
        assert!(matches!(token_of(&["Bearer abc", "Bearer abc"]), Err(Refusal::Call(_))));
    }
}
