//! Session tokens: who signed in, as a JWT under a secret of the server's (HS256).
//!
//! A Blocklet Server's tokens are the same, under its own secret. A signature says that a server wrote
//! the token, not that the session still goes on: for that each token of the hub's has a `jti`.

mod csrf;
mod secret;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use serde::{Deserialize, Serialize};

use crate::did::Did;

pub use csrf::{csrf_token, is_csrf_token_of};
pub(crate) use secret::keyed;
pub use secret::{SecretTooShort, SessionSecret};

/// Longer tokens are refused before anything is decoded; no header of a request is longer.
const LONGEST: usize = 16 * 1024;

const USER: &str = "user";
const REFRESH: &str = "refresh";
const WALLET: &str = "wallet";

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
}

/// What a token says, in the order in which it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionClaims {
    pub r#type: String,
    pub did: String,
    #[serde(default)]
    pub role: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// Bit 0: the e-mail address is verified; bit 1: the phone number is.
    #[serde(default)]
    pub kyc: u32,
    #[serde(default)]
    pub elevated: bool,
    #[serde(default, rename = "walletOS", skip_serializing_if = "Option::is_none")]
    pub wallet_os: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passport: Option<Passport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// `refresh` for tokens that are good for new ones only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// Seconds.
    pub iat: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// Seconds; from then on the token is over.
    pub exp: u64,
    /// The session's row; a Blocklet Server's tokens have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

/// The credential that gave the role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passport {
    pub id: String,
}

/// What a token is presented for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionUse {
    Session,
    Refresh,
}

/// No good token of this server. Which check failed is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session token is not valid")]
pub struct InvalidSession;

impl SessionClaims {
    /// Of a user who signed in with a wallet. Times are in seconds.
    pub fn of_wallet(did: &Did, role: &str, iat: u64, exp: u64) -> Self {
        Self {
            r#type: USER.to_owned(),
            did: did.address().to_owned(),
            role: role.to_owned(),
            provider: WALLET.to_owned(),
            kyc: 0,
            elevated: false,
            wallet_os: None,
            passport: None,
            full_name: None,
            org: None,
            token_type: None,
            iat,
            nbf: None,
            exp,
            jti: None,
        }
    }

    /// The same, good for new tokens only.
    pub fn for_refresh(self, exp: u64) -> Self {
        Self { token_type: Some(REFRESH.to_owned()), exp, ..self }
    }

    pub fn sign(&self, secret: &SessionSecret) -> String {
        let header = Header { alg: "HS256".to_owned(), typ: Some("JWT".to_owned()) };
        let message = format!("{}.{}", part(&header), part(self));
        let signature = secret.mac(&message).finalize().into_bytes();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Reads a token that this secret signed. `now` is in seconds; clocks don't differ, because the
    /// server that looks is the one that wrote.
    pub fn verify(
        token: &str,
        secret: &SessionSecret,
        now: u64,
        presented_for: SessionUse,
    ) -> Result<Self, InvalidSession> {
        let claims = signed_claims(token, secret).ok_or(InvalidSession)?;
        let is_current = claims.exp > now && claims.nbf.is_none_or(|nbf| nbf <= now);
        let expected_type = match presented_for {
            SessionUse::Session => None,
            SessionUse::Refresh => Some(REFRESH),
        };
        let is_right = claims.r#type == USER && claims.token_type.as_deref() == expected_type;
        if is_current && is_right && claims.did.parse::<Did>().is_ok() {
            Ok(claims)
        } else {
            Err(InvalidSession)
        }
    }

    /// How the user was let in: by a wallet where nothing else is said.
    pub fn provider(&self) -> &str {
        if self.provider.is_empty() { WALLET } else { &self.provider }
    }

    pub fn has_verified_email(&self) -> bool {
        self.kyc & 1 != 0
    }

    pub fn has_verified_phone(&self) -> bool {
        self.kyc & 2 != 0
    }
}

/// The claims of a token with a good signature. It is checked before anything of the payload is read.
fn signed_claims(token: &str, secret: &SessionSecret) -> Option<SessionClaims> {
    if token.len() > LONGEST {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if header.alg != "HS256" {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    secret.mac(message).verify_slice(&signature).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Writing texts and numbers as JSON does not fail.
fn part(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}
