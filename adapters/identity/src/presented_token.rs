//! Where a request's token is, and of what kind it is.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The places that a token may be in. `query` and `body` (`access_token`) are to be left out unless the
/// operator allows them there: addresses end up in logs.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenPlaces<'a> {
    /// The header `authorization`.
    pub authorization: Option<&'a str>,
    /// The header `cookie`.
    pub cookie: Option<&'a str>,
    pub query: Option<&'a str>,
    pub body: Option<&'a str>,
}

/// A token, and whether it stood in two places, which is answered with 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedToken<'a> {
    pub token: Option<Cow<'a, str>>,
    pub is_duplicate: bool,
}

/// The cookie of a session.
const COOKIE: &str = "login_token";

impl<'a> TokenPlaces<'a> {
    /// The header wins over the cookie; two of the others at once, or one that repeats the header, are a
    /// duplicate.
    pub fn token(&self) -> PresentedToken<'a> {
        let header = self.authorization.and_then(bearer).map(Cow::Borrowed);
        let cookie = self.cookie.and_then(|cookies| cookie(cookies, COOKIE));
        let others = [cookie, self.body.map(Cow::Borrowed), self.query.map(Cow::Borrowed)];
        let mut others = others.into_iter().flatten().filter(|token| !token.is_empty());
        let first = others.next();
        let is_repeated = header.is_some() && (header == first || others.any(|other| Some(other) == header));
        let is_duplicate = is_repeated || self.has_two_others();
        PresentedToken { token: header.or(first), is_duplicate }
    }

    fn has_two_others(&self) -> bool {
        let cookie = self.cookie.and_then(|cookies| cookie(cookies, COOKIE));
        let others = [cookie.as_deref(), self.body, self.query];
        others.into_iter().flatten().filter(|token| !token.is_empty()).count() > 1
    }
}

/// `Bearer`, one blank, and a text without blanks.
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let is_token = !token.is_empty() && !token.contains(' ');
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

/// The first cookie of that name, percent-decoded where that makes a text.
pub fn cookie<'a>(cookies: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let pairs = cookies.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.map(|(name, value)| (name.trim(), value.trim())).find(|pair| pair.0 == name)?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    Some(percent_decode_str(value).decode_utf8().unwrap_or(Cow::Borrowed(value)))
}

/// What a token is, by its looks alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// Three parts with dots between them.
    Session,
    /// An access key as the hub issues them.
    IssuedKey,
    /// Without a dot it may be an access key of somebody's choosing; with one it is nothing.
    Other,
}

impl TokenForm {
    pub fn of(token: &str) -> Self {
        match token.matches('.').count() {
            2 => Self::Session,
            0 if token.starts_with("blocklet-") => Self::IssuedKey,
            _ => Self::Other,
        }
    }
}
