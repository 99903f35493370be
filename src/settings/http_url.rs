//! Addresses of HTTP services.

use std::borrow::Cow;

use url::Url;

use super::setting::Setting;

/// An absolute `http` or `https` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl(pub Url);

impl Setting for HttpUrl {
    // It may carry a password.
    const IS_SECRET: bool = true;

    fn accepts() -> Cow<'static, str> {
        "an address that begins with `http://` or `https://`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(Self(url))
    }

    fn show(&self) -> String {
        without_password(&self.0)
    }
}

/// The address with `***` in place of a password.
pub fn without_password(url: &Url) -> String {
    let mut shown = url.clone();
    if shown.password().is_some() {
        // Only an address that can't have a password refuses this, and it has none.
        let _ = shown.set_password(Some("***"));
    }
    shown.to_string()
}
