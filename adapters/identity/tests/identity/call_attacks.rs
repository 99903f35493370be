//! Signed calls under attack.

use hub_identity::{
    CallHeaders, CallKey, CallRefused, Challenges, DidKind, KeyKind, ReceivedCall, RemoteHeaders, SecretKey,
    SignedCall, Stamp, UsedOnce, remote_app_id, sign_call, sign_remote_call, verify_call, verify_remote_call,
};

const NOW: u64 = 1_760_000_000;
const JSON: Option<&str> = Some("application/json");
const BODY: &[u8] = br#"{"model":"gpt","n":1}"#;

fn key(seed: u8) -> SecretKey {
    SecretKey::new(KeyKind::Ed25519, &[seed; 32]).unwrap()
}

fn public(key: &SecretKey) -> CallKey {
    CallKey::new(key.kind(), &key.public_key()).unwrap()
}

fn call(body: &[u8]) -> ReceivedCall<'_> {
    ReceivedCall::new("POST", "/api/v1/chat/completions?a=1&b[]=2", JSON, body)
}

/// Signs for these times and checks with the first key.
fn outcome(iat: u64, exp: u64, now: u64) -> Result<SignedCall, CallRefused> {
    let signature = sign_call(&key(1), &call(BODY), Stamp::Times { iat, exp }).unwrap();
    let (iat, exp) = (iat.to_string(), exp.to_string());
    let headers = CallHeaders {
        signature: Some(&signature),
        iat: Some(&iat),
        exp: Some(&exp),
        ..CallHeaders::default()
    };
    verify_call(&call(BODY), headers, &[public(&key(1))], now)
}

#[test]
fn a_call_counts_within_its_window_and_no_window_is_long() {
    let table = [
        (NOW, NOW + 300, NOW, true),
        (NOW, NOW + 300, NOW + 300, true),
        (NOW, NOW + 300, NOW + 301, false),
        (NOW, NOW + 301, NOW, false),
        (NOW + 60, NOW + 360, NOW, true),
        (NOW + 61, NOW + 361, NOW, false),
        (NOW + 1, NOW, NOW, false),
        (NOW, NOW, NOW, true),
        (0, u64::MAX, NOW, false),
    ];
    for (iat, exp, now, is_good) in table {
        assert_eq!(outcome(iat, exp, now).is_ok(), is_good, "{iat} to {exp} at {now}");
    }
}

#[test]
fn whatever_is_changed_of_a_call_it_is_refused() {
    let (iat, exp) = (NOW.to_string(), (NOW + 300).to_string());
    let stamp = Stamp::Times { iat: NOW, exp: NOW + 300 };
    let signature = sign_call(&key(1), &call(BODY), stamp).unwrap();
    let headers = CallHeaders {
        signature: Some(&signature),
        iat: Some(&iat),
        exp: Some(&exp),
        ..CallHeaders::default()
    };
    let keys = [public(&key(1))];
    let is_good = |call: &ReceivedCall<'_>, headers| verify_call(call, headers, &keys, NOW).is_ok();
    let good = call(BODY);
    assert!(is_good(&good, headers));

    let swapped: [(&str, ReceivedCall<'_>); 12] = [
        ("method", ReceivedCall { method: "PUT", ..good }),
        ("path", ReceivedCall { path: "/api/v1/embeddings", ..good }),
        ("a slash more", ReceivedCall { path: "/api/v1/chat/completions/", ..good }),
        ("another spelling of the path", ReceivedCall { path: "/api/v1/chat%2Fcompletions", ..good }),
        ("query", ReceivedCall { query: "a=2&b[]=2", ..good }),
        ("a pair more", ReceivedCall { query: "a=1&b[]=2&c=", ..good }),
        ("a list instead of a text", ReceivedCall { query: "a[]=1&b[]=2", ..good }),
        ("body", ReceivedCall { body: br#"{"model":"gpt","n":2}"#, ..good }),
        ("a number as text", ReceivedCall { body: br#"{"model":"gpt","n":"1"}"#, ..good }),
        ("no body", ReceivedCall { body: b"", ..good }),
        ("a body that is not read", ReceivedCall { content_type: Some("text/plain"), ..good }),
        ("a body that is no text", ReceivedCall { body: b"{\"model\":\"\xff\"}", ..good }),
    ];
    for (what, call) in swapped {
        assert!(!is_good(&call, headers), "{what}");
    }
    let late = (NOW + 299).to_string();
    let zeros = format!("0{}", NOW + 300);
    for (what, headers) in [
        ("other time", CallHeaders { exp: Some(&late), ..headers }),
        ("zeros in front", CallHeaders { exp: Some(&zeros), ..headers }),
        ("sign in front", CallHeaders { iat: Some("+1760000000"), ..headers }),
        ("a challenge beside times", CallHeaders { challenge: Some("x"), ..headers }),
        ("a huge signature", CallHeaders { signature: Some(&"z".repeat(100_000)), ..headers }),
        ("a prefix that is not signed", CallHeaders { path_prefix: Some("/x"), exp: Some(&late), ..headers }),
    ] {
        assert!(!is_good(&good, headers), "{what}");
    }
}

#[test]
fn of_several_keys_the_one_that_signed_is_told_and_an_old_one_can_be_taken_away() {
    let (iat, exp) = (NOW.to_string(), (NOW + 300).to_string());
    let signature = sign_call(&key(2), &call(BODY), Stamp::Times { iat: NOW, exp: NOW + 300 }).unwrap();
    let headers = CallHeaders {
        signature: Some(&signature),
        iat: Some(&iat),
        exp: Some(&exp),
        ..CallHeaders::default()
    };
    let verify = |keys: &[CallKey]| verify_call(&call(BODY), headers, keys, NOW).map(|signed| signed.key);
    assert_eq!(verify(&[public(&key(1)), public(&key(2))]), Ok(1));
    assert_eq!(verify(&[public(&key(1))]), Err(CallRefused::Invalid));
    assert_eq!(verify(&[]), Err(CallRefused::Invalid));
}

#[test]
fn accounts_of_every_curve_sign_calls_and_none_passes_for_another() {
    for kind in [KeyKind::Ed25519, KeyKind::Secp256k1, KeyKind::Ethereum] {
        let key = SecretKey::new(kind, &[5; 32]).unwrap();
        let (iat, exp) = (NOW.to_string(), (NOW + 1).to_string());
        let signature = sign_call(&key, &call(BODY), Stamp::Times { iat: NOW, exp: NOW + 1 }).unwrap();
        let headers = CallHeaders {
            signature: Some(&signature),
            iat: Some(&iat),
            exp: Some(&exp),
            ..CallHeaders::default()
        };
        for other in [KeyKind::Ed25519, KeyKind::Secp256k1, KeyKind::Ethereum] {
            let checked = public(&SecretKey::new(other, &[5; 32]).unwrap());
            // One curve, one secret: only the hash tells the two apart.
            let outcome = verify_call(&call(BODY), headers, &[checked], NOW);
            assert_eq!(outcome.is_ok(), kind == other, "{kind:?} checked as {other:?}");
        }
    }
}

#[test]
fn a_repeat_is_known_by_its_digest() {
    let (first, again) = (outcome(NOW, NOW + 300, NOW).unwrap(), outcome(NOW, NOW + 300, NOW + 5).unwrap());
    let later = outcome(NOW + 1, NOW + 301, NOW + 1).unwrap();
    assert!(first.digest == again.digest && first.digest != later.digest);

    let used = UsedOnce::new(2);
    let is_first = |call: &SignedCall, now| used.is_first(call.digest, call.exp.unwrap(), now);
    assert!(is_first(&first, NOW) && !is_first(&again, NOW + 5) && is_first(&later, NOW + 5));
    let another = outcome(NOW + 2, NOW + 302, NOW + 2).unwrap();
    assert!(!is_first(&another, NOW + 5), "without room nothing passes for new");
    assert!(is_first(&another, NOW + 302), "what can't be repeated any more makes room");
}

#[test]
fn a_challenge_is_signed_in_place_of_times_and_good_for_a_minute() {
    let (ours, others) = (Challenges::new([1; 32]), Challenges::new([2; 32]));
    let challenge = ours.issue(NOW);
    assert_ne!(challenge, ours.issue(NOW));
    assert_eq!(ours.expiry(&challenge, NOW + 60), Some(NOW + 60));
    assert_eq!(ours.expiry(&challenge, NOW + 61), None);
    assert_eq!(others.expiry(&challenge, NOW), None, "nobody else made it");
    for length in 0..challenge.len() {
        assert_eq!(ours.expiry(&challenge[..length], NOW), None);
    }

    let signature = sign_call(&key(1), &call(BODY), Stamp::Challenge(&challenge)).unwrap();
    let verify = |challenge: &str, iat| {
        let headers = CallHeaders {
            signature: Some(&signature),
            challenge: Some(challenge),
            iat,
            ..CallHeaders::default()
        };
        verify_call(&call(BODY), headers, &[public(&key(1))], NOW)
    };
    let signed = verify(&challenge, None).unwrap();
    assert_eq!((signed.challenge.as_deref(), signed.exp), (Some(challenge.as_str()), None));
    assert!(verify(&ours.issue(NOW), None).is_err(), "it was signed for another");
    assert!(verify(&challenge, Some("1760000000")).is_err() && verify("", None).is_err());
}

#[test]
fn an_application_is_known_by_its_key_and_weak_keys_register_nobody() {
    let app = remote_app_id(&key(1).public_key()).unwrap();
    assert!(app.address().starts_with("zN") && app.owns(&key(1).public_key()));
    let identity_point = [&[1][..], &[0; 31]].concat();
    for weak in [identity_point.as_slice(), &[0; 32], &[], &[1; 31], &[0xff; 64]] {
        assert_eq!(remote_app_id(weak), None, "{weak:?}");
    }
}

#[test]
fn an_account_with_the_same_key_is_no_application() {
    let account = key(1).did(DidKind::ACCOUNT);
    let timestamp = NOW.to_string();
    let signature = sign_remote_call(&key(1), account.address(), None, BODY, NOW).unwrap();
    let headers = RemoteHeaders {
        app: Some(account.address()),
        timestamp: Some(&timestamp),
        signature: Some(&signature),
        user: None,
    };
    let verified = verify_remote_call(headers, JSON, BODY, |_| Some(key(1).public_key()), NOW);
    assert_eq!(verified, Err(CallRefused::Invalid));
}

#[test]
fn what_of_a_remote_call_is_signed_can_not_be_changed() {
    let app = remote_app_id(&key(1).public_key()).unwrap();
    let timestamp = NOW.to_string();
    let signature = sign_remote_call(&key(1), app.address(), Some("z1Alice"), BODY, NOW).unwrap();
    let good = RemoteHeaders {
        app: Some(app.address()),
        timestamp: Some(&timestamp),
        signature: Some(&signature),
        user: Some("z1Alice"),
    };
    let verify = |headers, body: &[u8], now| {
        verify_remote_call(headers, JSON, body, |_| Some(key(1).public_key()), now)
    };
    let call = verify(good, BODY, NOW).unwrap();
    assert_eq!((call.user.as_deref(), call.app), (Some("z1Alice"), app.clone()));
    let prefixed = app.to_string();
    for (what, headers, body, now) in [
        ("user", RemoteHeaders { user: Some("z1Bob"), ..good }, BODY, NOW),
        ("no user", RemoteHeaders { user: None, ..good }, BODY, NOW),
        ("time", RemoteHeaders { timestamp: Some("1760000001"), ..good }, BODY, NOW),
        ("another spelling of the application", RemoteHeaders { app: Some(&prefixed), ..good }, BODY, NOW),
        ("body", good, b"{}", NOW),
        ("late", good, BODY, NOW + 601),
        ("early", good, BODY, NOW - 601),
    ] {
        assert_eq!(verify(headers, body, now), Err(CallRefused::Invalid), "{what}");
    }
    let unsigned = RemoteHeaders { signature: Some(""), ..good };
    assert_eq!(verify(unsigned, BODY, NOW), Err(CallRefused::NoSignature));
    assert_eq!(verify(RemoteHeaders::default(), BODY, NOW), Err(CallRefused::Unsigned));
}
