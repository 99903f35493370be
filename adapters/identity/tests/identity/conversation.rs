//! A browser and a wallet that talk to a server.

use hub_identity::connect::{ConnectSession, Language};
use hub_identity::{DecodedJwt, base58btc};
use serde_json::{Value, json};

use crate::sign_in::{Server, target};
use crate::wallet::Wallet;

/// A browser and its session at a server.
pub struct Conversation {
    pub server: Server,
    pub token: String,
}

impl Conversation {
    pub fn new() -> Self {
        Self::with(Server::new(&[9; 32]), json!({}))
    }

    pub fn with(mut server: Server, parameters: Value) -> Self {
        let (status, opened) = server.on(&without_token("token"), &parameters, Language::English);
        assert_eq!(status, 200);
        Self { server, token: opened["token"].as_str().unwrap().to_owned() }
    }

    pub fn asks(&mut self, route: &str, body: &Value) -> (u16, Value) {
        self.server.on(&target(route, &self.token), body, Language::English)
    }

    pub fn session(&self) -> &ConnectSession {
        &self.server.sessions[&self.token]
    }

    /// What the application says to a wallet.
    pub fn said(body: &Value) -> Value {
        Value::Object(DecodedJwt::of(body["authInfo"].as_str().unwrap()).unwrap().payload)
    }

    /// The challenge that the wallet gets when it scans the code.
    pub fn scan(&mut self) -> String {
        let (_, body) = self.asks("auth", &Value::Null);
        Self::said(&body)["challenge"].as_str().unwrap_or_default().to_owned()
    }

    /// A wallet says this; what it is told.
    pub fn hears(&mut self, wallet: &Wallet, says: Value) -> Value {
        let token = wallet.token(says, self.server.now);
        self.hears_token(wallet, &token)
    }

    pub fn hears_token(&mut self, wallet: &Wallet, token: &str) -> Value {
        let body = json!({ "userPk": base58btc(&wallet.public_key()), "userInfo": token });
        Self::said(&self.asks("auth", &body).1)
    }
}

fn without_token(route: &str) -> String {
    target(route, "").split_once('?').unwrap().0.to_owned()
}

/// A wallet's answer to a challenge.
pub fn answers(challenge: &str) -> Value {
    json!({ "action": "responseAuth", "challenge": challenge, "requestedClaims": [] })
}
