//! Secrets in settings. They are never shown.

use std::borrow::Cow;

use hub_domain::ports::SecretText;

use super::setting::Setting;

/// A secret given in clear by the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret(pub SecretText);

impl Setting for Secret {
    const IS_SECRET: bool = true;

    fn accepts() -> Cow<'static, str> {
        "a text of at least 16 printable characters".into()
    }

    fn parse(text: &str) -> Option<Self> {
        let fits = text.chars().count() >= 16 && !text.chars().any(char::is_control);
        fits.then(|| Self(SecretText::new(text)))
    }

    fn show(&self) -> String {
        self.0.masked()
    }
}
