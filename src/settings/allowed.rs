//! What callers may have fetched besides the public internet.

use std::borrow::Cow;

use hub_providers::Allowed;

use super::setting::Setting;

impl Setting for Allowed {
    fn accepts() -> Cow<'static, str> {
        "networks and hosts with commas between them, such as `10.20.0.0/16, images.internal, localhost:9000`"
            .into()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}
