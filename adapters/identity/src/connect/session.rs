//! One conversation of a browser and a wallet, as it is kept between their requests.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::{AcceptedAnswer, ConnectRefused, WalletAction};
use super::application::AppInfo;
use super::text::{ConnectText, Language};
use super::wallet_software::WalletSoftware;
use crate::byte_text::hex;
use crate::random;

/// Seconds after its last change at which a session is over.
const LIFE: u64 = 5 * 60;
/// Seconds for which a browser can read again what it has read of a session that succeeded.
const READ_LIFE: u64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectState {
    Created,
    Scanned,
    Succeed,
    Error,
    Busy,
    Forbidden,
}

impl ConnectState {
    /// A session that has ended takes no more answers.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Scanned)
    }
}

/// A session's row is changed only if it still has these; so two answers at once are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionKey {
    pub token: String,
    pub state: ConnectState,
    pub current_step: u32,
    pub challenge: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectSession {
    pub token: String,
    #[serde(rename = "status")]
    pub state: ConnectState,
    pub current_step: u32,
    /// Of the current step. It never leaves the server but in a signed request; empty before the scan.
    #[serde(default)]
    pub challenge: String,
    #[serde(default)]
    pub mfa_supported: bool,
    /// What the person sees in the browser and must find in the wallet; 0 when it has been found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_code: Option<u32>,
    /// Who answered the first step: an address without a prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pk: Option<String>,
    /// The steps after the first depend on who answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_wallet: Option<WalletSoftware>,
    #[serde(default)]
    pub extra_params: Map<String, Value>,
    #[serde(default)]
    pub app_info: Option<AppInfo>,
    #[serde(default)]
    pub source_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the action has for the browser, such as its session token.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Seconds; then it is over.
    #[serde(default)]
    pub expires: u64,
}

impl ConnectSession {
    /// A session with a token that nobody can guess. Parameters are what the browser sent along.
    pub fn open(app: &AppInfo, parameters: Map<String, Value>, now: u64) -> Self {
        Self::with_token(random_hex(), app, parameters, now)
    }

    /// The same with a token from elsewhere.
    pub fn with_token(token: String, app: &AppInfo, parameters: Map<String, Value>, now: u64) -> Self {
        // These are known from cookies, which a parameter must not pretend to be.
        let usual = json!({ "connectedDid": "", "connectedPk": "", "forceConnected": false });
        let mut extra_params = if let Value::Object(usual) = usual { usual } else { Map::new() };
        extra_params.extend(parameters);
        for name in ["userDid", "userInfo", "userSession", "appSession", "userPk", "token"] {
            extra_params.remove(name);
        }
        Self {
            token,
            state: ConnectState::Created,
            current_step: 0,
            challenge: String::new(),
            mfa_supported: false,
            mfa_code: None,
            did: None,
            pk: None,
            dynamic: None,
            connected_wallet: None,
            extra_params,
            app_info: Some(app.clone()),
            source_token: String::new(),
            error: None,
            values: Map::new(),
            expires: now.saturating_add(LIFE),
        }
    }

    /// 128 random bits as wallets are given them.
    pub fn new_challenge() -> String {
        random_hex().to_ascii_uppercase()
    }

    /// What must not have changed in the meantime.
    pub fn key(&self) -> SessionKey {
        let Self { token, state, current_step, challenge, .. } = self.clone();
        SessionKey { token, state, current_step, challenge }
    }

    pub fn is_over(&self, now: u64) -> bool {
        now >= self.expires
    }

    /// A wallet asks what is wanted. `challenge` is used where there is none yet: whoever asks again is
    /// asked the same again. Whether the session takes it.
    pub fn scan(&mut self, wallet: WalletSoftware, challenge: String, now: u64) -> bool {
        if !self.state.is_open() || self.is_over(now) {
            return false;
        }
        if self.challenge.is_empty() {
            self.challenge = challenge;
        }
        self.state = ConnectState::Scanned;
        self.connected_wallet = Some(wallet);
        self.touch(now);
        true
    }

    /// The only account that may answer, if the browser said so.
    pub(super) fn forced_account(&self) -> Option<&str> {
        self.extra_params.get("forceConnected").and_then(Value::as_str).filter(|did| !did.is_empty())
    }

    /// Writes down an answer that was accepted: who it is from, and the end where the wallet ends it.
    pub(super) fn take(&mut self, answer: &AcceptedAnswer, now: u64) {
        self.did = Some(answer.signer.address().to_owned());
        self.pk = Some(answer.public_key.clone());
        let end = match answer.action {
            WalletAction::Answers => None,
            WalletAction::Declines => Some((ConnectState::Error, ConnectText::Declined)),
            WalletAction::IsBusy => Some((ConnectState::Busy, ConnectText::Busy)),
        };
        if let Some((state, text)) = end {
            self.state = state;
            self.error = Some(text.text(Language::English).to_owned());
        }
        self.mfa_code = Some(0);
        self.touch(now);
    }

    /// Writes down why an answer was refused, where that ends the session.
    pub(super) fn refuse(&mut self, refused: ConnectRefused, now: u64) {
        let Some(state) = refused.ends_in else { return };
        self.state = state;
        self.error = Some(refused.text.text(Language::English).to_owned());
        self.touch(now);
    }

    /// There is another step, with a challenge of its own.
    pub fn go_on(&mut self, challenge: String, now: u64) {
        self.current_step += 1;
        self.challenge = challenge;
        self.dynamic = Some(true);
        self.touch(now);
    }

    /// All steps are done, and the action too. `values` are for the browser.
    pub fn succeed(&mut self, values: Map<String, Value>, now: u64) {
        self.state = ConnectState::Succeed;
        self.values = values;
        self.touch(now);
    }

    /// The action failed.
    pub fn fail(&mut self, text: &str, now: u64) {
        self.state = ConnectState::Error;
        self.error = Some(text.to_owned());
        self.touch(now);
    }

    /// The browser gave up: whether the session is to be deleted. One that a wallet has is left to it.
    pub fn gives_up(&self) -> bool {
        self.state != ConnectState::Scanned
    }

    /// What the browser sees when it asks: status and JSON. What it reads of a success it can read for a
    /// minute more.
    pub fn status(&mut self, now: u64) -> (u16, Value) {
        if self.state == ConnectState::Forbidden {
            return (403, json!({ "error": self.error }));
        }
        if self.state == ConnectState::Succeed {
            self.expires = self.expires.min(now.saturating_add(READ_LIFE));
        }
        (200, self.view())
    }

    /// All but what is the server's own.
    fn view(&self) -> Value {
        let Ok(Value::Object(mut view)) = serde_json::to_value(self) else { return Value::Null };
        for name in ["challenge", "values", "expires"] {
            view.remove(name);
        }
        view.insert("memberAppInfo".to_owned(), Value::Null);
        for (name, value) in &self.values {
            // An action never hides the session's own members.
            view.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Value::Object(view)
    }

    fn touch(&mut self, now: u64) {
        self.expires = now.saturating_add(LIFE);
    }
}

fn random_hex() -> String {
    let mut bytes = [0; 16];
    random::fill(&mut bytes);
    hex(&bytes)
}
