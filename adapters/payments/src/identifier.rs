//! What makes a report one event, however often it is sent.

use std::fmt;

use serde::Serialize;

/// The longest that Payment Kit stores.
const LONGEST: usize = 255;

/// `<install>-<report id>`, fixed before the first sending. Unique for ever and for all meters: the
/// install keeps two hubs, or a restored backup and what it was restored from, apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Identifier(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier has at most {LONGEST} visible ASCII characters, and neither half is empty")]
pub struct InvalidIdentifier;

impl Identifier {
    pub fn new(install: &str, report: impl fmt::Display) -> Result<Self, InvalidIdentifier> {
        let report = report.to_string();
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_part(install) || !is_part(&report) {
            return Err(InvalidIdentifier);
        }
        let text = format!("{install}-{report}");
        if text.len() > LONGEST { Err(InvalidIdentifier) } else { Ok(Self(text)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_install_and_report() {
        let report = "0199c5a4-2f4b-7c21-9d0c-3f5f1a0a7b11";
        assert_eq!(Identifier::new("hub1", report).unwrap().as_str(), format!("hub1-{report}"));
    }

    #[test]
    fn what_payment_kit_would_not_store_is_refused() {
        let long = "x".repeat(251);
        assert!(Identifier::new("hub", &long).is_ok());
        for (install, report) in
            [("hub1", long.as_str()), ("", "1"), ("hub1", ""), ("hub 1", "1"), ("hüb", "1")]
        {
            assert_eq!(Identifier::new(install, report), Err(InvalidIdentifier), "{install}-{report}");
        }
    }
}
