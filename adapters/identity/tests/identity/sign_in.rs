//! A server that signs people in, in the least that it takes: sessions in a map, one table of routes, and
//! the hub's own pieces for everything that matters.

use std::collections::HashMap;

use hub_identity::connect::{
    Application, Claim, ConnectSession, ConnectText, Envelope, Language, PasskeySite, Reply, WalletAction,
    WalletAnswer, WalletSoftware, connect_callback, deep_link,
};
use hub_identity::{KeyKind, SecretKey};
use serde_json::{Map, Value, json};

pub const NOW: u64 = 1_760_000_000;
const BASE: &str = "https://hub.example.com";
const ROOT: &str = "/.well-known/service/api/did/login";

pub struct Server {
    pub app: Application,
    pub sessions: HashMap<String, ConnectSession>,
    /// Who has been here before; others are asked for a profile.
    pub known: Vec<String>,
    /// Used in place of new tokens and challenges, the first first.
    pub tokens: Vec<String>,
    pub challenges: Vec<String>,
    pub now: u64,
}

pub type Answer = (u16, Value);

impl Server {
    pub fn new(secret_key: &[u8]) -> Self {
        let key = SecretKey::new(KeyKind::Ed25519, secret_key).unwrap();
        let icon = format!("{BASE}/logo.png");
        let app = Application::new(key, "AIGNE Hub", "AI gateway", &icon, BASE);
        Self {
            app,
            sessions: HashMap::new(),
            known: Vec::new(),
            tokens: Vec::new(),
            challenges: Vec::new(),
            now: NOW,
        }
    }

    pub fn sites() -> Vec<PasskeySite> {
        vec![PasskeySite { origin: BASE.to_owned(), rp_id: "hub.example.com".to_owned() }]
    }

    /// Answers a request. The target may have a query; the body is JSON.
    pub fn on(&mut self, target: &str, body: &Value, language: Language) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = hub_identity::query_object(query);
        let token = query["_t_"].as_str().map(str::to_owned);
        self.sessions.retain(|_, session| !session.is_over(self.now));
        match path.strip_prefix(ROOT).unwrap() {
            "/token" => self.open(body),
            "/status" => self.status(token, language),
            "/timeout" => self.time_out(token, language),
            "/auth" if body.is_null() => self.scan(token, language),
            "/auth" => self.answer(token, body, language),
            "/auth/submit" => self.answer(token, &query, language),
            other => panic!("no route `{other}`"),
        }
    }

    fn open(&mut self, body: &Value) -> Answer {
        let parameters = body.as_object().cloned().unwrap_or_default();
        let mut session = ConnectSession::open(self.app.info(), parameters, self.now);
        if let Some(token) = self.tokens.pop() {
            session.token = token;
        }
        let token = session.token.clone();
        let url = deep_link(&callback(&token));
        let app = self.app.info();
        let answer = json!({
            "token": token, "status": session.state, "url": url, "appInfo": app, "memberAppInfo": null, "extra": {},
        });
        self.sessions.insert(token, session);
        (200, answer)
    }

    fn status(&mut self, token: Option<String>, language: Language) -> Answer {
        let now = self.now;
        self.session(token, language).map_or_else(|refused| refused, |session| session.status(now))
    }

    fn time_out(&mut self, token: Option<String>, language: Language) -> Answer {
        match self.session(token.clone(), language) {
            Ok(session) if !session.gives_up() => (200, json!({ "token": token })),
            Ok(_) => {
                self.sessions.remove(&token.clone().unwrap());
                (200, json!({ "token": token }))
            }
            Err(refused) => refused,
        }
    }

    fn session(&mut self, token: Option<String>, language: Language) -> Result<&mut ConnectSession, Answer> {
        let refused = |text: ConnectText| (400, json!({ "error": text.text(language) }));
        let token = token.ok_or_else(|| refused(ConnectText::SessionIdMissing))?;
        self.sessions.get_mut(&token).ok_or_else(|| refused(ConnectText::SessionNotFound))
    }

    fn scan(&mut self, token: Option<String>, language: Language) -> Answer {
        let challenge = self.next_challenge();
        let (now, wallet) = (self.now, WalletSoftware::of_agent("Mozilla/5.0 ArcWallet/5.0.0"));
        let session = self.session(token, language).ok();
        match session.map(|session| (session.scan(wallet, challenge, now), session.clone())) {
            Some((true, session)) => self.ask(&session),
            _ => self.error(ConnectText::SessionNotFound, language),
        }
    }

    fn answer(&mut self, token: Option<String>, says: &Value, language: Language) -> Answer {
        let answer = WalletAnswer { user_pk: says["userPk"].as_str(), user_info: says["userInfo"].as_str() };
        let (now, challenge) = (self.now, self.next_challenge());
        let known = self.known.clone();
        let Ok(session) = self.session(token, language) else {
            return self.error(ConnectText::SessionNotFound, language);
        };
        let reply = match session.answer(answer, &Self::sites(), now) {
            Err(refused) => return self.error(refused.text, language),
            Ok(accepted) if accepted.action != WalletAction::Answers => Reply::default(),
            Ok(accepted) => {
                let is_known = known.iter().any(|did| did == accepted.signer.address());
                if session.current_step == 0 && !is_known {
                    session.go_on(challenge, now);
                    let session = session.clone();
                    return self.ask(&session);
                }
                let mut values = Map::new();
                values.insert("sessionToken".to_owned(), "a session".into());
                values.insert("refreshToken".to_owned(), "a refresh".into());
                session.succeed(values.clone(), now);
                let message = Some("Login successful".to_owned());
                Reply { response: values, success_message: message, ..Reply::default() }
            }
        };
        enveloped(self.app.reply(&reply, now).unwrap())
    }

    fn ask(&self, session: &ConnectSession) -> Answer {
        let claim = if session.current_step == 0 {
            Claim::account()
        } else {
            Claim::Profile {
                description: "Please provide your profile".to_owned(),
                items: vec!["fullName".to_owned(), "email".to_owned()],
            }
        };
        let code = session.mfa_code.filter(|code| *code != 0);
        let callback = callback(&session.token);
        enveloped(self.app.request(&[claim], code, &session.challenge, &callback, self.now).unwrap())
    }

    fn error(&self, text: ConnectText, language: Language) -> Answer {
        enveloped(self.app.error(text, language, self.now).unwrap())
    }

    fn next_challenge(&mut self) -> String {
        if self.challenges.is_empty() { ConnectSession::new_challenge() } else { self.challenges.remove(0) }
    }
}

fn callback(token: &str) -> String {
    connect_callback(BASE, &format!("{ROOT}/auth"), token)
}

fn enveloped(envelope: Envelope) -> Answer {
    (200, serde_json::to_value(envelope).unwrap())
}

/// The address of a route of a session.
pub fn target(route: &str, token: &str) -> String {
    format!("{ROOT}/{route}?_t_={token}")
}
