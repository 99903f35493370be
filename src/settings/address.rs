//! Where the server is found.

use std::borrow::Cow;
use std::net::SocketAddr;

use hub_http::BasePath;

use super::setting::Setting;

impl Setting for SocketAddr {
    fn accepts() -> Cow<'static, str> {
        "an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for BasePath {
    fn accepts() -> Cow<'static, str> {
        "`/`, or segments of letters, digits, `-`, `_`, `.` or `~`, such as `/ai-kit`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        if self.is_none() { "/".to_owned() } else { self.as_str().to_owned() }
    }
}
