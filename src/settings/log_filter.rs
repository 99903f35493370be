//! Which events are logged.

use std::borrow::Cow;

use tracing_subscriber::EnvFilter;

use super::setting::Setting;

/// As `RUST_LOG` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(pub String);

impl Setting for LogFilter {
    fn accepts() -> Cow<'static, str> {
        "a filter such as `info` or `info,aigne_hub=debug`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        EnvFilter::try_new(text).ok().map(|_| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}
