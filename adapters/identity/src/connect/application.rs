//! The application that asks: its key, what wallets show of it, and all that it signs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::claim::Claim;
use super::deep_link::WALLET;
use super::text::{ConnectText, Language};
use crate::arc_jwt::sign_jwt;
use crate::byte_text::base58btc;
use crate::did::{Did, DidKind, DidRole};
use crate::secret_key::{InvalidSecretKey, SecretKey};

/// What a wallet shows of the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppInfo {
    pub name: String,
    pub description: String,
    pub icon: String,
    pub link: String,
    /// Where wallets are sent to.
    pub path: String,
    /// The application's DID.
    pub publisher: String,
}

/// A key with the role of an application.
#[derive(Debug)]
pub struct Application {
    key: SecretKey,
    did: Did,
    info: AppInfo,
}

/// What is sent to a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    pub app_pk: String,
    /// A token of the application.
    pub auth_info: String,
}

/// What the last step came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// What the action has for the wallet.
    pub response: Map<String, Value>,
    pub success_message: Option<String>,
    /// Where the wallet goes on, as a deep link or an address.
    pub next_workflow: Option<String>,
    pub next_url: Option<String>,
}

impl Application {
    pub fn new(key: SecretKey, name: &str, description: &str, icon: &str, link: &str) -> Self {
        let did = key.did(DidKind { role: DidRole::APPLICATION, ..DidKind::ACCOUNT });
        let info = AppInfo {
            name: name.to_owned(),
            description: description.to_owned(),
            icon: icon.to_owned(),
            link: link.to_owned(),
            path: WALLET.to_owned(),
            publisher: did.to_string(),
        };
        Self { key, did, info }
    }

    pub fn info(&self) -> &AppInfo {
        &self.info
    }

    pub fn did(&self) -> &Did {
        &self.did
    }

    /// Asks for claims. `callback` is where the answer goes; `now` is in seconds.
    pub fn request(
        &self,
        claims: &[Claim],
        code: Option<u32>,
        challenge: &str,
        callback: &str,
        now: u64,
    ) -> Result<Envelope, InvalidSecretKey> {
        let requested: Vec<_> = claims.iter().map(|claim| claim.request(code)).collect();
        let request = json!({
            "action": "responseAuth",
            "challenge": challenge,
            // The hub has no chain.
            "chainInfo": { "id": "none", "host": "none", "type": "arcblock" },
            "requestedClaims": requested,
            "url": callback,
        });
        self.signed(request, now)
    }

    /// Tells the wallet that all is done.
    pub fn reply(&self, reply: &Reply, now: u64) -> Result<Envelope, InvalidSecretKey> {
        let done = json!({
            "status": "ok",
            "response": reply.response,
            "successMessage": reply.success_message,
            "nextWorkflow": reply.next_workflow,
            "nextUrl": reply.next_url,
            "cookies": {},
            "storages": {},
        });
        self.signed(done, now)
    }

    /// Tells the wallet what went wrong: with status 200, as wallets want it.
    pub fn error(
        &self,
        text: ConnectText,
        language: Language,
        now: u64,
    ) -> Result<Envelope, InvalidSecretKey> {
        let error = json!({
            "status": "error",
            "errorMessage": text.text(language),
            "response": {},
            "cookies": {},
            "storages": {},
        });
        self.signed(error, now)
    }

    fn signed(&self, says: Value, now: u64) -> Result<Envelope, InvalidSecretKey> {
        let mut payload = Map::new();
        payload.insert("appInfo".to_owned(), json!(self.info));
        if let Value::Object(says) = says {
            payload.extend(says);
        }
        let auth_info = sign_jwt(&self.key, &self.did.to_string(), payload, now)?;
        Ok(Envelope { app_pk: base58btc(&self.key.public_key()), auth_info })
    }
}
