//! DID Connect: single answers of wallets, and whole conversations as they were recorded.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hub_identity::connect::{
    ConnectSession, ConnectState, Language, WalletAction, WalletAnswer, connect_callback, deep_link,
    sealed_for_browser,
};
use hub_identity::{DecodedJwt, JWT_VERSION, Times, guessed_bytes, verify_jwt};
use serde_json::{Value, json};

use super::case::{Case, hex_bytes, text};
use crate::sign_in::{NOW, Server};

pub fn run(case: &Case<'_>) {
    match case.op() {
        "deep_link" => {
            let [base, path, token] = ["base", "pathname", "token"].map(|name| case.input_text(name));
            assert_eq!(deep_link(&connect_callback(base, path, token)), case.expect_text("url"));
        }
        "sealed_box" => sealed_box(case),
        "answer" => answer(case),
        "dialogue" => dialogue(case),
        _ => case.is_unknown(),
    }
}

fn sealed_box(case: &Case<'_>) {
    let key = crypto_box::SecretKey::from_slice(&hex_bytes(case.input("secretKey"))).unwrap();
    assert_eq!(key.public_key().as_bytes().as_slice(), hex_bytes(case.input("publicKey")));
    let parameter = case.input_text("encKeyParam");
    assert_eq!(parameter, URL_SAFE_NO_PAD.encode(key.public_key().as_bytes()));
    let opened =
        |sealed: &str| String::from_utf8(key.unseal(&STANDARD.decode(sealed).unwrap()).unwrap()).unwrap();
    let json = case.expect_text("json");
    assert_eq!(opened(case.input_text("box")), json);
    let ours = sealed_for_browser(parameter, &serde_json::from_str::<String>(json).unwrap()).unwrap();
    assert_eq!(opened(&ours), json);
    assert_ne!(ours, case.input_text("box"), "each is sealed anew");
}

fn answer(case: &Case<'_>) {
    let now = case.input("now").as_u64().unwrap();
    let mut record = case.input("record").clone();
    let answer =
        WalletAnswer { user_pk: case.input("userPk").as_str(), user_info: case.input("userInfo").as_str() };
    let known_user = case.input("knownUser").as_bool().unwrap();
    let (error, result) = (case.expect("errorMessage"), case.expect_text("result"));
    if record.is_null() {
        // Without a session nothing is looked at.
        assert_eq!((result, error), ("error", &json!("Session not found or expired")));
        assert!(case.expect("status").is_null() && case.expect("did").is_null());
        return;
    }
    record["expires"] = (now + 60).into();
    let mut session: ConnectSession = serde_json::from_value(record).unwrap();
    match session.answer(answer, &Server::sites(), now) {
        Err(refused) => {
            assert_eq!((result, error.as_str()), ("error", Some(refused.text.text(Language::English))));
        }
        Ok(accepted) => {
            assert!(error.is_null(), "{error}");
            let is_last = session.current_step > 0 || known_user;
            let outcome = match accepted.action {
                WalletAction::Declines => "declined",
                WalletAction::IsBusy => "busy",
                WalletAction::Answers if is_last => {
                    session.succeed(serde_json::Map::new(), now);
                    "final"
                }
                WalletAction::Answers => {
                    session.go_on(ConnectSession::new_challenge(), now);
                    "next_step"
                }
            };
            assert_eq!(outcome, result);
        }
    }
    assert_eq!(json!(session.state), *case.expect("status"));
    assert_eq!(json!(session.did), *case.expect("did"));
}

/// Plays the browser and the wallet of a recorded conversation, and compares every answer.
fn dialogue(case: &Case<'_>) {
    let app = &case.suite["app"];
    let mut server = Server::new(&hex_bytes(&app["secretKey"]));
    assert_eq!(server.app.did().address(), text(&app["address"]));
    let exchanges = case.input("exchanges").as_array().unwrap();
    assert!(case.input("keyType").is_string());
    let wallet = case.input("wallet");
    if let Some(did) = wallet["did"].as_str() {
        let key = guessed_bytes(text(&wallet["userPk"]));
        assert!(hub_identity::Did::of_signer(did, &key).is_ok());
    }
    let volatile: Vec<_> = case.input("volatile").as_array().unwrap().iter().map(text).collect();
    // What is new in each run: the recorded wallet answers the recorded challenges.
    let bodies = exchanges.iter().map(|exchange| &exchange["response"]["body"]);
    server.tokens = bodies
        .clone()
        .filter(|body| body["url"].is_string())
        .map(|body| text(&body["token"]).to_owned())
        .collect();
    let mut statuses = Vec::new();
    for exchange in exchanges {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let asked = payload_of(&response["body"]).map(|payload| payload["challenge"].clone());
        server.challenges =
            asked.and_then(|challenge| challenge.as_str().map(str::to_owned)).into_iter().collect();
        let language = if case_is_chinese(&response["body"]) { Language::Chinese } else { Language::English };
        let is_post = request["method"] == "POST";
        assert!(is_post || request["method"] == "GET");
        let body = if is_post { &request["body"] } else { &Value::Null };
        let (status, body) = server.on(text(&request["path"]), body, language);
        statuses.push(status);
        assert_eq!(status, response["status"], "{}: {body}", exchange["what"]);
        let (ours, theirs) = (comparable(&body, &volatile), comparable(&response["body"], &volatile));
        assert_eq!(ours, theirs, "{}", exchange["what"]);
    }
    assert_eq!(json!(statuses), *case.expect("statuses"));
    let state = server.sessions.values().next().map(|session| session.state);
    let state = state.filter(|state| *state != ConnectState::Forbidden);
    assert_eq!(json!(state), *case.expect("session"));
}

/// The recorded browser said so in a header that was not recorded.
fn case_is_chinese(body: &Value) -> bool {
    body["error"].as_str().is_some_and(|error| !error.is_ascii())
}

/// What an envelope says, if it is one; ours and the recorded ones must be well signed.
fn payload_of(body: &Value) -> Option<Value> {
    let token = body["authInfo"].as_str()?;
    let decoded = DecodedJwt::of(token).unwrap();
    // The original signs its last reply in the version that hashes nothing.
    if decoded.payload["version"] == JWT_VERSION {
        let key = guessed_bytes(text(&body["appPk"]));
        verify_jwt(token, &key, Times::at(NOW)).unwrap();
    }
    Some(Value::Object(decoded.payload))
}

/// The body with the token of its envelope opened, and without what differs from run to run. The version
/// differs on purpose.
fn comparable(body: &Value, volatile: &[&str]) -> Value {
    let mut body = body.clone();
    if let Some(mut payload) = payload_of(&body) {
        payload.as_object_mut().unwrap().remove("version");
        body["authInfo"] = payload;
    }
    blank(&mut body, volatile);
    body
}

fn blank(value: &mut Value, volatile: &[&str]) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| blank(value, volatile)),
        Value::Object(members) => {
            for (name, value) in members {
                // Tokens of sign-in and challenges are the recorded ones, so that they are compared too.
                let is_compared = ["token", "_t_", "challenge"].contains(&name.as_str());
                if volatile.contains(&name.as_str()) && !is_compared {
                    *value = "…".into();
                } else {
                    blank(value, volatile);
                }
            }
        }
        _ => {}
    }
}
