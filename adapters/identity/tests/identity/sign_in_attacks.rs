//! People sign in with every kind of wallet, and nobody signs in as somebody else.

use hub_identity::connect::{ConnectState, ConnectText, Language, WalletAnswer};
use hub_identity::{DidHash, KeyKind, SecretKey, UnsignedJwt, base58btc};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::conversation::{Conversation, answers};
use crate::sign_in::{NOW, Server};
use crate::wallet::{ALL_KINDS, Authenticator, PRESENT_AND_VERIFIED, Wallet};

#[test]
fn every_kind_of_wallet_signs_in_first_in_two_steps_and_then_in_one() {
    for kind in ALL_KINDS {
        let wallet = Wallet::of(kind, 1);
        let mut first = Conversation::new();
        let challenge = first.scan();
        assert_eq!(first.session().state, ConnectState::Scanned);
        let asked = first.hears(&wallet, answers(&challenge));
        assert_eq!(asked["requestedClaims"][0]["type"], "profile", "{kind:?}");
        assert_ne!(asked["challenge"], challenge.as_str());
        let done = first.hears(&wallet, answers(asked["challenge"].as_str().unwrap()));
        assert_eq!((&done["status"], &done["response"]["sessionToken"]), (&json!("ok"), &json!("a session")));
        let (status, seen) = first.asks("status", &Value::Null);
        assert_eq!(
            (status, &seen["status"], &seen["did"]),
            (200, &json!("succeed"), &json!(wallet.did().address()))
        );

        let mut server = first.server;
        server.known.push(wallet.did().address().to_owned());
        let mut second = Conversation::with(server, json!({}));
        let challenge = second.scan();
        assert_eq!(second.hears(&wallet, answers(&challenge))["status"], "ok");
    }
}

#[test]
fn an_answer_is_taken_once() {
    for kind in ALL_KINDS {
        let wallet = Wallet::of(kind, 1);
        let mut talk = Conversation::new();
        let challenge = talk.scan();
        let first = wallet.token(answers(&challenge), NOW);
        let asked = talk.hears_token(&wallet, &first);
        let before = talk.session().clone();
        assert_eq!(talk.hears_token(&wallet, &first)["errorMessage"], "Challenge mismatch");
        assert_eq!(*talk.session(), before, "and it changes nothing");

        let second = wallet.token(answers(asked["challenge"].as_str().unwrap()), NOW);
        assert_eq!(talk.hears_token(&wallet, &second)["status"], "ok");
        let before = talk.session().clone();
        assert_eq!(talk.hears_token(&wallet, &second)["errorMessage"], "Session not found or expired");
        assert_eq!(*talk.session(), before);
        assert_eq!(talk.scan(), "", "nor is anything asked any more");
    }
}

#[test]
fn of_two_answers_at_once_one_finds_the_session_as_it_was() {
    let (wallet, mut talk) = (Wallet::of(KeyKind::Ed25519, 1), Conversation::new());
    let challenge = talk.scan();
    let before = talk.session().key();
    talk.hears(&wallet, answers(&challenge));
    assert_ne!(talk.session().key(), before, "so a change that asks for it comes too late");
}

#[test]
fn an_answer_to_one_session_is_none_to_another() {
    let wallet = Wallet::of(KeyKind::Secp256k1, 1);
    let (mut one, mut other) = (Conversation::new(), Conversation::new());
    let (challenge, _) = (one.scan(), other.scan());
    assert_eq!(other.hears(&wallet, answers(&challenge))["errorMessage"], "Challenge mismatch");
    assert_eq!(other.session().did, None);

    let mut unscanned = Conversation::new();
    for challenge in ["", "C0FFEE00C0FFEE00C0FFEE00C0FFEE00"] {
        let told = unscanned.hears(&wallet, answers(challenge));
        assert_eq!(told["errorMessage"], "Challenge mismatch", "nothing was asked yet");
        assert_eq!(unscanned.session().state, ConnectState::Created);
    }
}

#[test]
fn whoever_scans_again_is_asked_the_same_and_disturbs_nobody() {
    let mut talk = Conversation::new();
    let challenge = talk.scan();
    assert_eq!(talk.scan(), challenge);
}

#[test]
fn nobody_ends_a_session_without_its_challenge() {
    for action in ["declineAuth", "busy", "responseAuth"] {
        let (mallory, mut talk) = (Wallet::of(KeyKind::Ed25519, 6), Conversation::new());
        talk.scan();
        let before = talk.session().clone();
        talk.hears(&mallory, json!({ "action": action, "challenge": "a guess" }));
        assert_eq!(*talk.session(), before, "{action}");
    }
}

#[test]
fn a_wallet_that_declines_ends_the_session() {
    for (action, state) in [("declineAuth", ConnectState::Error), ("busy", ConnectState::Busy)] {
        for kind in ALL_KINDS {
            let (wallet, mut talk) = (Wallet::of(kind, 1), Conversation::new());
            let challenge = talk.scan();
            let told = talk.hears(&wallet, json!({ "action": action, "challenge": challenge }));
            assert_eq!((&told["status"], talk.session().state), (&json!("ok"), state));
            assert!(talk.session().values.is_empty());
            let again = talk.hears(&wallet, answers(&challenge));
            assert_eq!(again["errorMessage"], "Session not found or expired");
        }
    }
}

#[test]
fn another_account_in_the_second_step_is_forbidden() {
    for kind in ALL_KINDS {
        for other in ALL_KINDS {
            let (alice, mallory) = (Wallet::of(kind, 1), Wallet::of(other, 2));
            let mut talk = Conversation::new();
            let challenge = talk.scan();
            let asked = talk.hears(&alice, answers(&challenge));
            let told = talk.hears(&mallory, answers(asked["challenge"].as_str().unwrap()));
            assert_eq!(told["errorMessage"], ConnectText::UserMismatch.text(Language::English));
            assert_eq!(talk.session().did.as_deref(), Some(alice.did().address()));
            assert_eq!(talk.asks("status", &Value::Null).0, 403);
        }
    }
}

#[test]
fn where_the_browser_names_an_account_no_other_answers() {
    let (alice, mallory) = (Wallet::of(KeyKind::Ethereum, 1), Wallet::of(KeyKind::Ethereum, 2));
    for (wallet, is_let_in) in [(&alice, true), (&mallory, false)] {
        let parameters = json!({ "forceConnected": alice.did().address().to_lowercase() });
        let mut talk = Conversation::with(Server::new(&[9; 32]), parameters);
        let challenge = talk.scan();
        let told = talk.hears(wallet, answers(&challenge));
        assert_eq!(told["errorMessage"].is_null(), is_let_in, "{told}");
    }
}

#[test]
fn a_passkey_of_another_site_lets_nobody_in() {
    let authenticator = Authenticator::of(&[4; 32]);
    let wallet = Wallet::Passkey(Authenticator::of(&[4; 32]));
    for (origin, is_good) in [
        ("https://hub.example.com", true),
        ("https://hub.example.com.evil.example", false),
        ("https://evil.example", false),
        ("https://HUB.example.com", false),
        ("https://hub.example.com:8443", false),
    ] {
        let mut talk = Conversation::new();
        let challenge = talk.scan();
        let mut payload = json!({
            "iss": wallet.did().to_string(), "iat": NOW, "nbf": NOW, "exp": NOW + 300, "version": "1.1.0",
        });
        payload.as_object_mut().unwrap().extend(answers(&challenge).as_object().unwrap().clone());
        let unsigned = UnsignedJwt::new(KeyKind::Passkey, payload.as_object().unwrap().clone());
        let assertion =
            authenticator.asserts_at(&unsigned.digest(), "webauthn.get", origin, PRESENT_AND_VERIFIED);
        let token = unsigned.signed(assertion.to_string().as_bytes());
        let told = talk.hears_token(&wallet, &token);
        assert_eq!(told["errorMessage"].is_null(), is_good, "{origin}: {told}");
    }
    // Without a site there are no passkeys.
    let mut talk = Conversation::new();
    let challenge = talk.scan();
    let token = wallet.token(answers(&challenge), NOW);
    let key = base58btc(&wallet.public_key());
    let mut session = talk.session().clone();
    let answer = WalletAnswer { user_pk: Some(&key), user_info: Some(&token) };
    assert_eq!(session.answer(answer, &[], NOW).unwrap_err().text, ConnectText::InvalidToken);
}

#[test]
fn a_session_lasts_five_minutes_from_its_last_change_and_its_success_a_minute() {
    let (wallet, mut talk) = (Wallet::of(KeyKind::Ed25519, 1), Conversation::new());
    talk.server.now += 299;
    let challenge = talk.scan();
    talk.server.now += 299;
    let asked = talk.hears(&wallet, answers(&challenge));
    talk.server.now += 299;
    talk.hears(&wallet, answers(asked["challenge"].as_str().unwrap()));
    for _ in 0..3 {
        assert_eq!(talk.asks("status", &Value::Null).1["status"], "succeed");
        talk.server.now += 20;
    }
    assert_eq!(talk.asks("status", &Value::Null).0, 400, "it was read a minute ago");

    let mut forgotten = Conversation::new();
    let challenge = forgotten.scan();
    forgotten.server.now += 300;
    let told = forgotten.hears(&wallet, answers(&challenge));
    assert_eq!(told["errorMessage"], "Session not found or expired");
}

#[test]
fn what_is_huge_or_missing_or_no_key_is_refused() {
    let wallet = Wallet::of(KeyKind::Ed25519, 1);
    let key = base58btc(&wallet.public_key());
    let huge = "x".repeat(10_000_000);
    let table = [
        (json!({}), "userPk is required to complete auth"),
        (json!({ "userPk": key }), "userInfo is required to complete auth"),
        (json!({ "userPk": "", "userInfo": "a.b.c" }), "userPk is required to complete auth"),
        (json!({ "userPk": [key], "userInfo": "a.b.c" }), "userPk is required to complete auth"),
        (json!({ "userPk": key, "userInfo": huge }), "Invalid JWT token"),
        (json!({ "userPk": format!("z{huge}"), "userInfo": "a.b.c" }), "Invalid JWT token"),
        (json!({ "userPk": "0x", "userInfo": "a.b.c" }), "Invalid JWT token"),
    ];
    for (body, text) in table {
        let mut talk = Conversation::new();
        talk.scan();
        let (status, told) = talk.asks("auth", &body);
        assert_eq!((status, &Conversation::said(&told)["errorMessage"]), (200, &json!(text)));
        assert_eq!((talk.session().state, &talk.session().did), (ConnectState::Error, &None));
    }
}

#[test]
fn an_unknown_action_is_no_answer() {
    for action in [json!("requestAuth"), json!("RESPONSEAUTH"), json!(null), json!(1), json!({})] {
        let (wallet, mut talk) = (Wallet::of(KeyKind::Ed25519, 1), Conversation::new());
        let challenge = talk.scan();
        let told = talk.hears(&wallet, json!({ "action": action, "challenge": challenge }));
        assert_eq!(told["errorMessage"], "Invalid JWT token", "{action}");
    }
}

#[test]
fn a_number_on_the_screen_must_be_found_in_the_wallet() {
    let wallet = Wallet::of(KeyKind::Ed25519, 1);
    for (claims, is_right) in [
        (json!([{ "type": "authPrincipal", "mfaCode": [42] }]), true),
        (json!([{ "type": "authPrincipal", "mfaCode": [24] }]), false),
        (json!([{ "type": "authPrincipal", "mfaCode": 42 }]), false),
        (json!([]), false),
        (json!("42"), false),
    ] {
        let mut talk = Conversation::new();
        let session = talk.server.sessions.get_mut(&talk.token).unwrap();
        (session.mfa_supported, session.mfa_code) = (true, Some(42));
        let challenge = talk.scan();
        let says = json!({ "action": "responseAuth", "challenge": challenge, "requestedClaims": claims });
        let told = talk.hears(&wallet, says);
        assert_eq!(told["errorMessage"].is_null(), is_right, "{claims}");
    }
}

#[test]
fn the_keys_of_one_curve_are_not_confused() {
    // The same secret as a key of secp256k1 and of Ethereum: two identities.
    let (plain, ethereum) = (Wallet::of(KeyKind::Secp256k1, 5), Wallet::of(KeyKind::Ethereum, 5));
    let mut talk = Conversation::new();
    let challenge = talk.scan();
    let token = plain.token(answers(&challenge), NOW);
    assert_eq!(talk.hears_token(&ethereum, &token)["errorMessage"], "Invalid JWT token");
    let digest = DidHash::Sha3.digest(b"x");
    let key = SecretKey::new(KeyKind::Secp256k1, &[5; 32]).unwrap();
    assert_eq!(key.sign(&digest).unwrap()[0], 0x30, "signatures are DER");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_is_no_signed_answer_lets_anybody_in(key in any::<String>(), token in any::<String>()) {
        let mut talk = Conversation::new();
        talk.scan();
        let (_, told) = talk.asks("auth", &json!({ "userPk": key, "userInfo": token }));
        prop_assert_eq!(&Conversation::said(&told)["status"], "error");
        prop_assert!(talk.session().did.is_none() && talk.session().values.is_empty());
    }
}
