//! What a session of DID Connect keeps, shows and asks for.

use hub_identity::KeyKind;
use hub_identity::connect::{Claim, ConnectSession, Language, WalletSoftware};
use serde_json::Value;
use serde_json::json;

use crate::conversation::{Conversation, answers};
use crate::sign_in::Server;
use crate::wallet::Wallet;

#[test]
fn what_a_browser_sends_along_is_never_taken_for_what_a_wallet_said() {
    let parameters = json!({
        "userDid": "z1", "userPk": "z2", "userInfo": {}, "token": "chosen", "userSession": {}, "appSession": {},
        "locale": "en", "connectedDid": "z3",
    });
    let mut talk = Conversation::with(Server::new(&[9; 32]), parameters);
    assert!(talk.token.len() == 32 && talk.token.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let (_, seen) = talk.asks("status", &Value::Null);
    let names: Vec<_> = seen["extraParams"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["connectedDid", "connectedPk", "forceConnected", "locale"]);
    assert!(seen["did"].is_null());
}

#[test]
fn what_is_the_servers_own_is_never_shown() {
    let (wallet, mut talk) = (Wallet::of(KeyKind::Ed25519, 1), Conversation::new());
    let challenge = talk.scan();
    let values = json!({ "status": "succeed", "did": "z1Mallory", "extra": 1 });
    let session = talk.server.sessions.get_mut(&talk.token).unwrap();
    session.values = values.as_object().unwrap().clone();
    let (_, seen) = talk.asks("status", &Value::Null);
    assert_eq!((&seen["status"], &seen["extra"]), (&json!("scanned"), &json!(1)));
    let text = seen.to_string();
    assert!(!text.contains(&challenge) && !text.contains("expires"), "{text}");
    talk.hears(&wallet, answers(&challenge));
    assert_eq!(talk.asks("status", &Value::Null).1["did"], wallet.did().address());
}

#[test]
fn tokens_and_challenges_are_never_the_same() {
    let talks: std::collections::HashSet<_> = (0..100).map(|_| Conversation::new().token).collect();
    let challenges: std::collections::HashSet<_> =
        (0..100).map(|_| ConnectSession::new_challenge()).collect();
    assert_eq!((talks.len(), challenges.len()), (100, 100));
    assert!(challenges.iter().all(|text| text.len() == 32 && *text == text.to_uppercase()));
}

#[test]
fn a_session_that_was_kept_goes_on_as_it_was() {
    let (wallet, mut talk) = (Wallet::of(KeyKind::Ed25519, 1), Conversation::new());
    let challenge = talk.scan();
    // As another instance finds it in the database.
    let kept = serde_json::to_string(talk.session()).unwrap();
    let found: ConnectSession = serde_json::from_str(&kept).unwrap();
    assert_eq!(found, *talk.session());
    talk.server.sessions.insert(talk.token.clone(), found);
    assert_eq!(talk.hears(&wallet, answers(&challenge))["requestedClaims"][0]["type"], "profile");
}

#[test]
fn wallets_are_known_by_what_they_call_themselves() {
    for (agent, os, version) in [
        ("Mozilla/5.0 (Linux; Android 13) ArcWallet/5.2.10", "android", "5.2.10"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_0) abtwallet/4.0.1 Mobile", "ios", "4.0.1"),
        ("Mozilla/5.0 (X11; Linux x86_64) ArcWallet/5.0.0", "web", "5.0.0"),
        ("Mozilla/5.0 (Linux; Android 13) Chrome/120", "", ""),
        ("arcwallet/", "", ""),
        ("", "", ""),
    ] {
        let wallet = WalletSoftware::of_agent(agent);
        assert_eq!((wallet.os.as_str(), wallet.version.as_str()), (os, version), "{agent}");
    }
}

#[test]
fn languages_are_those_that_the_browser_prefers() {
    for (header, language) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
        ("de, zh", Language::Chinese),
        ("en-GB,zh", Language::English),
        ("", Language::English),
        ("ü", Language::English),
    ] {
        assert_eq!(Language::of_header(header), language, "{header}");
    }
}

#[test]
fn a_passport_is_asked_for_as_wallets_know_it() {
    let claim = Claim::VerifiableCredential {
        description: "Show your passport".to_owned(),
        item: vec!["NFTPassport".to_owned()],
        trusted_issuers: vec!["z1".to_owned()],
        optional: true,
    };
    let expected = json!({
        "type": "verifiableCredential", "description": "Show your passport", "item": ["NFTPassport"],
        "trustedIssuers": ["z1"], "optional": true, "meta": {}, "mfaCode": [7],
    });
    assert_eq!(claim.request(Some(7)), expected);
}
