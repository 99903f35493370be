//! What wallet is asking, by what it calls itself.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletSoftware {
    /// `android`, `ios`, `web`, or nothing for what does not call itself a wallet.
    pub os: String,
    pub version: String,
    /// The version of the tokens that it understands.
    pub jwt: String,
}

const NAMES: [&str; 2] = ["arcwallet/", "abtwallet/"];

impl WalletSoftware {
    /// By `User-Agent`.
    pub fn of_agent(agent: &str) -> Self {
        let agent = agent.to_ascii_lowercase();
        let version = NAMES.iter().find_map(|name| {
            let (_, rest) = agent.split_once(name)?;
            let end = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(rest.len());
            Some(rest[..end].to_owned()).filter(|version| !version.is_empty())
        });
        let has = |names: &[&str]| names.iter().any(|name| agent.contains(name));
        let os = match &version {
            None => "",
            Some(_) if has(&["android"]) => "android",
            Some(_) if has(&["iphone", "ipad", "ios"]) => "ios",
            Some(_) => "web",
        };
        let jwt = crate::arc_jwt::JWT_VERSION.to_owned();
        Self { os: os.to_owned(), version: version.unwrap_or_default(), jwt }
    }
}
