//! Names, lists of names, paths and amounts.

use std::borrow::Cow;
use std::path::PathBuf;

use hub_domain::money::Credits;

use super::setting::Setting;

/// 1 to 64 letters, digits, `-`, `_` or `.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortName(pub String);

impl Setting for ShortName {
    fn accepts() -> Cow<'static, str> {
        "1 to 64 letters, digits, `-`, `_` or `.`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        ((1..=64).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// Names with commas between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl Setting for Names {
    fn accepts() -> Cow<'static, str> {
        "names with commas between them".into()
    }

    fn parse(text: &str) -> Option<Self> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        Some(Self(names.map(str::to_owned).collect()))
    }

    fn show(&self) -> String {
        self.0.join(", ")
    }
}

/// A line for the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand(pub String);

impl Setting for ShellCommand {
    fn accepts() -> Cow<'static, str> {
        "a command for the shell".into()
    }

    fn parse(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

impl Setting for PathBuf {
    fn accepts() -> Cow<'static, str> {
        "a path".into()
    }

    fn parse(text: &str) -> Option<Self> {
        (!text.contains('\0')).then(|| Self::from(text))
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Setting for Credits {
    fn accepts() -> Cow<'static, str> {
        "an amount of credits with at most ten decimals, such as `100` or `0.5`".into()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|amount: &Self| !amount.is_negative())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}
