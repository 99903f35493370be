//! What an application asks a wallet for.

use serde_json::{Value, json};

/// One thing that is asked for. The hub asks for none of the platform's others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Who are you? Always the first step.
    AuthPrincipal {
        description: String,
        /// The only account that may answer; empty for any.
        target: String,
        /// Whether the wallet may offer what it used here before.
        supervised: bool,
    },
    Profile {
        description: String,
        /// Such as `fullName` and `email`.
        items: Vec<String>,
    },
    /// A passport: a credential that gives a role.
    VerifiableCredential {
        description: String,
        /// Kinds of credentials.
        item: Vec<String>,
        /// DIDs.
        trusted_issuers: Vec<String>,
        optional: bool,
    },
}

impl Claim {
    /// As it is asked first of everybody.
    pub fn account() -> Self {
        Self::AuthPrincipal {
            description: "Please continue with your account".to_owned(),
            target: String::new(),
            supervised: true,
        }
    }

    /// As it stands in the request. `code` is what the person sees in the browser and has to find in the
    /// wallet, where that is asked for.
    pub fn request(&self, code: Option<u32>) -> Value {
        let mut claim = match self {
            Self::AuthPrincipal { description, target, supervised } => json!({
                "type": "authPrincipal",
                "description": description,
                "target": target,
                "supervised": supervised,
            }),
            Self::Profile { description, items } => json!({
                "type": "profile",
                "description": description,
                "items": items,
            }),
            Self::VerifiableCredential { description, item, trusted_issuers, optional } => json!({
                "type": "verifiableCredential",
                "description": description,
                "item": item,
                "trustedIssuers": trusted_issuers,
                "optional": optional,
            }),
        };
        claim["meta"] = json!({});
        claim["mfaCode"] = code.into_iter().collect();
        claim
    }
}
