//! Access keys as the platform formats and answers them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_executor::block_on;
use hub_domain::ports::{AuthError, NewKey, UnixMillis};
use hub_domain::vocabulary::Role;
use hub_identity::{
    DidKind, KeyKind, SecretKey, access_key_id, base58btc, handed_key_with_salt, key_of_text,
    role_of_passport,
};
use serde_json::Value;

use super::case::{Case, hex_bytes, text};
use crate::hub::{Hub, new_key};

/// The text of the key whose public half this is.
fn secret_of(suite: &Value, public_key: &Value) -> String {
    let keys = suite["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["publicKey"] == *public_key).unwrap();
    text(&key["secret"]).to_owned()
}

/// Milliseconds of `2025-10-09T09:53:20.000Z`: all dates of the suite are in October 2025.
fn instant(date: &str) -> UnixMillis {
    let rest = date.strip_prefix("2025-10-").unwrap();
    let number = |range: std::ops::Range<usize>| rest[range].parse::<u64>().unwrap();
    let seconds = (number(0..2) - 1) * 86_400 + number(3..5) * 3_600 + number(6..8) * 60 + number(9..11);
    // 2025-10-01T00:00:00Z
    UnixMillis(1_759_276_800_000).plus(Duration::from_secs(seconds))
}

/// A store with those records that can sign in: simple ones with a creator. Others are not stored as
/// access keys at all.
async fn store_of(suite: &Value, records: &[Value], now: u64) -> Hub {
    let hub = Hub::new();
    let start = u64::try_from(hub.now().0 / 1000).unwrap();
    // The suite plays before the clock's own beginning, so its dates are moved by the difference.
    let moved = Duration::from_secs(start.checked_sub(now).unwrap());
    for record in records {
        let creator = record["createdBy"].as_str().unwrap_or_default();
        if record["authType"] != "simple" || creator.is_empty() {
            continue;
        }
        let remark = text(&record["remark"]);
        let name = if remark.is_empty() { text(&record["accessKeyId"]) } else { remark };
        let account = match hub.account_named(creator).await {
            Some(account) => account,
            None => hub.account(creator, Some(creator)).await,
        };
        let key = key_of_text(&secret_of(suite, &record["accessKeyPublic"])).unwrap();
        hub.store_as(NewKey {
            hash: key.hash,
            tail: key.tail,
            name: Some(name.to_owned()),
            role: Role::from_name(role_of_passport(text(&record["passport"]))).unwrap_or_default(),
            expires: record["expireAt"].as_str().map(|date| instant(date).plus(moved)),
            ..new_key(account)
        })
        .await;
    }
    hub
}

pub fn run(case: &Case<'_>) {
    match case.op() {
        "format" => {
            let secret = case.expect_text("secret");
            let key = key_of_text(secret).unwrap();
            assert!(secret.ends_with(&key.tail));
            let public_key = hex_bytes(case.input("publicKey"));
            assert_eq!(secret, format!("blocklet-{}", base58btc(&public_key)));
            let id = access_key_id(secret).unwrap();
            assert_eq!(id.address(), case.expect_text("accessKeyId"));
            assert!(id.owns(&public_key));
        }
        "parse" => {
            let id = access_key_id(case.input_text("token")).unwrap();
            assert_eq!(id.address(), case.expect_text("accessKeyId"));
        }
        "verify" => block_on(verify(case)),
        "strip_role" => {
            assert_eq!(role_of_passport(case.input_text("passport")), case.expect_text("role"));
        }
        "cli_secret" => {
            let container = STANDARD.decode(case.input_text("box")).unwrap();
            let salt = container[8..16].try_into().unwrap();
            let (id, challenge) = (case.input_text("accessKeyId"), case.input_text("challenge"));
            let sealed = handed_key_with_salt(case.expect_text("secret"), id, challenge, salt);
            assert_eq!(sealed, case.input_text("box"));
        }
        "signature_key" => {
            let bytes = hex_bytes(case.input("secretKey"));
            assert_eq!(base58btc(&bytes), case.expect_text("secret"));
            let key = SecretKey::new(KeyKind::Ed25519, &bytes).unwrap();
            assert_eq!(key.did(DidKind::ACCOUNT).address(), case.expect_text("accessKeyId"));
            let hub = Hub::new();
            assert!(!block_on(hub.is_valid(case.expect_text("secret"))), "it is never a bearer");
        }
        _ => case.is_unknown(),
    }
}

async fn verify(case: &Case<'_>) {
    let token = case.input_text("token");
    let store = case.input("store").as_array().unwrap();
    let hub = store_of(case.suite, store, case.input("now").as_u64().unwrap()).await;
    let verified = hub.verify(token).await;
    if case.expect("ok") == false {
        assert!(matches!(verified, Err(AuthError::Invalid)), "{verified:?}");
        // We tell nobody why; but what is no key of the platform's has no id.
        let reason = case.expect_text("reason");
        assert!(["auth_type", "expired", "format", "no_creator", "not_found"].contains(&reason));
        assert!(reason != "format" || access_key_id(token).is_none());
        return;
    }
    assert_eq!(case.expect("ok"), true);
    let user = case.expect("user");
    let principal = verified.unwrap();
    assert_eq!(principal.user_did(), text(&user["did"]));
    // Roles of the operator's own making are not known yet; such a key is a member's.
    assert_eq!(principal.role, Role::from_name(text(&user["role"])).unwrap_or(Role::Member));
    assert_eq!(principal.key_name.as_deref(), Some(text(&user["fullName"])));
    assert!(principal.key.is_some() && user["provider"] == "accessKey");
    assert_eq!(user.as_object().unwrap().len(), 4, "{user}");
}
