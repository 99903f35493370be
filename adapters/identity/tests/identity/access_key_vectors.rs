//! Access keys as the platform formats and answers them.

use std::time::Duration;

use futures_executor::block_on;
use hub_domain::ports::{AuthError, NewKey, UnixMillis};
use hub_domain::vocabulary::Role;
use hub_identity::{access_key_id, key_of_text};
use serde_json::Value;

use crate::hub::{Hub, new_key};
use crate::suite::{Suite, bytes, text};

/// The text of the key whose public half this is.
fn secret_of(suite: &Suite, public_key: &Value) -> String {
    let keys = suite.0["keys"].as_array().unwrap();
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
async fn store_of(suite: &Suite, records: &[Value], now: u64) -> Hub {
    let hub = Hub::new();
    let start = u64::try_from(hub.now().0 / 1000).unwrap();
    // The suite plays before the clock's own beginning, so its dates are moved by the difference.
    let moved = Duration::from_secs(start.checked_sub(now).unwrap());
    for record in records {
        let creator = record["createdBy"].as_str().unwrap_or_default();
        if record["authType"] != "simple" || creator.is_empty() {
            continue;
        }
        let name = text(&record["accessKeyId"]);
        let account = match hub.account_named(creator).await {
            Some(account) => account,
            None => hub.account(creator, Some(creator)).await,
        };
        let key = key_of_text(&secret_of(suite, &record["accessKeyPublic"])).unwrap();
        hub.store_as(NewKey {
            hash: key.hash,
            tail: key.tail,
            name: Some(name.to_owned()),
            role: Role::from_name(text(&record["passport"])).unwrap_or_default(),
            expires: record["expireAt"].as_str().map(|date| instant(date).plus(moved)),
            ..new_key(account)
        })
        .await;
    }
    hub
}

#[test]
fn vectors_of_issued_keys_are_keys_of_ours() {
    for case in Suite::read("access-key").cases("format") {
        let secret = text(&case["expect"]["secret"]);
        let key = key_of_text(secret).unwrap();
        assert!(secret.ends_with(&key.tail), "{}", case["id"]);
        let public_key = bytes(&case["input"]["publicKey"]).unwrap();
        let expected = format!("blocklet-z{}", bs58::encode(&public_key).into_string());
        assert_eq!(secret, expected, "{}", case["id"]);
        let id = access_key_id(secret).unwrap();
        assert_eq!(id.address(), text(&case["expect"]["accessKeyId"]), "{}", case["id"]);
        assert!(id.owns(&public_key), "{}", case["id"]);
    }
}

#[test]
fn vectors_of_keys_lead_back_to_their_id() {
    let suite = Suite::read("access-key");
    for case in suite.cases("parse") {
        let id = access_key_id(text(&case["input"]["token"])).unwrap();
        assert_eq!(id.address(), text(&case["expect"]["accessKeyId"]), "{}", case["id"]);
    }
    for case in suite.cases("verify").into_iter().filter(|case| case["expect"]["reason"] == "format") {
        assert_eq!(access_key_id(text(&case["input"]["token"])), None, "{}", case["id"]);
    }
}

#[test]
fn vectors_of_bearers_are_answered_as_the_platform_does() {
    let suite = Suite::read("access-key");
    block_on(async {
        for case in suite.cases("verify") {
            let (id, input, expect) = (&case["id"], &case["input"], &case["expect"]);
            let hub =
                store_of(&suite, input["store"].as_array().unwrap(), input["now"].as_u64().unwrap()).await;
            let verified = hub.verify(text(&input["token"])).await;
            if expect["ok"] == false {
                assert!(matches!(verified, Err(AuthError::Invalid)), "{id}: {verified:?}");
                continue;
            }
            let principal = verified.unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(principal.user_did(), text(&expect["user"]["did"]), "{id}");
            // Roles of the operator's own making are not known yet; such a key is a member's.
            let role = text(&expect["user"]["role"]);
            assert_eq!(principal.role, Role::from_name(role).unwrap_or(Role::Member), "{id}");
        }
    });
}
